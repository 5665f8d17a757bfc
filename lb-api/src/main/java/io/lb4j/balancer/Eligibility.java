package io.lb4j.balancer;

import io.lb4j.balancer.InstanceReport.State;
import io.lb4j.health.SlowStart;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Who may be picked, and with what weight: drain, then priority, then health with the panic rule, then slow start.
 * A function of what the lane knows at one moment.
 *
 * <p>Priority: the levels are used from 0 on, up to the first of which the threshold's share is healthy; the healthy
 * instances of all of them are eligible.
 *
 * <p>Panic: when no level has that share, all instances (but draining ones) are eligible. Health information is then
 * more likely wrong than right, and sending everything to the few survivors would take those down too. (Envoy's rule
 * and default.) Levels are judged one by one because a small healthy site must not be called sick for standing in for a
 * big dead one.
 */
final class Eligibility {
    private static final Standing WELL = new Standing(State.ELIGIBLE, "", 0);
    private static final Standing DRAINING = new Standing(State.DRAINING, "weight 0", 0);
    private static final Standing SPARE = new Standing(State.LOWER_PRIORITY, "more preferred instances suffice", 0);

    private final double panicThreshold;
    private final SlowStart slowStart;

    Eligibility(double panicThreshold, SlowStart slowStart) {
        this.panicThreshold = panicThreshold;
        this.slowStart = slowStart;
    }

    /** Who is eligible, in discovery's order, with what weight, and whether a weight will change by time alone. */
    static final class Verdict {
        final List<InstanceState> all;
        final List<Standing> standings;
        final InstanceState[] eligible;
        final double[] weights;
        final boolean panic;
        final boolean ramping;

        Verdict(
                List<InstanceState> all,
                List<Standing> standings,
                List<InstanceState> eligible,
                double[] weights,
                boolean panic,
                boolean ramping) {
            this.all = all;
            this.standings = standings;
            this.eligible = eligible.toArray(new InstanceState[0]);
            this.weights = Arrays.copyOf(weights, eligible.size());
            this.panic = panic;
            this.ramping = ramping;
        }
    }

    private static final class Level {
        int size;
        int healthy;
    }

    Verdict judge(Collection<InstanceState> known, long nowNanos) {
        List<InstanceState> all = List.copyOf(known);
        List<Standing> standings = new ArrayList<>(all.size());
        NavigableMap<Integer, Level> levels = new TreeMap<>();
        for (InstanceState state : all) {
            Standing own = onItsOwn(state);
            standings.add(own);
            if (own.state() != State.DRAINING) {
                Level level = levels.computeIfAbsent(state.instance().priority(), p -> new Level());
                level.size++;
                level.healthy += own.state() == State.ELIGIBLE ? 1 : 0;
            }
        }
        Integer last = null;
        for (Map.Entry<Integer, Level> level : levels.entrySet()) {
            if (last == null && suffices(level.getValue())) {
                last = level.getKey();
            }
        }
        boolean panic = last == null && !levels.isEmpty() && panicThreshold > 0;
        return among(all, standings, last == null ? Integer.MAX_VALUE : last, panic, nowNanos);
    }

    private boolean suffices(Level level) {
        return level.healthy > 0 && level.healthy >= panicThreshold * level.size;
    }

    private Verdict among(
            List<InstanceState> all, List<Standing> standings, int lastPriority, boolean panic, long nowNanos) {
        List<InstanceState> eligible = new ArrayList<>(all.size());
        double[] weights = new double[all.size()];
        boolean ramping = false;
        for (int i = 0; i < weights.length; i++) {
            InstanceState state = all.get(i);
            Standing own = standings.get(i);
            if (own.state() == State.DRAINING) {
                continue;
            }
            boolean well = own.state() == State.ELIGIBLE;
            if (state.instance().priority() > lastPriority) {
                standings.set(i, well ? SPARE : own);
            } else if (well || panic) {
                double factor = rampOf(state, nowNanos);
                ramping |= factor < 1;
                // The product of two tiny numbers is 0, and weights are promised to be positive.
                double weight = Math.max(Double.MIN_NORMAL, state.instance().weight() * factor);
                weights[eligible.size()] = weight;
                eligible.add(state);
                String reason = well ? "" : "takes calls in panic though " + own.state() + ": " + own.reason();
                standings.set(i, new Standing(own.state(), reason, weight));
            }
        }
        return new Verdict(all, standings, eligible, weights, panic, ramping);
    }

    private double rampOf(InstanceState state, long nowNanos) {
        if (state.rampSince == null) {
            return 1;
        }
        double factor = slowStart.factor(nowNanos - state.rampSince);
        if (factor >= 1) {
            state.rampSince = null;
        }
        return factor;
    }

    private static Standing onItsOwn(InstanceState state) {
        if (state.instance().weight() == 0) {
            return DRAINING;
        }
        if (state.passive.ejected) {
            return new Standing(State.EJECTED, state.passive.reason, 0);
        }
        if (state.passive.overloaded) {
            return new Standing(State.OVERLOADED, state.passive.reason, 0);
        }
        if (state.active.unhealthy) {
            return new Standing(State.UNHEALTHY, state.active.detail, 0);
        }
        return WELL;
    }
}
