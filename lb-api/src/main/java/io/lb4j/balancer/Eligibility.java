package io.lb4j.balancer;

import io.lb4j.ServiceInstance;
import io.lb4j.balancer.InstanceReport.State;
import io.lb4j.health.SlowStart;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Who may be picked, and with what weight: drain, then health, then priority with the panic rule, then slow start.
 * A function of what the lane knows at one moment.
 *
 * <p>Panic: when too little of a level is healthy, all its instances (but draining ones) are eligible. Health information
 * is then more likely wrong than right, and sending everything to the few survivors would take those down too. (Envoy's
 * rule and default.) A level that others can stand in for is not in panic: a small healthy site must not be called sick
 * for standing in for a big dead one. See {@link PriorityLoad}.
 */
final class Eligibility {
    private static final Standing WELL = new Standing(State.ELIGIBLE, "");
    private static final Standing DRAINING = new Standing(State.DRAINING, "weight 0");
    private static final Standing TERMINATING =
            new Standing(State.DRAINING, ServiceInstance.TERMINATING + " in its metadata");
    private static final Standing LEAVING =
            new Standing(State.DRAINING, "said that it is going away; others take its calls for two seconds");
    private static final Standing ON_TRIAL =
            new Standing(State.EJECTED, "its time is over; one call at a time finds out whether it is well");
    private static final Standing NOBODY_ELSE = new Standing(State.ELIGIBLE, "on trial, but there is nobody else");
    private static final Standing SPARE = new Standing(State.LOWER_PRIORITY, "more preferred instances suffice");
    private static final int MAX_PRIORITY = 127;

    private static final Standing REFUSED = new Standing(
            State.ELIGIBLE, "gets no calls, since too few others are well (panic, with failTrafficOnPanic)");

    private final double panicThreshold;
    private final boolean failOnPanic;
    private final SlowStart slowStart;

    /** @param failOnPanic whether panic is to give no calls to anybody instead of giving some to everybody */
    Eligibility(double panicThreshold, boolean failOnPanic, SlowStart slowStart) {
        this.panicThreshold = panicThreshold;
        this.failOnPanic = failOnPanic;
        this.slowStart = slowStart;
    }

    /** @param all not changed after this */
    Verdict judge(InstanceState[] all, long nowNanos) {
        Standing[] standings = new Standing[all.length];
        int[] sizes = new int[MAX_PRIORITY + 1];
        int[] healthy = new int[MAX_PRIORITY + 1];
        int[] leaving = new int[MAX_PRIORITY + 1];
        for (int i = 0; i < all.length; i++) {
            Standing own = onItsOwn(all[i]);
            standings[i] = own;
            if (own.state() != State.DRAINING) {
                int priority = all[i].instance().priority();
                sizes[priority]++;
                healthy[priority] += isWell(own) ? 1 : 0;
                leaving[priority] += isWell(own) && isLeaving(all[i], nowNanos) ? 1 : 0;
            }
        }
        Trial[] trials = trials(all, standings);
        if (panicThreshold == 0 && trials.length > 0 && Arrays.stream(healthy).allMatch(count -> count == 0)) {
            for (Trial trial : trials) {
                healthy[trial.state.instance().priority()]++;
            }
            Arrays.setAll(standings, i -> standings[i].equals(ON_TRIAL) ? NOBODY_ELSE : standings[i]);
        }
        int[] used = priorities(sizes);
        PriorityLoad load = PriorityLoad.of(at(sizes, used), at(healthy, used), panicThreshold);
        double[] weights = new double[all.length];
        Long nextReturn = nextReturn(all);
        if (failOnPanic && used.length > 0 && load.allPanic()) {
            Arrays.setAll(standings, i -> isWell(standings[i]) ? REFUSED : standings[i]);
            return new Verdict(
                    all, standings, weights, List.of(), new InstanceState[0], trials, true, nextReturn, false);
        }
        List<Verdict.Level> levels = new ArrayList<>(1);
        boolean ramping = false;
        int spares = 0;
        for (int i = 0; i < used.length; i++) {
            int away = leaving[used[i]];
            ramping |= away > 0;
            if (load.load(i) > 0) {
                boolean panic = load.panic(i) && !failOnPanic;
                int eligible = panic ? sizes[used[i]] : healthy[used[i]];
                if (away > 0 && !panic) {
                    // Half of them at most: the others must bear it.
                    int left = leave(all, standings, used[i], Math.min(away, eligible / 2), nowNanos);
                    eligible -= left;
                    spares += left;
                }
                ramping |= weigh(all, standings, weights, used[i], panic, nowNanos);
                levels.add(level(all, weights, used[i], load.load(i), panic, sizes[used[i]], eligible));
            } else {
                spare(all, standings, used[i]);
                spares += healthy[used[i]];
            }
        }
        return new Verdict(
                all,
                standings,
                weights,
                levels,
                spares(all, standings, used, spares),
                trials,
                false,
                nextReturn,
                ramping);
    }

    /** When time will bring the next ejected or overloaded instance back. */
    private static @Nullable Long nextReturn(InstanceState[] all) {
        Long next = null;
        for (InstanceState state : all) {
            InstanceState.Passive passive = state.passive;
            if (passive != null && passive.waits()) {
                long end = passive.nextEnd();
                next = next == null || end - next < 0 ? (Long) end : next;
            }
        }
        return next;
    }

    private static Trial[] trials(InstanceState[] all, Standing[] standings) {
        return IntStream.range(0, all.length)
                .filter(i -> standings[i].equals(ON_TRIAL))
                .mapToObj(i -> all[i].passive().trial)
                .toArray(Trial[]::new);
    }

    /** Keeps calls off those that said goodbye. They stay healthy, so that no other priority stands in for them. */
    private static int leave(InstanceState[] all, Standing[] standings, int priority, int most, long nowNanos) {
        int left = 0;
        for (int i = 0; i < all.length && left < most; i++) {
            if (all[i].instance().priority() == priority && isWell(standings[i]) && isLeaving(all[i], nowNanos)) {
                standings[i] = LEAVING;
                left++;
            }
        }
        return left;
    }

    private static boolean isLeaving(InstanceState state, long nowNanos) {
        Departure departure = state.departure;
        return departure != null && departure.isAway(nowNanos);
    }

    private static InstanceState[] spares(InstanceState[] all, Standing[] standings, int[] priorities, int count) {
        InstanceState[] spares = new InstanceState[count];
        int next = 0;
        for (int p = 0; p < priorities.length && next < count; p++) {
            for (int i = 0; i < all.length; i++) {
                Standing own = standings[i];
                if ((own.equals(SPARE) || own.equals(LEAVING))
                        && all[i].instance().priority() == priorities[p]) {
                    spares[next++] = all[i];
                }
            }
        }
        return spares;
    }

    private static int[] priorities(int[] sizes) {
        int[] used = new int[sizes.length];
        int count = 0;
        for (int priority = 0; priority < sizes.length; priority++) {
            if (sizes[priority] > 0) {
                used[count++] = priority;
            }
        }
        return Arrays.copyOf(used, count);
    }

    private static int[] at(int[] values, int[] indices) {
        int[] chosen = new int[indices.length];
        for (int i = 0; i < indices.length; i++) {
            chosen[i] = values[indices[i]];
        }
        return chosen;
    }

    /** Gives the level's candidates their weights; returns whether one of them will change by time alone. */
    private boolean weigh(
            InstanceState[] all, Standing[] standings, double[] weights, int priority, boolean panic, long nowNanos) {
        boolean ramping = false;
        for (int i = 0; i < all.length; i++) {
            InstanceState state = all[i];
            Standing own = standings[i];
            if (state.instance().priority() != priority || !(isWell(own) || (panic && own.state() != State.DRAINING))) {
                continue;
            }
            double factor = rampOf(state, nowNanos);
            ramping |= factor < 1;
            // The product of two tiny numbers is 0, and weights are promised to be positive.
            weights[i] = Math.max(Double.MIN_NORMAL, state.instance().weight() * factor);
            if (!isWell(own)) {
                standings[i] =
                        new Standing(own.state(), "takes calls in panic though " + own.state() + ": " + own.reason());
            }
        }
        return ramping;
    }

    private static Verdict.Level level(
            InstanceState[] all, double[] weights, int priority, int load, boolean panic, int size, int eligible) {
        if (size == all.length && eligible == size) {
            return new Verdict.Level(priority, load, panic, all, all, weights);
        }
        InstanceState[] known = new InstanceState[size];
        InstanceState[] candidates = new InstanceState[eligible];
        double[] theirs = new double[eligible];
        int k = 0;
        int c = 0;
        for (int i = 0; i < all.length; i++) {
            // One that drains is no part of any level.
            if (all[i].instance().priority() == priority && !all[i].instance().isDraining()) {
                known[k++] = all[i];
                if (weights[i] > 0) {
                    candidates[c] = all[i];
                    theirs[c++] = weights[i];
                }
            }
        }
        return new Verdict.Level(priority, load, panic, known, candidates, theirs);
    }

    private static void spare(InstanceState[] all, Standing[] standings, int priority) {
        for (int i = 0; i < all.length; i++) {
            if (all[i].instance().priority() == priority && isWell(standings[i])) {
                standings[i] = SPARE;
            }
        }
    }

    private static boolean isWell(Standing standing) {
        return standing.state() == State.ELIGIBLE;
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
        if (state.instance().isDraining()) {
            return state.instance().weight() == 0 ? DRAINING : TERMINATING;
        }
        InstanceState.Passive passive = state.passive;
        if (passive != null && passive.ejected && passive.trial == null) {
            return new Standing(State.EJECTED, passive.reason);
        }
        if (passive != null && passive.overloaded) {
            return new Standing(State.OVERLOADED, passive.reason);
        }
        InstanceState.Active active = state.active;
        if (active != null && active.unhealthy) {
            return new Standing(State.UNHEALTHY, active.detail);
        }
        return passive != null && passive.trial != null ? ON_TRIAL : WELL;
    }
}
