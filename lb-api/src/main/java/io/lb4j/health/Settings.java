package io.lb4j.health;

import java.time.Duration;

/** Argument checks with one form of message. */
final class Settings {
    private Settings() {}

    static void check(boolean ok, String name, Object value, String rule) {
        if (!ok) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: " + rule + ")");
        }
    }

    static void positive(Duration value, String name) {
        check(!value.isNegative() && !value.isZero(), name, value, "> 0");
    }

    static void notNegative(Duration value, String name) {
        check(!value.isNegative(), name, value, ">= 0");
    }
}
