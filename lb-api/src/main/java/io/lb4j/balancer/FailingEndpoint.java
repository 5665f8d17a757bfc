package io.lb4j.balancer;

import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** An endpoint that failed lately on some instance, and how it does on all. Thread-safe. */
final class FailingEndpoint {
    final String name;

    private final Map<InstanceState, EndpointState> states = new ConcurrentHashMap<>();

    /** Since the first failure; before it nobody counts. */
    private final LongAdder successes = new LongAdder();

    /** Lane only: as of the last tick, and within about one window before it. */
    private long seenSuccesses;

    private long newSuccesses;
    private double fadedSuccesses;

    /** Lane only: failures since the last second in which it succeeded anywhere, where it isn't out. */
    private long failuresInARow;

    FailingEndpoint(String name) {
        this.name = name;
    }

    void succeeded(InstanceState state) {
        successes.increment();
        EndpointState at = states.get(state);
        if (at != null) {
            at.succeeded();
        }
    }

    long successes() {
        return successes.sum();
    }

    @Nullable
    EndpointState at(InstanceState state) {
        return states.get(state);
    }

    void add(InstanceState state, BooleanSupplier place) {
        states.computeIfAbsent(state, key -> place.getAsBoolean() ? new EndpointState(this, key) : null);
    }

    boolean remove(EndpointState at) {
        return states.remove(at.state, at);
    }

    boolean isEmpty() {
        return states.isEmpty();
    }

    Collection<EndpointState> states() {
        return states.values();
    }

    /** Lane only: takes in what was counted in the last second. */
    void tick(double fading) {
        long now = successes();
        newSuccesses = now - seenSuccesses;
        seenSuccesses = now;
        fadedSuccesses = fadedSuccesses * fading + newSuccesses;
        for (EndpointState at : states.values()) {
            at.tick(fading);
            failuresInARow += at.out ? 0 : at.newFailures;
        }
        // Which of the second's failures came after its last success isn't known; as in a row they would make an
        // endpoint that fails three calls in ten a broken one.
        failuresInARow = newSuccesses > 0 ? 0 : failuresInARow;
    }

    /** Lane only. */
    long failuresInARow() {
        return failuresInARow;
    }

    /** Lane only: successes in the second before the last tick. */
    long newSuccesses() {
        return newSuccesses;
    }

    /** Lane only: successes within about one window, up to now. */
    double recentSuccesses() {
        return fadedSuccesses + (successes() - seenSuccesses);
    }

    int outCount() {
        int count = 0;
        for (EndpointState at : states.values()) {
            count += at.out ? 1 : 0;
        }
        return count;
    }
}
