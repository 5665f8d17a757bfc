package io.lb4j.faults;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * Whether a number grew while nothing should: the least-squares line through its samples climbs by no more than its bound from the
 * first to the last, or the mean of the last third is not above that of the first third by more. A leak has both.
 */
record Trend(String name, double first, double last, double climb, double bound) {

    static Trend of(String name, List<Vitals> samples, ToDoubleFunction<Vitals> value, double bound) {
        int count = samples.size();
        double[] values = samples.stream().mapToDouble(value).toArray();
        double middle = (count - 1) / 2.0;
        double mean = 0;
        for (double each : values) {
            mean += each / count;
        }
        double covariance = 0;
        double variance = 0;
        for (int i = 0; i < count; i++) {
            covariance += (i - middle) * (values[i] - mean);
            variance += (i - middle) * (i - middle);
        }
        double slope = variance == 0 ? 0 : covariance / variance;
        int third = Math.max(1, count / 3);
        return new Trend(name, mean(values, 0, third), mean(values, count - third, count), slope * (count - 1), bound);
    }

    private static double mean(double[] values, int from, int to) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += values[i];
        }
        return sum / (to - from);
    }

    boolean flat() {
        return climb <= bound || last - first <= bound;
    }

    String markdown() {
        return String.format(
                Locale.ROOT,
                "| %s | %.1f | %.1f | %+.1f | %.1f | %s |",
                name,
                first,
                last,
                climb,
                bound,
                flat() ? "yes" : "**no**");
    }
}
