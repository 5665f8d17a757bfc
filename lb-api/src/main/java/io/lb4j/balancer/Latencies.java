package io.lb4j.balancer;

import io.lb4j.Outcome;
import io.lb4j.StateKey;
import io.lb4j.Tracker;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.jspecify.annotations.Nullable;

/**
 * How long the calls of one instance took lately, those included that have not ended: as a histogram with four buckets
 * per doubling, from an eighth of a millisecond to a minute. Callers count, the lane does the rest.
 */
final class Latencies implements Tracker {
    static final StateKey<Latencies> KEY = StateKey.create("latencies");

    /** Buckets, of which the first takes all that is shorter, and the last all that is longer. */
    static final int BUCKETS = 77;

    /** A call this long is a conversation, such as a WebSocket's, and not slow. */
    private static final long LONGEST_NANOS = TimeUnit.MINUTES.toNanos(1);

    /** The window is as long as it takes to see so many calls, but at least so long that a pause is no outlier. */
    private static final double ENOUGH_CALLS = 100;

    private static final double LEAST_SECONDS = 4;

    private static final int SHORTEST_BITS = 17;

    /** For so many ticks it is known how many calls had started by then. */
    private static final int AGES = 8;

    private final AtomicIntegerArray ended = new AtomicIntegerArray(BUCKETS);

    /** From how long on a call is slow, as of the last tick. Read by callers. */
    private volatile long slowFrom = Long.MAX_VALUE;

    /** Lane only: calls by bucket, fading. */
    private final float[] window = new float[BUCKETS];

    /** Lane only: calls in flight that have been for one tick but not for two, and so on, as in the window now. */
    private final float[] aged = new float[AGES];

    /** Lane only: calls started as of the last ticks, fading, the youngest first. */
    private final double[] startedBy = new double[AGES];

    /** Lane only: ticks, calls started and calls ended in all, fading as the window does. */
    private double seconds;

    private double started;

    private double endedBy;
    private double total;
    private long seenStarted;
    private long seenEnded;
    private boolean fresh = true;

    /** Lane only: whether the instance is ejected for its latency, and how it stands out if it does. */
    boolean ejected;

    @Nullable
    String outlier;

    static @Nullable Latencies of(InstanceState state) {
        return state.find(KEY);
    }

    @Override
    public void onEnd(Outcome outcome, long startNanos, long nowNanos) {
        long took = nowNanos - startNanos;
        // What failed or was cancelled would have lasted longer: it says something only if it was slow already.
        if ((outcome.kind() == Outcome.Kind.SUCCESS || took > slowFrom) && took <= LONGEST_NANOS) {
            ended.getAndIncrement(bucket(took));
        }
    }

    /** The bucket of a call that took so long; a negative time, by a clock that is not steady, is a short one. */
    static int bucket(long nanos) {
        if (nanos < 1L << SHORTEST_BITS) {
            return 0;
        }
        int octave = Long.SIZE - 1 - Long.numberOfLeadingZeros(nanos);
        int quarter = (int) (nanos >>> (octave - 2)) & 3;
        return Math.min(BUCKETS - 1, 1 + 4 * (octave - SHORTEST_BITS) + quarter);
    }

    /** Where the bucket ends and the next begins. */
    static long endOf(int bucket) {
        return bucket == 0
                ? 1L << SHORTEST_BITS
                : (long) (4 + (bucket + 3) % 4 + 1) << (SHORTEST_BITS + (bucket - 1) / 4 - 2);
    }

    /** Lane only: from how long on a call to the instance is slow, {@code Long.MAX_VALUE} if that isn't known. */
    long slowFrom() {
        return slowFrom;
    }

    void slowFrom(long nanos) {
        if (slowFrom != nanos) {
            slowFrom = nanos;
        }
    }

    /**
     * Takes in what was counted since the last tick, or drops all if that isn't to count.
     *
     * <p>Calls that have not ended are as long as their age. At least so many are as old as a number of ticks as had
     * started by then and have not ended since; as ends are younger than starts, they fade less, and this stays so.
     */
    void tick(InstanceState state, long windowSeconds, boolean counts) {
        // In this order: an end that comes in between is then a call less, and not one that never ends.
        long nowEnded = state.endedCount();
        long nowStarted = nowEnded + state.inFlight();
        if (!counts || fresh) {
            clear();
        } else {
            fade(fading(windowSeconds), nowStarted - seenStarted, nowEnded - seenEnded);
        }
        fresh = false;
        seenStarted = Math.max(seenStarted, nowStarted);
        seenEnded = nowEnded;
    }

    /** Where calls are many, some of them suffice, and a change is seen sooner. */
    private double fading(long windowSeconds) {
        double enough = started > 0 ? ENOUGH_CALLS * seconds / started : (double) windowSeconds;
        return Math.exp(-1 / Math.min((double) windowSeconds, Math.max(LEAST_SECONDS, enough)));
    }

    private void clear() {
        for (int i = 0; i < BUCKETS; i++) {
            if (ended.get(i) != 0) {
                ended.set(i, 0);
            }
            window[i] = 0;
        }
        Arrays.fill(aged, 0);
        Arrays.fill(startedBy, 0);
        seconds = 0;
        started = 0;
        endedBy = 0;
        total = 0;
    }

    private void fade(double fading, long newStarted, long newEnded) {
        for (int age = 0; age < AGES; age++) {
            window[bucketOfAge(age)] -= aged[age];
        }
        total = 0;
        for (int i = 0; i < BUCKETS; i++) {
            float count = (float) (Math.max(0, window[i]) * fading) + (ended.get(i) == 0 ? 0 : ended.getAndSet(i, 0));
            window[i] = count < 1e-3f ? 0 : count;
            total += window[i];
        }
        endedBy = endedBy * fading + newEnded;
        for (int age = AGES - 1; age >= 0; age--) {
            startedBy[age] = fading * (age == 0 ? started : startedBy[age - 1]);
        }
        seconds = seconds * fading + 1;
        started = started * fading + newStarted;
        double older = 0;
        for (int age = AGES - 1; age >= 0; age--) {
            double asOld = Math.max(0, startedBy[age] - endedBy);
            aged[age] = (float) Math.max(0, asOld - older);
            older = Math.max(older, asOld);
            window[bucketOfAge(age)] += aged[age];
            total += aged[age];
        }
    }

    private static int bucketOfAge(int ticks) {
        return bucket(TimeUnit.SECONDS.toNanos(1 + ticks));
    }

    /** Lane only: how many calls the window holds. */
    double total() {
        return total;
    }

    /** Lane only: adds each bucket's share of the calls. */
    void addSharesTo(double[] shares) {
        for (int i = 0; i < BUCKETS; i++) {
            shares[i] += window[i] / total;
        }
    }

    /** Lane only: the share of calls in this bucket. */
    double share(int bucket) {
        return total == 0 ? 0 : window[bucket] / total;
    }
}
