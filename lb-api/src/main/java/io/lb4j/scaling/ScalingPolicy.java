package io.lb4j.scaling;

import io.lb4j.internal.Settings;
import java.time.Duration;

/**
 * When a service has too many or too few instances. The number it should have is that of the Kubernetes horizontal pod
 * autoscaler, {@code ceil(instances × utilization / target)}, with its tolerance, stabilisation windows and defaults.
 * Immutable.
 *
 * <p>What an instance can do is known from its concurrency limit if it has one, from its load reports if it sends them
 * ({@code application_utilization}, or {@code cpu_utilization} if it says no other), and from {@code callsPerSecond} and
 * {@code callsInFlight} if they are set; of several, the one that is used most counts. A rate is best known in advance,
 * by measuring one instance: calls in flight pile up when there are too few instances, and then ask for too many.
 *
 * @param target the utilization that instances should have, in (0, 10]; default 0.8
 * @param tolerance how far from the target, relative to it, nothing is changed, in [0, 1); default 0.1
 * @param minInstances the fewest desired, at least 0; default 1
 * @param maxInstances the most desired; default 10
 * @param callsPerSecond calls that one instance can answer each second; 0, the default, if not known
 * @param callsInFlight calls that one instance can have in progress; 0, the default, if not known
 * @param interval how often a number is found, from averages over that long; default 15 s, at least 100 ms
 * @param scaleOutWindow how long more instances must have been asked for, the fewest of those asked for being desired;
 *     default zero, at once
 * @param scaleInWindow how long fewer instances must have been asked for, the most of those asked for being desired;
 *     default 5 min
 * @param overThreshold utilization from which a service or an instance is over-utilised; default 0.95
 * @param underThreshold utilization up to which it is under-utilised; default 0.3
 * @param hysteresis how far back from a threshold its utilization must go to be normal again; default 0.1
 * @param holdTime how long it must be so; default 30 s
 * @param reportExpiry how long an instance's word on its load counts, if it sends no other; default 3 min, as for weights
 *     in gRPC
 */
public record ScalingPolicy(
        double target,
        double tolerance,
        int minInstances,
        int maxInstances,
        double callsPerSecond,
        double callsInFlight,
        Duration interval,
        Duration scaleOutWindow,
        Duration scaleInWindow,
        double overThreshold,
        double underThreshold,
        double hysteresis,
        Duration holdTime,
        Duration reportExpiry) {

    private static final Duration SHORTEST_INTERVAL = Duration.ofMillis(100);
    private static final Duration LONGEST = Duration.ofDays(1);

    /** Every component at its default. */
    public static final ScalingPolicy DEFAULT = builder().build();

    /**
     * Checks each component.
     *
     * @throws IllegalArgumentException if one is out of range
     */
    public ScalingPolicy {
        Settings.check(target > 0 && target <= 10, "target", target, "> 0, <= 10");
        Settings.check(tolerance >= 0 && tolerance < 1, "tolerance", tolerance, ">= 0, < 1");
        Settings.check(minInstances >= 0, "minInstances", minInstances, ">= 0");
        Settings.check(
                maxInstances >= Math.max(1, minInstances),
                "maxInstances",
                maxInstances,
                ">= 1 and minInstances " + minInstances);
        Settings.check(callsPerSecond >= 0 && callsPerSecond < 1e12, "callsPerSecond", callsPerSecond, ">= 0");
        Settings.check(callsInFlight >= 0 && callsInFlight < 1e12, "callsInFlight", callsInFlight, ">= 0");
        Settings.check(
                interval.compareTo(SHORTEST_INTERVAL) >= 0 && isShort(interval),
                "interval",
                interval,
                "100 ms to 1 day");
        notNegative(scaleOutWindow, "scaleOutWindow");
        notNegative(scaleInWindow, "scaleInWindow");
        Settings.check(underThreshold >= 0 && underThreshold < 10, "underThreshold", underThreshold, ">= 0, < 10");
        Settings.check(
                overThreshold > underThreshold && overThreshold <= 10,
                "overThreshold",
                overThreshold,
                "> underThreshold " + underThreshold + ", <= 10");
        Settings.check(
                hysteresis >= 0 && hysteresis < overThreshold - underThreshold,
                "hysteresis",
                hysteresis,
                ">= 0, < overThreshold - underThreshold");
        notNegative(holdTime, "holdTime");
        notNegative(reportExpiry, "reportExpiry");
    }

    private static void notNegative(Duration value, String name) {
        Settings.check(!value.isNegative() && isShort(value), name, value, ">= 0, <= 1 day");
    }

    /** The nearest number of instances that may be desired. */
    int bounded(long instances) {
        return (int) Math.max(minInstances, Math.min(maxInstances, instances));
    }

    private static boolean isShort(Duration value) {
        return value.compareTo(LONGEST) <= 0;
    }

    /** A builder with every component at its default. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects the components; each method sets the one of its name. Not thread-safe. */
    public static final class Builder {
        private double target = 0.8;
        private double tolerance = 0.1;
        private int minInstances = 1;
        private int maxInstances = 10;
        private double callsPerSecond;
        private double callsInFlight;
        private Duration interval = Duration.ofSeconds(15);
        private Duration scaleOutWindow = Duration.ZERO;
        private Duration scaleInWindow = Duration.ofMinutes(5);
        private double overThreshold = 0.95;
        private double underThreshold = 0.3;
        private double hysteresis = 0.1;
        private Duration holdTime = Duration.ofSeconds(30);
        private Duration reportExpiry = Duration.ofMinutes(3);

        private Builder() {}

        /** Sets {@link ScalingPolicy#target()}. */
        public Builder target(double value) {
            this.target = value;
            return this;
        }

        /** Sets {@link ScalingPolicy#tolerance()}. */
        public Builder tolerance(double value) {
            this.tolerance = value;
            return this;
        }

        /** Sets {@link ScalingPolicy#minInstances()} and {@link ScalingPolicy#maxInstances()}. */
        public Builder instances(int min, int max) {
            this.minInstances = min;
            this.maxInstances = max;
            return this;
        }

        /** Sets {@link ScalingPolicy#callsPerSecond()}. */
        public Builder callsPerSecond(double value) {
            this.callsPerSecond = value;
            return this;
        }

        /** Sets {@link ScalingPolicy#callsInFlight()}. */
        public Builder callsInFlight(double value) {
            this.callsInFlight = value;
            return this;
        }

        /** Sets {@link ScalingPolicy#interval()}. */
        public Builder interval(Duration value) {
            this.interval = value;
            return this;
        }

        /** Sets {@link ScalingPolicy#scaleOutWindow()}. */
        public Builder scaleOutWindow(Duration value) {
            this.scaleOutWindow = value;
            return this;
        }

        /** Sets {@link ScalingPolicy#scaleInWindow()}. */
        public Builder scaleInWindow(Duration value) {
            this.scaleInWindow = value;
            return this;
        }

        /** Sets {@link ScalingPolicy#underThreshold()} and {@link ScalingPolicy#overThreshold()}. */
        public Builder thresholds(double under, double over) {
            this.underThreshold = under;
            this.overThreshold = over;
            return this;
        }

        /** Sets {@link ScalingPolicy#hysteresis()}. */
        public Builder hysteresis(double value) {
            this.hysteresis = value;
            return this;
        }

        /** Sets {@link ScalingPolicy#holdTime()}. */
        public Builder holdTime(Duration value) {
            this.holdTime = value;
            return this;
        }

        /** Sets {@link ScalingPolicy#reportExpiry()}. */
        public Builder reportExpiry(Duration value) {
            this.reportExpiry = value;
            return this;
        }

        /**
         * The policy.
         *
         * @throws IllegalArgumentException if a component is out of range
         */
        public ScalingPolicy build() {
            return new ScalingPolicy(
                    target,
                    tolerance,
                    minInstances,
                    maxInstances,
                    callsPerSecond,
                    callsInFlight,
                    interval,
                    scaleOutWindow,
                    scaleInWindow,
                    overThreshold,
                    underThreshold,
                    hysteresis,
                    holdTime,
                    reportExpiry);
        }
    }
}
