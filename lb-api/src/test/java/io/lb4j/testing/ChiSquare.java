package io.lb4j.testing;

import java.util.Arrays;

/**
 * Pearson's test that counts come from a distribution, at a level of one false alarm in a million. Sound if every count
 * is expected to be 5 at least.
 */
public final class ChiSquare {
    /** The standard normal quantile of 1 - 10^-6. */
    private static final double Z = 4.753424308822899;

    private ChiSquare() {}

    /**
     * By how much the counts miss the critical value; at most 1 if they may come from these shares.
     *
     * @param counts how often each of two or more things came up
     * @param weights their shares, on any scale; as many, all positive
     */
    public static double excess(long[] counts, double[] weights) {
        return statistic(counts, weights) / critical(counts.length - 1);
    }

    /** The sum of the squared deviations from the expected counts, each divided by the expected count. */
    public static double statistic(long[] counts, double[] weights) {
        double total = Arrays.stream(counts).sum();
        double weight = Arrays.stream(weights).sum();
        double statistic = 0;
        for (int i = 0; i < counts.length; i++) {
            double expected = total * weights[i] / weight;
            statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
        }
        return statistic;
    }

    /**
     * The value that the statistic exceeds once in a million times: Wilson and Hilferty's approximation of the quantile
     * (<em>The Distribution of Chi-Square</em>, 1931).
     *
     * @param freedom degrees of freedom, at least 1
     */
    public static double critical(int freedom) {
        double ninth = 2.0 / (9 * freedom);
        return freedom * Math.pow(1 - ninth + Z * Math.sqrt(ninth), 3);
    }
}
