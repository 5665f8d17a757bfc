package io.lb4j.retry;

import io.github.resilience4j.core.IntervalFunction;
import io.lb4j.Outcome;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Whether and when a failed attempt is followed by another one. Immutable and thread-safe; knows no transport and no
 * instances.
 *
 * <p>A call is repeated only where that cannot do it twice: if it was provably never sent or refused unprocessed, or if
 * its method is idempotent; and only if its body can be sent again (or none of it was sent).
 *
 * <p>The first retry follows at once: another instance owes the failed one no patience, and what protects a service in trouble is
 * the {@link RetryBudget}, as a wait moves load without making it less. When that one has failed as well, the trouble may be everybody's,
 * and so it may if the instance said that it is overloaded: then the delay is drawn evenly from zero to {@code base}, and
 * doubles for each further retry up to {@code max} ("full jitter"). An attempt that was never sent is always followed at once.
 */
public final class RetryPolicy {
    private static final RetryPolicy DEFAULT = builder().build();
    private static final RetryPolicy NONE = builder().maxAttempts(1).build();

    private final int maxAttempts;
    private final Set<Outcome.Kind> retryOn;
    private final Duration baseDelay;
    private final Duration maxDelay;
    private final int maxUnsent;
    private final Duration maxRetryAfter;
    private final int immediateRetries;
    private final IntervalFunction ceiling;

    private RetryPolicy(Builder builder) {
        this.maxAttempts = builder.maxAttempts;
        this.retryOn = Set.copyOf(builder.retryOn);
        this.baseDelay = builder.baseDelay;
        this.maxDelay = builder.maxDelay;
        this.maxUnsent = builder.maxUnsent;
        this.maxRetryAfter = builder.maxRetryAfter;
        this.immediateRetries = builder.immediateRetries;
        this.ceiling = baseDelay.isZero()
                ? attempt -> 0L
                : IntervalFunction.ofExponentialBackoff(baseDelay.toMillis(), 2, maxDelay.toMillis());
    }

    /**
     * Three attempts in all and up to seven that were refused a connection, every kind of failure and overload, the first
     * retry at once and then delays from 25 ms up to 250 ms, a Retry-After of at most a second.
     */
    public static RetryPolicy defaults() {
        return DEFAULT;
    }

    /** One attempt, no more. */
    public static RetryPolicy none() {
        return NONE;
    }

    /** A builder with every setting at its default. */
    public static Builder builder() {
        return new Builder();
    }

    /** Attempts in all, the first included; those that were refused a connection may come on top, see {@link #maxUnsent}. */
    public int maxAttempts() {
        return maxAttempts;
    }

    /**
     * How many attempts of a call may be refused a connection without being counted. They cost nobody anything, and
     * with half of the instances just gone, every twelfth call would be refused three times in a row.
     */
    public int maxUnsent() {
        return maxAttempts == 1 ? 0 : maxUnsent;
    }

    /**
     * How long to leave the instance alone before it is asked again, as no other one can be.
     *
     * @param outcome how the last attempt ended
     * @return what the instance asked for; zero if it did not, or if it is more than the caller is ready to wait
     */
    public Duration patience(Outcome outcome) {
        return outcome.retryAfter().compareTo(maxRetryAfter) > 0 ? Duration.ZERO : outcome.retryAfter();
    }

    /**
     * Whether one more attempt may follow. The budget is asked separately, and last, since asking it spends.
     *
     * @param attempts attempts made so far that count
     * @param outcome how the last one ended
     * @param delivery how far it got
     * @param idempotent whether the call may be processed twice without harm
     * @param replayable whether its body can be sent again; true if there is none
     */
    public boolean allows(int attempts, Outcome outcome, Delivery delivery, boolean idempotent, boolean replayable) {
        if (attempts >= maxAttempts || !retryOn.contains(outcome.kind())) {
            return false;
        }
        return switch (delivery) {
            case NEVER_SENT -> true;
            case REFUSED -> replayable;
            case MAYBE_PROCESSED -> idempotent && replayable;
        };
    }

    /**
     * How long to wait before the next attempt.
     *
     * @param attempts attempts made so far that count, at least 1
     * @param outcome how the last one ended
     * @param delivery how far it got
     * @param random where the jitter comes from
     */
    public Duration delay(int attempts, Outcome outcome, Delivery delivery, RandomGenerator random) {
        int step = outcome.kind() == Outcome.Kind.OVERLOADED ? attempts : attempts - immediateRetries;
        if (delivery == Delivery.NEVER_SENT || step <= 0) {
            return Duration.ZERO;
        }
        long maxNanos = ceiling.apply(step) * 1_000_000;
        return maxNanos <= 0 ? Duration.ZERO : Duration.ofNanos(random.nextLong(maxNanos + 1));
    }

    @Override
    public String toString() {
        return "RetryPolicy[maxAttempts=" + maxAttempts + ", retryOn=" + retryOn + ", baseDelay=" + baseDelay
                + ", maxDelay=" + maxDelay + ", immediateRetries=" + immediateRetries + ", maxUnsent=" + maxUnsent
                + ", maxRetryAfter=" + maxRetryAfter + "]";
    }

    /** Collects the settings of a {@link RetryPolicy}. Not thread-safe. */
    public static final class Builder {
        private int maxAttempts = 3;
        private Set<Outcome.Kind> retryOn = EnumSet.of(
                Outcome.Kind.CONNECT_FAILURE,
                Outcome.Kind.TIMEOUT,
                Outcome.Kind.TRANSPORT_FAILURE,
                Outcome.Kind.SERVER_ERROR,
                Outcome.Kind.OVERLOADED);
        private Duration baseDelay = Duration.ofMillis(25);
        private Duration maxDelay = Duration.ofMillis(250);
        private int maxUnsent = 7;
        private Duration maxRetryAfter = Duration.ofSeconds(1);
        private int immediateRetries = 1;

        private Builder() {}

        /**
         * Sets the attempts in all, the first included; default 3.
         *
         * @throws IllegalArgumentException unless 1 to 100
         */
        public Builder maxAttempts(int value) {
            if (value < 1 || value > 100) {
                throw new IllegalArgumentException("maxAttempts: " + value + " (expected: 1 to 100)");
            }
            this.maxAttempts = value;
            return this;
        }

        /**
         * Sets the outcomes worth another attempt; default every failure and overload.
         *
         * @throws IllegalArgumentException if it has SUCCESS or IGNORED, which leave nothing to repeat
         */
        public Builder retryOn(Set<Outcome.Kind> value) {
            if (value.contains(Outcome.Kind.SUCCESS) || value.contains(Outcome.Kind.IGNORED)) {
                throw new IllegalArgumentException("retryOn: " + value + " (expected: neither SUCCESS nor IGNORED)");
            }
            this.retryOn = Set.copyOf(value);
            return this;
        }

        /**
         * Sets the delays' upper bounds: {@code base} before the first retry that is delayed, doubling up to {@code max};
         * default 25 and 250 ms. Zero for both means at once.
         *
         * @throws IllegalArgumentException if negative, not in whole milliseconds, or max is below base
         */
        public Builder delays(Duration base, Duration max) {
            if (base.isNegative() || base.toNanosPart() % 1_000_000 != 0 || max.toNanosPart() % 1_000_000 != 0) {
                throw new IllegalArgumentException("delays: " + base + ", " + max + " (expected: >= 0, whole ms)");
            }
            if (max.compareTo(base) < 0) {
                throw new IllegalArgumentException("delays: max " + max + " (expected: >= base " + base + ")");
            }
            this.baseDelay = Objects.requireNonNull(base, "base");
            this.maxDelay = max;
            return this;
        }

        /**
         * Sets how many retries of a call are made at once, unless the instance said that it is overloaded; default 1. With
         * 0 each is delayed.
         *
         * @throws IllegalArgumentException unless 0 to 100
         */
        public Builder immediateRetries(int value) {
            if (value < 0 || value > 100) {
                throw new IllegalArgumentException("immediateRetries: " + value + " (expected: 0 to 100)");
            }
            this.immediateRetries = value;
            return this;
        }

        /**
         * Sets how many attempts of a call may be refused a connection without being counted; default 7. Connections that
         * time out always count.
         *
         * @throws IllegalArgumentException unless 0 to 100
         */
        public Builder maxUnsent(int value) {
            if (value < 0 || value > 100) {
                throw new IllegalArgumentException("maxUnsent: " + value + " (expected: 0 to 100)");
            }
            this.maxUnsent = value;
            return this;
        }

        /**
         * Sets the longest Retry-After that is waited for when no other instance can be asked; default 1 s, zero never
         * waits. The caller's thread is blocked meanwhile. A longer one, or one that doesn't fit into the call's time-out,
         * gives the caller the answer at once.
         *
         * @throws IllegalArgumentException if negative
         */
        public Builder maxRetryAfter(Duration value) {
            if (value.isNegative()) {
                throw new IllegalArgumentException("maxRetryAfter: " + value + " (expected: >= 0)");
            }
            this.maxRetryAfter = value;
            return this;
        }

        /** Builds the policy. */
        public RetryPolicy build() {
            return new RetryPolicy(this);
        }
    }
}
