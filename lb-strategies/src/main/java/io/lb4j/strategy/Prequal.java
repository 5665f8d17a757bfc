package io.lb4j.strategy;

import java.time.Duration;

/**
 * Settings of {@link Strategies#prequal(io.lb4j.LoadProbe, Prequal)}; the defaults are those of the paper's testbed (B.
 * Wydrowski, R. Kleinberg, S. Rumble, A. Archer, <i>Load is not what you should balance: Introducing Prequal</i>, NSDI
 * 2024), but for the probes' time-out. Immutable and thread-safe.
 */
public final class Prequal {
    /** The settings nobody has to think about. */
    public static final Prequal DEFAULT = builder().build();

    private final int poolSize;
    private final int minPool;
    private final double probesPerCall;
    private final double removalsPerCall;
    private final double surplus;
    private final double hotQuantile;
    private final Duration maxAge;
    private final Duration probeTimeout;
    private final Duration idleProbeInterval;

    private Prequal(Builder builder) {
        this.poolSize = builder.poolSize;
        this.minPool = builder.minPool;
        this.probesPerCall = builder.probesPerCall;
        this.removalsPerCall = builder.removalsPerCall;
        this.surplus = builder.surplus;
        this.hotQuantile = builder.hotQuantile;
        this.maxAge = builder.maxAge;
        this.probeTimeout = builder.probeTimeout;
        this.idleProbeInterval = builder.idleProbeInterval;
        if (minPool > poolSize) {
            throw new IllegalArgumentException(
                    "minPool: " + minPool + " (expected: at most poolSize, " + poolSize + ")");
        }
    }

    /** A builder of the default settings. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder of these settings. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.poolSize = poolSize;
        builder.minPool = minPool;
        builder.probesPerCall = probesPerCall;
        builder.removalsPerCall = removalsPerCall;
        builder.surplus = surplus;
        builder.hotQuantile = hotQuantile;
        builder.maxAge = maxAge;
        builder.probeTimeout = probeTimeout;
        builder.idleProbeInterval = idleProbeInterval;
        return builder;
    }

    /** How many answers are kept at most, each of another instance. */
    public int poolSize() {
        return poolSize;
    }

    /** With fewer usable answers than that a call goes to an instance drawn at random. */
    public int minPool() {
        return minPool;
    }

    /** How many instances are probed for each call. */
    public double probesPerCall() {
        return probesPerCall;
    }

    /** How many answers are dropped for each call, the oldest and the worst in turn. */
    public double removalsPerCall() {
        return removalsPerCall;
    }

    /** By how much more answers are to come in than are used up. */
    public double surplus() {
        return surplus;
    }

    /** The quantile of calls in flight above which an instance is hot. */
    public double hotQuantile() {
        return hotQuantile;
    }

    /** After how long an answer is dropped. */
    public Duration maxAge() {
        return maxAge;
    }

    /** After how long a probe has failed. */
    public Duration probeTimeout() {
        return probeTimeout;
    }

    /** After how long without a call instances are probed all the same; zero if not. */
    public Duration idleProbeInterval() {
        return idleProbeInterval;
    }

    @Override
    public String toString() {
        return probesPerCall + " probes per call, pool of " + poolSize + " for " + maxAge + ", hot above "
                + hotQuantile;
    }

    /** Collects settings. Not thread-safe. */
    public static final class Builder {
        private static final int MAX_POOL = 1024;
        private static final double MAX_PER_CALL = 100;

        private int poolSize = 16;
        private int minPool = 2;
        private double probesPerCall = 3;
        private double removalsPerCall = 1;
        private double surplus = 1;
        private double hotQuantile = Math.pow(2, -0.25);
        private Duration maxAge = Duration.ofSeconds(1);
        private Duration probeTimeout = Duration.ofMillis(100);
        private Duration idleProbeInterval = Duration.ZERO;

        private Builder() {}

        /**
         * Sets how many answers are kept at most; default 16, beyond which the paper found little.
         *
         * @throws IllegalArgumentException unless 1 to 1024
         */
        public Builder poolSize(int value) {
            if (value < 1 || value > MAX_POOL) {
                throw new IllegalArgumentException("poolSize: " + value + " (expected: 1 to " + MAX_POOL + ")");
            }
            this.poolSize = value;
            return this;
        }

        /**
         * Sets with how few usable answers a call goes to an instance drawn at random; default 2, less than two.
         *
         * @throws IllegalArgumentException if less than 1
         */
        public Builder minPool(int value) {
            if (value < 1) {
                throw new IllegalArgumentException("minPool: " + value + " (expected: >= 1)");
            }
            this.minPool = value;
            return this;
        }

        /**
         * Sets how many instances are probed for each call; default 3. May be a fraction. The paper found no harm down to 1,
         * and much below. Clients with less than a call in flight each gain from more: an answer is old news when
         * the next call comes.
         *
         * @throws IllegalArgumentException if negative or more than 100
         */
        public Builder probesPerCall(double value) {
            this.probesPerCall = perCall("probesPerCall", value);
            return this;
        }

        /**
         * Sets how many answers are dropped for each call; default 1. About a third of the probes is right: with as many as
         * come in, the pool never fills.
         *
         * @throws IllegalArgumentException if negative or more than 100
         */
        public Builder removalsPerCall(double value) {
            this.removalsPerCall = perCall("removalsPerCall", value);
            return this;
        }

        /**
         * Sets by how much more answers are to come in than are used up, which makes for how often one is used; default 1.
         *
         * @throws IllegalArgumentException if negative or infinite
         */
        public Builder surplus(double value) {
            if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("surplus: " + value + " (expected: >= 0 and finite)");
            }
            this.surplus = value;
            return this;
        }

        /**
         * Sets the quantile of calls in flight above which an instance is hot; default 2<sup>-0.25</sup>, 0.84. The paper
         * recommends 0.6 to 0.9. With 0 only calls in flight count, with 1 only latency.
         *
         * @throws IllegalArgumentException unless 0 to 1
         */
        public Builder hotQuantile(double value) {
            if (!(value >= 0 && value <= 1)) {
                throw new IllegalArgumentException("hotQuantile: " + value + " (expected: 0 to 1)");
            }
            this.hotQuantile = value;
            return this;
        }

        /**
         * Sets after how long an answer is dropped; default 1 s.
         *
         * @throws IllegalArgumentException if not positive, or more than 365 days
         */
        public Builder maxAge(Duration value) {
            this.maxAge = Durations.positive("maxAge", value);
            return this;
        }

        /**
         * Sets after how long a probe has failed; default 100 ms. The paper has 1 to 3 ms, which a pause of a garbage
         * collector would spoil, and an answer is good for {@link #maxAge}.
         *
         * @throws IllegalArgumentException if not positive, or more than 365 days
         */
        public Builder probeTimeout(Duration value) {
            this.probeTimeout = Durations.positive("probeTimeout", value);
            return this;
        }

        /**
         * Sets after how long without a call instances are probed all the same, so that the next one finds fresh answers;
         * default zero, not at all. Goes on for at most a minute after the last call.
         *
         * @throws IllegalArgumentException if negative, or more than 365 days
         */
        public Builder idleProbeInterval(Duration value) {
            this.idleProbeInterval = value.isZero() ? value : Durations.positive("idleProbeInterval", value);
            return this;
        }

        /**
         * Builds the settings.
         *
         * @throws IllegalArgumentException if the least pool is larger than the pool
         */
        public Prequal build() {
            return new Prequal(this);
        }

        private static double perCall(String name, double value) {
            if (!(value >= 0 && value <= MAX_PER_CALL)) {
                throw new IllegalArgumentException(name + ": " + value + " (expected: 0 to 100)");
            }
            return value;
        }
    }
}
