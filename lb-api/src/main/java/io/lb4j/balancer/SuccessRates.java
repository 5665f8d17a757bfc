package io.lb4j.balancer;

import java.util.Arrays;

/**
 * Rates of success side by side, as Envoy and gRPC's A50 compare them: an instance stands out if its rate is less than
 * the mean of all minus so many standard deviations. The deviation is that of the population.
 */
final class SuccessRates {
    private double[] rates = {};
    private int size;

    void clear() {
        size = 0;
    }

    void add(double rate) {
        if (size == rates.length) {
            rates = Arrays.copyOf(rates, Math.max(16, 2 * size));
        }
        rates[size++] = rate;
    }

    int size() {
        return size;
    }

    double mean() {
        double sum = 0;
        for (int i = 0; i < size; i++) {
            sum += rates[i];
        }
        return sum / size;
    }

    double standardDeviation() {
        double mean = mean();
        double squares = 0;
        for (int i = 0; i < size; i++) {
            squares += (rates[i] - mean) * (rates[i] - mean);
        }
        return Math.sqrt(squares / size);
    }

    /** The rate below which an instance stands out. */
    double threshold(double stdevFactor) {
        return mean() - stdevFactor * standardDeviation();
    }
}
