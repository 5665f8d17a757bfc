package io.lb4j.health;

import io.lb4j.internal.Settings;

/**
 * A limit that stays as it is.
 *
 * @param calls at a time for each instance, at least 1
 */
public record FixedLimit(int calls) implements ConcurrencyLimit {

    /**
     * Checks the number.
     *
     * @throws IllegalArgumentException if it is less than 1
     */
    public FixedLimit {
        Settings.check(calls >= 1, "calls", calls, ">= 1");
    }
}
