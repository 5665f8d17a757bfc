package io.lb4j.balancer;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The return of one instance, or of one endpoint on it, from one ejection: it gets one call at a time, as behind a circuit breaker that is half
 * open, until such a call has told whether it is well. Calls take and give back the one place without a lock.
 */
final class Trial {
    private static final int SLOW_CALLS = 3;

    final InstanceState state;

    /** The endpoint that returns, or null if it is the whole instance. */
    final @Nullable EndpointState of;

    private final AtomicReference<@Nullable Call> running = new AtomicReference<>();

    /** Lane only: what the last look saw running, and for how many looks. */
    private @Nullable Call seen;

    private int looks;

    /** Lane only: calls that succeeded and yet were slow. */
    private int slow;

    /** A call that tries the instance; told from others by identity. */
    static final class Call {
        final Trial trial;

        /** The endpoint that it calls, or null if it has none. */
        final @Nullable String endpoint;

        final long sinceNanos;

        private Call(Trial trial, @Nullable String endpoint, long sinceNanos) {
            this.trial = trial;
            this.endpoint = endpoint;
            this.sinceNanos = sinceNanos;
        }

        /** Gives the place back: the call told nothing. Does nothing if another call has it by now. */
        void tellNothing() {
            trial.running.compareAndSet(this, null);
        }
    }

    Trial(InstanceState state) {
        this(state, null);
    }

    Trial(InstanceState state, @Nullable EndpointState of) {
        this.state = state;
        this.of = of;
    }

    /**
     * Takes the one place, unless a call has had it for less than the interval: one that never ends, or whose lease
     * nobody closes, must not keep the instance out for ever.
     */
    @Nullable
    Call begin(@Nullable String endpoint, long nowNanos, long intervalNanos) {
        Call before = running.get();
        if (before != null && nowNanos - before.sinceNanos < intervalNanos) {
            return null;
        }
        Call mine = new Call(this, endpoint, nowNanos);
        return running.compareAndSet(before, mine) ? mine : null;
    }

    /** Lane only: one more call was slow; returns whether that is enough. One alone may have met a cold cache. */
    boolean wasSlow() {
        return ++slow >= SLOW_CALLS;
    }

    /** Lane only: for how many looks the call that runs has been seen before this one. */
    int look() {
        Call now = running.get();
        looks = now != null && now == seen ? looks + 1 : 0;
        seen = now;
        return looks;
    }
}
