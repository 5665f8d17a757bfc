package io.lb4j.retry;

import io.lb4j.internal.Settings;
import java.time.Duration;
import java.util.Objects;

/**
 * When a call that takes longer than usual is sent to a second instance while the first still works on it; the answer that
 * comes first counts (Dean and Barroso, <em>The Tail at Scale</em>, 2013, "hedged requests"). Immutable; knows no
 * transport. {@link Hedging} carries it out.
 *
 * <p>"Usual" is a percentile of the service's own latency over the last ten seconds or so. With 98, about one call in
 * fifty is late at any time, so that a hedge for each would be 2 % more load. If more calls than those are slow, the 98th percentile is
 * one of them and too late: where it is more than twice the 95th, that one is taken. {@code maxExtraLoad} is the limit for when all calls are
 * late at once.
 *
 * @param percentile the percentile of latency after which a call is late, in percent, 50 to 99.99; default 98
 * @param earlyPercentile what is taken instead if {@code percentile} is more than twice as long, in percent, 50 to {@code
 *     percentile}; default 95, or {@code percentile} if the builder was told that
 * @param maxExtraLoad hedges per call at most, above 0, up to 1; default 0.05. Kept in every stretch of
 *     {@code maxBurst / maxExtraLoad} calls of the service, and from its first call on
 * @param maxBurst hedges in a row at most, 1 to 1000; default 10
 * @param minDelay the earliest hedge, whatever is usual; default 1 ms
 * @param maxDelay the latest hedge, whatever is usual; default 10 s
 * @param initialDelay when a call is late as long as it isn't known what is usual, for the first hundred calls; default 1 s
 * @param calls which calls are hedged; default {@link Calls#SAFE}
 */
public record HedgePolicy(
        double percentile,
        double earlyPercentile,
        double maxExtraLoad,
        int maxBurst,
        Duration minDelay,
        Duration maxDelay,
        Duration initialDelay,
        Calls calls) {

    /**
     * What may be sent to two instances at once. A body that can't be sent again excludes a call in any case; others may be
     * written by two threads at once.
     */
    public enum Calls {
        /** Calls that change nothing (HTTP: GET, HEAD, OPTIONS, TRACE). */
        SAFE,
        /**
         * Those that may also be processed twice without harm (HTTP: PUT, DELETE, too). The copy that lost may
         * be processed after the caller has had its answer, and so after the caller's next call.
         */
        IDEMPOTENT,
        /** Every call, which may then be processed twice. */
        ALL
    }

    private static final HedgePolicy DEFAULT = builder().build();

    /**
     * Checks every component.
     *
     * @throws IllegalArgumentException naming the component, its value and the rule it broke
     */
    public HedgePolicy {
        Settings.check(percentile >= 50 && percentile <= 99.99, "percentile", percentile, "50 to 99.99");
        Settings.check(
                earlyPercentile >= 50 && earlyPercentile <= percentile,
                "earlyPercentile",
                earlyPercentile,
                "50 to percentile " + percentile);
        Settings.check(maxExtraLoad > 0 && maxExtraLoad <= 1, "maxExtraLoad", maxExtraLoad, "> 0 and <= 1");
        Settings.check(maxBurst >= 1 && maxBurst <= 1000, "maxBurst", maxBurst, "1 to 1000");
        Settings.check(!minDelay.isNegative(), "minDelay", minDelay, ">= 0");
        Settings.check(maxDelay.compareTo(minDelay) >= 0, "maxDelay", maxDelay, ">= minDelay " + minDelay);
        Settings.check(maxDelay.compareTo(Duration.ofDays(1)) <= 0, "maxDelay", maxDelay, "<= 1 day");
        Settings.check(!initialDelay.isNegative(), "initialDelay", initialDelay, ">= 0");
        Settings.check(initialDelay.compareTo(Duration.ofDays(1)) <= 0, "initialDelay", initialDelay, "<= 1 day");
        Objects.requireNonNull(calls, "calls");
    }

    /** After the 98th percentile, or the 95th if more calls than that are slow; 5 % more load at most, safe calls only. */
    public static HedgePolicy defaults() {
        return DEFAULT;
    }

    /** A builder with every setting at its default. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Whether a call of this kind may be hedged.
     *
     * @param safe whether it changes nothing
     * @param idempotent whether it may be processed twice without harm
     * @param replayable whether its body can be sent again; true if there is none
     */
    public boolean allows(boolean safe, boolean idempotent, boolean replayable) {
        return replayable
                && switch (calls) {
                    case SAFE -> safe;
                    case IDEMPOTENT -> safe || idempotent;
                    case ALL -> true;
                };
    }

    /** Collects the components of a {@link HedgePolicy}. Not thread-safe. */
    public static final class Builder {
        private double percentile = 98;
        private double earlyPercentile = 95;
        private double maxExtraLoad = 0.05;
        private int maxBurst = 10;
        private Duration minDelay = Duration.ofMillis(1);
        private Duration maxDelay = Duration.ofSeconds(10);
        private Duration initialDelay = Duration.ofSeconds(1);
        private Calls calls = Calls.SAFE;

        private Builder() {}

        /** Sets the percentile of latency after which a call is late, in percent, however late that is; default 98, or 95. */
        public Builder percentile(double value) {
            this.percentile = value;
            this.earlyPercentile = value;
            return this;
        }

        /** Sets which percentile is taken if the other, which is set before, is more than twice as long; default 95. */
        public Builder earlyPercentile(double value) {
            this.earlyPercentile = value;
            return this;
        }

        /** Sets the hedges per call at most; default 0.05. */
        public Builder maxExtraLoad(double value) {
            this.maxExtraLoad = value;
            return this;
        }

        /** Sets the hedges in a row at most; default 10. */
        public Builder maxBurst(int value) {
            this.maxBurst = value;
            return this;
        }

        /** Sets the earliest hedge, whatever is usual; default 1 ms. */
        public Builder minDelay(Duration value) {
            this.minDelay = value;
            return this;
        }

        /** Sets the latest hedge, whatever is usual; default 10 s. */
        public Builder maxDelay(Duration value) {
            this.maxDelay = value;
            return this;
        }

        /** Sets when a call is late as long as it isn't known what is usual; default 1 s. */
        public Builder initialDelay(Duration value) {
            this.initialDelay = value;
            return this;
        }

        /** Sets which calls are hedged; default {@link Calls#SAFE}. */
        public Builder calls(Calls value) {
            this.calls = value;
            return this;
        }

        /**
         * Builds the policy.
         *
         * @throws IllegalArgumentException if a component is out of its range
         */
        public HedgePolicy build() {
            return new HedgePolicy(
                    percentile, earlyPercentile, maxExtraLoad, maxBurst, minDelay, maxDelay, initialDelay, calls);
        }
    }
}
