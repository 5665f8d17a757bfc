package io.lb4j.testing;

import io.lb4j.ServiceInstance;
import io.lb4j.Strategy;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.health.OutlierDetection;
import io.lb4j.health.SlowStart;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;

/**
 * What a check is given.
 *
 * @param maker makes the strategy
 * @param spread how it claims to spread calls without a key over idle instances
 * @param strays share of the other instances' keys that may move when one goes; negative if it claims to keep no keys
 * @param description adds to an instance what the strategy needs to know of it
 * @param seed of all randomness
 */
record Given(
        Supplier<? extends Strategy> maker,
        Spread spread,
        double strays,
        UnaryOperator<ServiceInstance> description,
        long seed) {

    /** How calls without a key are spread over idle instances. */
    enum Spread {
        UNCLAIMED,
        EVEN,
        WEIGHTED
    }

    Strategy strategy() {
        Strategy made = maker.get();
        if (made == null) {
            throw new AssertionError("the supplier returned null instead of a strategy");
        }
        return made;
    }

    /** A trial of a new strategy in which nothing but the check changes who is eligible, or their weights. */
    Trial calm() {
        return calm(strategy(), new SplittableRandom(seed));
    }

    Trial calm(Strategy strategy, RandomGenerator random) {
        return calm("orders", strategy, random);
    }

    Trial calm(String service, Strategy strategy, RandomGenerator random) {
        LoadBalancer.Builder settings = LoadBalancer.builder(service)
                .outlierDetection(OutlierDetection.OFF)
                .slowStart(SlowStart.OFF);
        return new Trial(settings, service, strategy, random, description);
    }

    /**
     * A trial with passive health and slow start as an application has them, but without trial calls to ejected
     * instances, which the balancer makes past the strategy.
     */
    Trial eventful() {
        LoadBalancer.Builder settings = LoadBalancer.builder("orders")
                .outlierDetection(
                        OutlierDetection.builder().trialInterval(Duration.ZERO).build());
        return new Trial(settings, "orders", strategy(), new SplittableRandom(seed), description);
    }

    boolean claimsShares() {
        return spread != Spread.UNCLAIMED;
    }

    boolean claimsKeys() {
        return strays >= 0;
    }

    /** Fails unless the counts may come from the shares that are claimed. */
    void expectShares(long[] counts, double[] weights) {
        double[] shares = spread == Spread.EVEN ? Instances.equal(weights.length) : weights;
        double statistic = ChiSquare.statistic(counts, shares);
        double critical = ChiSquare.critical(counts.length - 1);
        if (!(statistic <= critical)) {
            throw new AssertionError(String.format(
                    Locale.ROOT,
                    "instances of weights %s got %s of %d calls, chi-square %.1f (expected: shares as %s, at most %.1f)",
                    Arrays.toString(weights),
                    Arrays.toString(counts),
                    Arrays.stream(counts).sum(),
                    statistic,
                    Arrays.toString(shares),
                    critical));
        }
    }
}
