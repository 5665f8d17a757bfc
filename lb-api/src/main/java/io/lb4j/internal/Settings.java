package io.lb4j.internal;

import java.time.Duration;

/** Argument checks with one form of message. */
public final class Settings {
    /** Clocks count nanoseconds in a long: beyond 146 years differences change their sign. */
    public static final Duration LONGEST = Duration.ofDays(365);

    private Settings() {}

    /**
     * Checks one value.
     *
     * @throws IllegalArgumentException unless ok
     */
    public static void check(boolean ok, String name, Object value, String rule) {
        if (!ok) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: " + rule + ")");
        }
    }

    /** Checks a number that has a lower bound only. */
    public static void atLeast(int least, int value, String name) {
        check(value >= least, name, value, ">= " + least);
    }

    /** Checks a time that must not be zero. */
    public static void positive(Duration value, String name) {
        check(!value.isNegative() && !value.isZero() && value.compareTo(LONGEST) <= 0, name, value, "> 0, <= 365 days");
    }

    /** Checks a time that may be zero. */
    public static void notNegative(Duration value, String name) {
        check(!value.isNegative() && value.compareTo(LONGEST) <= 0, name, value, ">= 0, <= 365 days");
    }

    /** A number that begins somewhere and stays within bounds. */
    public static void range(int initial, int min, int max) {
        check(min >= 1, "min", min, ">= 1");
        check(max >= min, "max", max, ">= min " + min);
        check(initial >= min && initial <= max, "initial", initial, min + " to " + max);
    }
}
