package io.lb4j.balancer;

import io.lb4j.balancer.InstanceReport.State;
import io.lb4j.health.SlowStart;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Who may be picked, and with what weight: drain, then priority, then health with the panic rule, then slow start.
 * A function of what the lane knows at one moment.
 *
 * <p>Panic: when less than the threshold's share of the instances is healthy, all of them (but draining ones) are
 * eligible. Health information is then more likely wrong than right, and sending everything to the few survivors would
 * take those down too. (Envoy's rule and default.)
 */
final class Eligibility {
    private final double panicThreshold;
    private final SlowStart slowStart;

    Eligibility(double panicThreshold, SlowStart slowStart) {
        this.panicThreshold = panicThreshold;
        this.slowStart = slowStart;
    }

    /** Who is eligible, in discovery's order, with what weight, and whether a weight will change by time alone. */
    static final class Verdict {
        final List<InstanceState> eligible;
        final double[] weights;
        final boolean panic;
        final boolean ramping;

        Verdict(List<InstanceState> eligible, double[] weights, boolean panic, boolean ramping) {
            this.eligible = eligible;
            this.weights = weights;
            this.panic = panic;
            this.ramping = ramping;
        }
    }

    Verdict judge(List<InstanceState> all, long nowNanos) {
        SortedMap<Integer, List<InstanceState>> levels = new TreeMap<>();
        for (InstanceState state : all) {
            note(state);
            if (state.state != State.DRAINING) {
                levels.computeIfAbsent(state.instance().priority(), p -> new ArrayList<>())
                        .add(state);
            }
        }
        List<InstanceState> reached = new ArrayList<>();
        List<InstanceState> healthy = new ArrayList<>();
        for (List<InstanceState> level : levels.values()) {
            if (enough(healthy.size(), reached.size())) {
                markSpare(level);
                continue;
            }
            reached.addAll(level);
            level.stream().filter(s -> s.state == State.ELIGIBLE).forEach(healthy::add);
        }
        boolean panic = !reached.isEmpty() && !enough(healthy.size(), reached.size()) && panicThreshold > 0;
        return weigh(panic ? reached : healthy, panic, nowNanos);
    }

    /** Whether these levels can do without the next, and the set without panic. */
    private boolean enough(int healthy, int reached) {
        return healthy > 0 && healthy >= panicThreshold * reached;
    }

    private static void markSpare(List<InstanceState> level) {
        for (InstanceState state : level) {
            if (state.state == State.ELIGIBLE) {
                state.state = State.LOWER_PRIORITY;
                state.reason = "more preferred instances suffice";
            }
        }
    }

    private Verdict weigh(List<InstanceState> eligible, boolean panic, long nowNanos) {
        double[] weights = new double[eligible.size()];
        boolean ramping = false;
        for (int i = 0; i < weights.length; i++) {
            InstanceState state = eligible.get(i);
            double factor = 1;
            if (state.rampSince != null) {
                factor = slowStart.factor(nowNanos - state.rampSince);
                if (factor >= 1) {
                    state.rampSince = null;
                } else {
                    ramping = true;
                }
            }
            weights[i] = state.instance().weight() * factor;
            if (panic && state.state != State.ELIGIBLE) {
                String trouble = state.reason;
                state.reason = "takes calls in panic though " + state.state + ": " + trouble;
            }
        }
        return new Verdict(eligible, weights, panic, ramping);
    }

    private static void note(InstanceState state) {
        if (state.instance().weight() == 0) {
            set(state, State.DRAINING, "weight 0");
        } else if (state.passive.ejected) {
            set(state, State.EJECTED, state.passive.reason);
        } else if (state.passive.overloaded) {
            set(state, State.OVERLOADED, state.passive.reason);
        } else if (state.active.unhealthy) {
            set(state, State.UNHEALTHY, state.active.detail);
        } else {
            set(state, State.ELIGIBLE, "");
        }
    }

    private static void set(InstanceState state, State value, String reason) {
        state.state = value;
        state.reason = reason;
    }
}
