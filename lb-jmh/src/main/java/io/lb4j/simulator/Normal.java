package io.lb4j.simulator;

/** The normal distribution. */
final class Normal {
    private Normal() {}

    /** The share below {@code z} deviations above the mean (W. J. Cody's rational form by way of erfc; 1e-7). */
    static double below(double z) {
        double t = 1 / (1 + 0.3275911 * Math.abs(z) / Math.sqrt(2));
        double poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
        double erf = 1 - poly * Math.exp(-z * z / 2);
        return z >= 0 ? (1 + erf) / 2 : (1 - erf) / 2;
    }

    /** The deviations above the mean below which this share is, by halving. */
    static double quantile(double share) {
        double low = -8;
        double high = 8;
        for (int i = 0; i < 60; i++) {
            double middle = (low + high) / 2;
            if (below(middle) < share) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
