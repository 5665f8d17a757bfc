package io.lb4j.strategy;

import java.util.Arrays;

/** Pearson's test that counts come from a distribution, at a level of one false alarm in a million. */
final class ChiSquare {
    /** The standard normal quantile of 1 - 10^-6. */
    private static final double Z = 4.753424308822899;

    private ChiSquare() {}

    /** By how much the counts miss the critical value; at most 1 if they may come from these shares. */
    static double excess(long[] counts, double[] weights) {
        double total = Arrays.stream(counts).sum();
        double weight = Arrays.stream(weights).sum();
        double statistic = 0;
        for (int i = 0; i < counts.length; i++) {
            double expected = total * weights[i] / weight;
            statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
        }
        return statistic / critical(counts.length - 1);
    }

    /** Wilson and Hilferty's approximation of the quantile. */
    static double critical(int freedom) {
        double ninth = 2.0 / (9 * freedom);
        return freedom * Math.pow(1 - ninth + Z * Math.sqrt(ninth), 3);
    }
}
