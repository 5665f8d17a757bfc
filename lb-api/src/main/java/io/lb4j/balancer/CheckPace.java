package io.lb4j.balancer;

import io.lb4j.health.HealthCheck;
import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * When the next check of one instance is due. The three speeds are HAProxy's (inter, fastinter, downinter), as is that
 * failing calls call for a check (observe); what it lacks is slowing down while all is well. Lane only.
 */
final class CheckPace {
    /** How much longer each interval of a steady instance is than the one before. */
    private static final double STEADY_GROWTH = 1.5;

    private static final int MAX_STEPS = 60;

    private final HealthCheck settings;
    private final RandomGenerator random;

    /** Good checks in a row since the last trouble, less the first. */
    private int steady = -1;

    /** Checks in a row that failing calls asked for and that saw nothing wrong. */
    private int inVain;

    CheckPace(HealthCheck settings, RandomGenerator random) {
        this.settings = settings;
        this.random = random;
    }

    /** Until the first check. Spread over a short interval: a newcomer that is down should be known soon. */
    long first() {
        return (long) (random.nextDouble()
                * Math.min(
                        settings.unhealthyInterval().toNanos(),
                        settings.interval().toNanos()));
    }

    /**
     * Takes in how a check ended.
     *
     * @param asked whether failing calls had asked for it
     */
    void checked(boolean healthy, boolean asked) {
        steady = healthy ? Math.min(MAX_STEPS, steady + 1) : -1;
        inVain = healthy && asked ? Math.min(MAX_STEPS, inVain + 1) : 0;
    }

    /**
     * From the end of one check to the next.
     *
     * @param undecided whether the last check contradicted what is thought of the instance
     * @param out whether the instance is out of rotation
     */
    long next(boolean undecided, boolean out) {
        if (undecided) {
            return jittered(settings.suspectInterval());
        }
        if (out) {
            return jittered(settings.unhealthyInterval());
        }
        return jittered(grown(settings.interval(), STEADY_GROWTH, Math.max(0, steady), settings.maxInterval()));
    }

    /**
     * From the end of one check to the next if calls fail. Checks that see nothing of it come at longer and longer
     * intervals, so that noise which they are blind to costs no more of them than peace.
     */
    long suspected() {
        steady = -1;
        return jittered(grown(settings.suspectInterval(), 2, inVain, settings.interval()));
    }

    /** A moment to wait before a check that is due at once: what fails here fails for all clients at the same time. */
    long moment() {
        return (long) (random.nextDouble() * settings.jitter() * nanos(settings.suspectInterval()));
    }

    private static double grown(Duration from, double factor, int steps, Duration most) {
        return Math.min(nanos(from) * Math.pow(factor, steps), nanos(most));
    }

    private long jittered(Duration interval) {
        return jittered(nanos(interval));
    }

    private long jittered(double nanos) {
        return (long) (nanos * (1 + settings.jitter() * (2 * random.nextDouble() - 1)));
    }

    private static double nanos(Duration duration) {
        return (double) duration.toNanos();
    }
}
