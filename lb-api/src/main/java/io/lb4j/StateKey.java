package io.lb4j;

import java.util.Objects;

/**
 * Names a piece of a strategy's own state, kept by the balancer: per instance ({@link Candidate#tracker}) or per
 * service ({@link Eligible#state}). Keys are compared by identity, so that two strategies, or two configurations of one
 * strategy, never share state by accident: hold the key in a field of the strategy object (or in a static one, where
 * sharing is meant).
 *
 * @param <T> the type of the state
 */
@SuppressWarnings("UnusedTypeParameter") // it ties a key to the type of the state kept under it
public final class StateKey<T> {
    private final String name;

    private StateKey(String name) {
        this.name = Objects.requireNonNull(name, "name");
    }

    /**
     * A new key, different from every other.
     *
     * @param name for messages only
     */
    public static <T> StateKey<T> create(String name) {
        return new StateKey<>(name);
    }

    @Override
    public String toString() {
        return name;
    }
}
