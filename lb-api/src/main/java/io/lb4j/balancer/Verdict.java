package io.lb4j.balancer;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who is eligible, in discovery's order within each level, with what weight, and whether a weight will change by time
 * alone. What has as many entries as there are instances is an array, since ten thousand of them are looked at once a
 * second while one of them is in slow start.
 */
final class Verdict {
    /** All known instances, and what was made of each. */
    final InstanceState[] all;

    final Standing[] standings;

    /** Theirs; 0 for one that gets no calls. */
    final double[] weights;

    /** Those that have a share of the calls, the most preferred first. */
    final List<Level> levels;

    /** Those that are well and get no calls as long as others take them; the most preferred first. */
    final InstanceState[] spares;

    /** Those that are out no longer and not yet back, as one call at a time finds out how they are. */
    final Trial[] trials;

    /** Whether calls fail because too few instances are well, though some may be. */
    final boolean failing;

    /** When time will bring the next one back, or null if nobody waits for that. */
    final @Nullable Long nextReturnNanos;

    final boolean ramping;

    /**
     * A priority level that takes calls.
     *
     * @param priority its number
     * @param load its share of the calls in percent
     * @param panic whether unhealthy instances are among its candidates
     * @param known its instances that don't drain
     * @param candidates those that take calls
     * @param weights theirs
     */
    @SuppressWarnings("ArrayRecordComponent") // compared by sameAs
    record Level(
            int priority,
            int load,
            boolean panic,
            InstanceState[] known,
            InstanceState[] candidates,
            double[] weights) {

        private boolean sameAs(Level other) {
            return priority == other.priority
                    && load == other.load
                    && panic == other.panic
                    && Arrays.equals(candidates, other.candidates)
                    && Arrays.equals(weights, other.weights);
        }
    }

    Verdict(
            InstanceState[] all,
            Standing[] standings,
            double[] weights,
            List<Level> levels,
            InstanceState[] spares,
            Trial[] trials,
            boolean failing,
            @Nullable Long nextReturnNanos,
            boolean ramping) {
        this.all = all;
        this.standings = standings;
        this.weights = weights;
        this.levels = levels;
        this.spares = spares;
        this.trials = trials;
        this.failing = failing;
        this.nextReturnNanos = nextReturnNanos;
        this.ramping = ramping;
    }

    /** Whether none of the instances was asked about, or all of those drain. */
    boolean isNobodyIn() {
        for (Standing each : standings) {
            if (each.state() != InstanceReport.State.OTHER_SUBSET && each.state() != InstanceReport.State.DRAINING) {
                return false;
            }
        }
        return true;
    }

    boolean panic() {
        for (Level level : levels) {
            if (level.panic) {
                return true;
            }
        }
        return failing;
    }

    /** Whether the same instances get the same shares of the calls, and the same ones stand by or are on trial. */
    boolean sameRouting(List<Level> others, InstanceState[] otherSpares, @Nullable Trials otherTrials) {
        if (levels.size() != others.size() || !Arrays.equals(spares, otherSpares)) {
            return false;
        }
        if (otherTrials == null ? trials.length > 0 : !Arrays.equals(trials, otherTrials.all())) {
            return false;
        }
        for (int i = 0; i < others.size(); i++) {
            if (!levels.get(i).sameAs(others.get(i))) {
                return false;
            }
        }
        return true;
    }

    /** The candidates of all levels. */
    InstanceState[] candidates() {
        if (levels.size() == 1) {
            return levels.get(0).candidates;
        }
        return levels.stream().flatMap(level -> Arrays.stream(level.candidates)).toArray(InstanceState[]::new);
    }
}
