package io.lb4j.health;

import java.time.Duration;

/** Argument checks with one form of message. */
final class Settings {
    /** Clocks count nanoseconds in a long: beyond 146 years differences change their sign. */
    static final Duration LONGEST = Duration.ofDays(365);

    private Settings() {}

    static void check(boolean ok, String name, Object value, String rule) {
        if (!ok) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: " + rule + ")");
        }
    }

    static void atLeast(int least, int value, String name) {
        check(value >= least, name, value, ">= " + least);
    }

    static void positive(Duration value, String name) {
        check(!value.isNegative() && !value.isZero() && value.compareTo(LONGEST) <= 0, name, value, "> 0, <= 365 days");
    }

    static void notNegative(Duration value, String name) {
        check(!value.isNegative() && value.compareTo(LONGEST) <= 0, name, value, ">= 0, <= 365 days");
    }

    /** A number that begins somewhere and stays within bounds. */
    static void range(int initial, int min, int max) {
        check(min >= 1, "min", min, ">= 1");
        check(max >= min, "max", max, ">= min " + min);
        check(initial >= min && initial <= max, "initial", initial, min + " to " + max);
    }
}
