package io.lb4j.strategy;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * What is usual in a service, as one client sees it: how long calls take, how many calls of others instances have, and how far
 * what an instance did before tells what it will do next. Written by calls that end, on any thread; a sample lost to
 * another at the same moment is no loss.
 */
final class Norm {
    /** Instances that answered lately; a power of two. */
    static final int RECENT = 8;

    private static final double SHORTEST_PACE = TimeUnit.MICROSECONDS.toNanos(100);
    private static final double LONGEST_PACE = TimeUnit.SECONDS.toNanos(10);
    private static final double FIRST_PACE = TimeUnit.MILLISECONDS.toNanos(100);

    /**
     * Of times so much is the caller's own. A call of a third of a millisecond takes one now and then, and the first after a pause half of one: where
     * that counted as three times longer, most instances of a quiet service were left alone for seconds, those that had died among them.
     */
    private static final double OWN_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    /** How many standard deviations above the mean a call is late; a guess at a quantile that no shape makes nonsense. */
    private static final double LATE = 4;

    /** An answer is a surprise beyond so many standard deviations of what was expected. */
    private static final double SURPRISE = 5;

    private static final int FEWEST_ERRORS = 10;

    /** Instances that report are those just used, which are less busy than the rest: they were chosen for it. */
    private static final double SELECTION = 1.3;

    private static final long SAME_CAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final VarHandle OTHERS = Fields.of(MethodHandles.lookup(), "others", double.class);
    private static final VarHandle OTHERS_TRUST = Fields.of(MethodHandles.lookup(), "othersTrust", double.class);
    private static final VarHandle PACE = Fields.of(MethodHandles.lookup(), "pace", double.class);
    private static final VarHandle LATE_NANOS = Fields.of(MethodHandles.lookup(), "lateNanos", double.class);
    private static final VarHandle TRUST = Fields.of(MethodHandles.lookup(), "trust", double.class);

    private final RunningMean reported = new RunningMean();
    private final RunningMean nanos = new RunningMean();
    private final RunningMean squares = new RunningMean();
    private final RunningMean logarithm = new RunningMean();
    private final RunningMean rejected = new RunningMean();
    private final RunningMean squaredErrors = new RunningMean();
    private final RunningMean reportedLogarithm = new RunningMean();
    private final RunningMean reportedCrowd = new RunningMean();
    private final RunningMean deviationOfReporters = new RunningMean();
    private final Slope biases = new Slope();
    private final Slope latencyByCrowd = new Slope();
    private final Slope deviationsOfOthers = new Slope();

    private final AtomicReferenceArray<@Nullable Experience> recent = new AtomicReferenceArray<>(RECENT);

    /** A cursor that threads may overwrite for each other: an entry more or less is no harm. */
    private int cursor;

    private volatile @Nullable Experience lastUnanswered;
    private volatile long lastUnansweredAt;
    private volatile boolean severalUnanswered;
    private volatile long severalUnansweredAt;

    // What a pick asks for each instance it looks at is worked out when a call ends, not there.

    @SuppressWarnings("UnusedVariable") // by VarHandle
    private double others;

    @SuppressWarnings("UnusedVariable") // by VarHandle
    private double othersTrust;

    @SuppressWarnings("UnusedVariable") // by VarHandle
    private double pace = FIRST_PACE;

    @SuppressWarnings("UnusedVariable") // by VarHandle
    private double lateNanos = Double.POSITIVE_INFINITY;

    @SuppressWarnings("UnusedVariable") // by VarHandle
    private double trust;

    /** So many calls of others have been reported, per weight. */
    void othersAre(double perWeight) {
        reported.add(perWeight);
        OTHERS.setOpaque(this, SELECTION * reported.orElse(0));
    }

    /** So many were reported, per weight, by an instance that had so many on average before. */
    void compareOthers(double before, double perWeight) {
        double mean = meanOthers(perWeight);
        deviationsOfOthers.add(before - mean, perWeight - mean);
        OTHERS_TRUST.setOpaque(this, (float) deviationsOfOthers.get());
    }

    /** How many calls of others were reported per weight, on average; that one if it is the first. */
    double meanOthers(double ifFirst) {
        return reported.orElse(ifFirst);
    }

    /** How many calls of others an instance has, per weight, of which nothing is known; 0 if none reports. */
    double others() {
        return (double) OTHERS.getOpaque(this);
    }

    /** The same if it had so many before, of which that share is not forgotten: as far as others were foretold so lately. */
    double others(double before, double share) {
        double others = others();
        return others + (SELECTION * before - others) * share * (double) OTHERS_TRUST.getOpaque(this);
    }

    /** The mean time of a call, in nanoseconds, within bounds, since streams last for hours. */
    double pace() {
        return (double) PACE.getOpaque(this);
    }

    /** A call that goes on for longer is late, in nanoseconds. */
    double lateNanos() {
        return (double) LATE_NANOS.getOpaque(this);
    }

    /** How much of an instance's bias will be there in its next call, as far as that was proved: 0 to about 1. */
    double trust() {
        return (double) TRUST.getOpaque(this);
    }

    /** The share of calls that were wrong in the eyes of those who answered. */
    double rejected() {
        return rejected.orElse(0);
    }

    void answered(boolean wrong) {
        rejected.add(wrong ? 1 : 0);
    }

    /** A call took so long; returns {@link #deviation} of it. */
    double took(double time) {
        nanos.add(time);
        squares.add(time * time);
        double mean = nanos.orElse(time);
        PACE.setOpaque(this, Math.min(LONGEST_PACE, Math.max(SHORTEST_PACE, mean)));
        LATE_NANOS.setOpaque(this, (float) (mean + LATE * Math.sqrt(Math.max(0, squares.orElse(0) - mean * mean))));
        double log = logOf(time);
        logarithm.add(log);
        return aboveUsual(log);
    }

    /** The logarithm of how many times longer than usual that is, a millisecond being added to both. */
    double deviation(double time) {
        return aboveUsual(logOf(time));
    }

    private static double logOf(double time) {
        return Math.log(time + OWN_NANOS);
    }

    private double aboveUsual(double log) {
        return log - logarithm.orElse(log);
    }

    /**
     * The logarithm of how many times longer calls last at an instance than at others that report it, less what its calls per
     * weight explain: as far as longer times came with more calls lately.
     */
    double slowness(double latencyNanos, double crowdPerWeight) {
        double log = logOf(latencyNanos);
        double crowd = Math.log(1 + crowdPerWeight);
        reportedLogarithm.add(log);
        reportedCrowd.add(crowd);
        double longer = log - reportedLogarithm.orElse(log);
        double more = crowd - reportedCrowd.orElse(crowd);
        latencyByCrowd.add(more, longer);
        return longer - latencyByCrowd.get() * more;
    }

    /** The deviation that is expected of who reported that slowness, and whose call deviated so: others don't report any. */
    double told(double slowness, double deviation) {
        deviationOfReporters.add(deviation);
        return slowness + deviationOfReporters.orElse(0);
    }

    /** An instance that was expected to deviate so much did so by that much; returns whether it is a surprise. */
    boolean compare(double bias, double deviation) {
        double error = deviation - trust() * bias;
        boolean surprise =
                squaredErrors.count() > FEWEST_ERRORS && error * error > SURPRISE * SURPRISE * squaredErrors.orElse(0);
        squaredErrors.add(error * error);
        biases.add(bias, deviation);
        TRUST.setOpaque(this, (float) biases.get());
        return surprise;
    }

    /** Somebody did not answer. */
    void unanswered(Experience who, long nowNanos) {
        Experience before = lastUnanswered;
        if (before != who && before != null && nowNanos - lastUnansweredAt < SAME_CAUSE_NANOS) {
            severalUnansweredAt = nowNanos;
            severalUnanswered = true;
        }
        lastUnansweredAt = nowNanos;
        lastUnanswered = who;
    }

    /** Whether several did not answer lately, so that it is rather this process or its network than any of them. */
    boolean severalUnanswered(long nowNanos) {
        return severalUnanswered && nowNanos - severalUnansweredAt < SAME_CAUSE_NANOS;
    }

    void answeredLately(Experience who) {
        int next = cursor;
        if (recent.getOpaque(next) != who) {
            next = (next + 1) & (RECENT - 1);
            recent.setOpaque(next, who);
            cursor = next;
        }
    }

    /** One of them, from any number on; null if there are less. */
    @Nullable
    Experience recent(int index) {
        return recent.getOpaque(index & (RECENT - 1));
    }
}
