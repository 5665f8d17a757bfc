package io.lb4j.discovery.internal;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait after a failure: drawn evenly from zero to a bound that doubles with each failure ("full jitter", M.
 * Brooker, "Exponential Backoff and Jitter", AWS 2015), so that a thousand clients of a registry that comes back don't
 * come back together. Thread-safe.
 */
public final class Backoff {
    /** The bound of the first wait, unless a source has reasons of its own. */
    public static final Duration BASE = Duration.ofMillis(100);

    /** What the bound grows to. */
    public static final Duration MAX = Duration.ofSeconds(5);

    private final long baseNanos;
    private final long maxNanos;
    private final RandomGenerator random;

    public Backoff(Duration base, Duration max, RandomGenerator random) {
        this.baseNanos = base.toNanos();
        this.maxNanos = Math.max(baseNanos, max.toNanos());
        this.random = random;
    }

    /** From {@link #BASE} to {@link #MAX}. */
    public static Backoff standard(RandomGenerator random) {
        return new Backoff(BASE, MAX, random);
    }

    /** The wait after {@code failures} failures in a row, at least 1. */
    public Duration delay(int failures) {
        long bound = failures > 30 ? maxNanos : Math.min(maxNanos, baseNanos << (failures - 1));
        // The shift may have overflowed where the base is long.
        return Duration.ofNanos(random.nextLong((bound <= 0 ? maxNanos : bound) + 1));
    }

    /** Evenly between {@code share} of the time and the whole of it. */
    public Duration early(Duration time, double share) {
        return Duration.ofNanos((long) (time.toNanos() * random.nextDouble(share, 1)));
    }
}
