package io.lb4j.discovery;

import java.time.Duration;

/** Checks of durations that users set. */
final class Durations {
    private Durations() {}

    static Duration check(String name, Duration value, Duration min, Duration max) {
        if (value.compareTo(min) < 0 || value.compareTo(max) > 0) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: " + min + " to " + max + ")");
        }
        return value;
    }
}
