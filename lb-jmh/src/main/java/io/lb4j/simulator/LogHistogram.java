package io.lb4j.simulator;

/** Times in 32 steps per octave, right to 1.6 %: enough for a picture, and small enough for one per slice of a run. */
final class LogHistogram {
    private static final int STEPS_LOG2 = 5;

    /** A microsecond; less counts as that. */
    private static final int LEAST_LOG2 = 10;

    private static final int SIZE = (63 - LEAST_LOG2) << STEPS_LOG2;

    private final int[] counts = new int[SIZE];
    private int total;

    void record(long nanos) {
        counts[step(Math.max(nanos, 1L << LEAST_LOG2))]++;
        total++;
    }

    private static int step(long nanos) {
        int octave = 63 - Long.numberOfLeadingZeros(nanos);
        int part = (int) (nanos >>> (octave - STEPS_LOG2)) & ((1 << STEPS_LOG2) - 1);
        return (octave - LEAST_LOG2) << STEPS_LOG2 | part;
    }

    int total() {
        return total;
    }

    /** The time that the share {@code quantile} of all took at most, in nanoseconds; NaN if nothing was recorded. */
    double at(double quantile) {
        long rank = Math.max(1, (long) Math.ceil(quantile * total));
        long sum = 0;
        for (int i = 0; i < SIZE; i++) {
            sum += counts[i];
            if (sum >= rank) {
                int octave = LEAST_LOG2 + (i >> STEPS_LOG2);
                double part = (i & ((1 << STEPS_LOG2) - 1)) + 0.5;
                return Math.scalb(1 + part / (1 << STEPS_LOG2), octave);
            }
        }
        return Double.NaN;
    }
}
