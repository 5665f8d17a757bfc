package io.lb4j.strategy;

import java.time.Duration;

/** Checks of settings. */
final class Durations {
    private static final Duration MAX = Duration.ofDays(365);

    private Durations() {}

    static Duration positive(String name, Duration value) {
        if (value.isNegative() || value.isZero() || value.compareTo(MAX) > 0) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: positive, at most 365 days)");
        }
        return value;
    }
}
