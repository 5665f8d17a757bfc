package io.lb4j.strategy;

import java.time.Duration;
import java.util.List;

/**
 * Settings of {@link Strategies#weightedByUtilization(UtilizationWeights)}; the defaults are gRPC's (A58). Immutable and
 * thread-safe.
 */
public final class UtilizationWeights {
    /** The settings nobody has to think about. */
    public static final UtilizationWeights DEFAULT = builder().build();

    private final Duration blackout;
    private final Duration expiration;
    private final Duration updatePeriod;
    private final double errorPenalty;
    private final List<String> metrics;

    private UtilizationWeights(Builder builder) {
        this.blackout = builder.blackout;
        this.expiration = builder.expiration;
        this.updatePeriod = builder.updatePeriod;
        this.errorPenalty = builder.errorPenalty;
        this.metrics = builder.metrics;
    }

    /** A builder of the default settings. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder of these settings. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.blackout = blackout;
        builder.expiration = expiration;
        builder.updatePeriod = updatePeriod;
        builder.errorPenalty = errorPenalty;
        builder.metrics = metrics;
        return builder;
    }

    /** For how long an instance must have reported before that counts. */
    public Duration blackout() {
        return blackout;
    }

    /** After how long without a report the last one counts no more. */
    public Duration expiration() {
        return expiration;
    }

    /** The least time between two computations of the weights. */
    public Duration updatePeriod() {
        return updatePeriod;
    }

    /** How much an error counts. */
    public double errorPenalty() {
        return errorPenalty;
    }

    /** The metrics that stand for the utilisation, if they are reported. */
    public List<String> metrics() {
        return metrics;
    }

    @Override
    public String toString() {
        return "blackout " + blackout + ", expiration " + expiration + ", updated every " + updatePeriod
                + ", error penalty " + errorPenalty + (metrics.isEmpty() ? "" : ", by " + metrics);
    }

    /** Collects settings. Not thread-safe. */
    public static final class Builder {
        private static final Duration MIN_PERIOD = Duration.ofMillis(100);

        private Duration blackout = Duration.ofSeconds(10);
        private Duration expiration = Duration.ofMinutes(3);
        private Duration updatePeriod = Duration.ofSeconds(1);
        private double errorPenalty = 1;
        private List<String> metrics = List.of();

        private Builder() {}

        /**
         * Sets for how long an instance must have reported before that counts, so that it is not judged by its start; default
         * 10 s.
         *
         * @throws IllegalArgumentException if negative, or more than 365 days
         */
        public Builder blackout(Duration value) {
            this.blackout = value.isZero() ? value : Durations.positive("blackout", value);
            return this;
        }

        /**
         * Sets after how long without a report the last one counts no more; default 180 s.
         *
         * @throws IllegalArgumentException if not positive, or more than 365 days
         */
        public Builder expiration(Duration value) {
            this.expiration = Durations.positive("expiration", value);
            return this;
        }

        /**
         * Sets the least time between two computations of the weights; default 1 s, at least 100 ms.
         *
         * @throws IllegalArgumentException if not positive, or more than 365 days
         */
        public Builder updatePeriod(Duration value) {
            Duration checked = Durations.positive("updatePeriod", value);
            this.updatePeriod = checked.compareTo(MIN_PERIOD) < 0 ? MIN_PERIOD : checked;
            return this;
        }

        /**
         * Sets how much the share of calls that are errors adds to the utilisation; default 1.
         *
         * @throws IllegalArgumentException if negative or infinite
         */
        public Builder errorPenalty(double value) {
            if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("errorPenalty: " + value + " (expected: >= 0 and finite)");
            }
            this.errorPenalty = value;
            return this;
        }

        /**
         * Sets which reported metrics stand for the utilisation: the largest of those that are positive. Without any of
         * them it is that of the application, else that of the processors. Default none.
         *
         * @param names as {@code named_metrics.queue}, {@code utilization.disk}, {@code mem_utilization} and so on
         * @throws IllegalArgumentException if a name is none of a report's
         */
        public Builder metrics(String... names) {
            for (String name : names) {
                ReportedUtilization.check(name);
            }
            this.metrics = List.of(names);
            return this;
        }

        /** Builds the settings. */
        public UtilizationWeights build() {
            return new UtilizationWeights(this);
        }
    }
}
