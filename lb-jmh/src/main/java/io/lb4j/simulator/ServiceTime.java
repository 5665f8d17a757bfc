package io.lb4j.simulator;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToLongFunction;
import java.util.random.RandomGenerator;

/**
 * How much work a call is: the time it would take on a server of speed 1 that does nothing else. Immutable; implemented by
 * users where none of these fits.
 */
public interface ServiceTime {
    /** Nanoseconds of one call, 0 or more. */
    long sample(RandomGenerator random);

    /** Nanoseconds of the mean call, by which loads are told as utilization. */
    double meanNanos();

    /** Always the same. */
    static ServiceTime constant(Duration time) {
        return of((double) time.toNanos(), random -> time.toNanos());
    }

    /** Exponential. */
    static ServiceTime exponential(Duration mean) {
        double nanos = mean.toNanos();
        return of(nanos, random -> (long) (nanos * random.nextExponential()));
    }

    /**
     * Log-normal.
     *
     * @param median the time that half of the calls are below
     * @param sigma of the logarithm; 1 puts the 99th percentile at ten times the median
     */
    static ServiceTime logNormal(Duration median, double sigma) {
        double nanos = median.toNanos();
        return of(nanos * Math.exp(sigma * sigma / 2), random ->
                (long) (nanos * Math.exp(sigma * random.nextGaussian())));
    }

    /**
     * Pareto.
     *
     * @param shape above 1, since there is no mean else; the nearer to 1 the heavier the tail
     */
    static ServiceTime pareto(Duration mean, double shape) {
        if (!(shape > 1)) {
            throw new IllegalArgumentException("shape: " + shape + " (expected: above 1)");
        }
        double least = mean.toNanos() * (shape - 1) / shape;
        return of((double) mean.toNanos(), random -> (long) (least * Math.pow(1 - random.nextDouble(), -1 / shape)));
    }

    /** Mostly one time, for a share of the calls another. */
    static ServiceTime bimodal(Duration usual, Duration rare, double rareShare) {
        double mean = usual.toNanos() * (1 - rareShare) + rare.toNanos() * rareShare;
        return of(mean, random -> random.nextDouble() < rareShare ? rare.toNanos() : usual.toNanos());
    }

    /** Normal, with what would be below zero at zero: the law of the testbed of Prequal's authors (NSDI 2024). */
    static ServiceTime clippedNormal(Duration mean, Duration deviation) {
        double mu = mean.toNanos();
        double sigma = deviation.toNanos();
        double z = mu / sigma;
        double density = Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
        double clippedMean = mu * Normal.below(z) + sigma * density;
        return of(clippedMean, random -> (long) Math.max(0, mu + sigma * random.nextGaussian()));
    }

    /** Times that were measured, drawn evenly. */
    static ServiceTime trace(List<Duration> times) {
        long[] nanos = times.stream().mapToLong(Duration::toNanos).toArray();
        if (nanos.length == 0) {
            throw new IllegalArgumentException("times: none (expected: at least one)");
        }
        return of(Arrays.stream(nanos).average().orElseThrow(), random -> nanos[random.nextInt(nanos.length)]);
    }

    private static ServiceTime of(double meanNanos, ToLongFunction<RandomGenerator> sample) {
        return new ServiceTime() {
            @Override
            public long sample(RandomGenerator random) {
                return sample.applyAsLong(random);
            }

            @Override
            public double meanNanos() {
                return meanNanos;
            }
        };
    }
}
