package io.lb4j.examples;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * How long calls took, as a histogram: buckets that grow with the value, 16 to each doubling, so that a percentile is
 * right to within 6.25 % from a nanosecond to hours and recording one costs an increment. Thread-safe.
 */
final class Latencies {
    private static final int STEPS = 16;
    private static final int STEP_BITS = 4;

    private final AtomicLongArray counts = new AtomicLongArray((Long.SIZE - STEP_BITS) * STEPS);

    /** Counts one call. */
    void record(long nanos) {
        counts.incrementAndGet(bucket(Math.max(0, nanos)));
    }

    /** What was recorded so far; later calls don't change it. */
    Snapshot snapshot() {
        long[] copy = new long[counts.length()];
        for (int i = 0; i < copy.length; i++) {
            copy[i] = counts.get(i);
        }
        return new Snapshot(copy);
    }

    private static int bucket(long nanos) {
        if (nanos < STEPS) {
            return (int) nanos;
        }
        int shift = Long.SIZE - 1 - Long.numberOfLeadingZeros(nanos) - STEP_BITS;
        return (shift << STEP_BITS) + (int) (nanos >>> shift);
    }

    /** The largest value that falls into the bucket. */
    private static long upperBound(int bucket) {
        if (bucket < 2 * STEPS) {
            return bucket;
        }
        int shift = (bucket >>> STEP_BITS) - 1;
        return ((bucket - ((long) shift << STEP_BITS) + 1) << shift) - 1;
    }

    /** A histogram at one moment. Immutable. */
    static final class Snapshot {
        private final long[] counts;

        private Snapshot(long[] counts) {
            this.counts = counts;
        }

        /** What was recorded after {@code earlier} was taken. */
        Snapshot since(Snapshot earlier) {
            long[] difference = counts.clone();
            for (int i = 0; i < difference.length; i++) {
                difference[i] -= earlier.counts[i];
            }
            return new Snapshot(difference);
        }

        /** What was recorded in either. */
        Snapshot plus(Snapshot other) {
            long[] sum = counts.clone();
            for (int i = 0; i < sum.length; i++) {
                sum[i] += other.counts[i];
            }
            return new Snapshot(sum);
        }

        /** How many were recorded. */
        long count() {
            long sum = 0;
            for (long each : counts) {
                sum += each;
            }
            return sum;
        }

        /**
         * The time that this share of the calls did not exceed.
         *
         * @param percent 0 to 100
         * @return milliseconds, rounded up to the bucket; 0 if nothing was recorded
         */
        double percentileMillis(double percent) {
            long rank = Math.max(1, (long) Math.ceil(count() * percent / 100));
            long seen = 0;
            for (int i = 0; i < counts.length; i++) {
                seen += counts[i];
                if (seen >= rank) {
                    return upperBound(i) / 1e6;
                }
            }
            return 0;
        }
    }
}
