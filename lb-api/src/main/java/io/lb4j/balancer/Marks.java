package io.lb4j.balancer;

import io.lb4j.Outcome;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * What callers note of an instance that fails, is overloaded or says goodbye. Made at the first such note: of ten
 * thousand instances few ever do, and the others would pay for numbers that stay 0. Thread-safe.
 */
final class Marks {
    private static final VarHandle FAILED = counter("failed");
    private static final VarHandle TIMED_OUT = counter("timedOut");
    private static final VarHandle GATEWAY_STREAK = counter("gatewayStreak");
    private static final VarHandle LOCAL_STREAK = counter("localStreak");
    private static final VarHandle STREAKS = counter("streaks");
    private static final VarHandle SUSPICION = counter("suspicion");
    private static final VarHandle REST_ASKED = counter("restAsked");
    private static final VarHandle GOODBYE = counter("goodbye");

    @SuppressWarnings("unused") // by VarHandle
    private long failed;

    /** Those of the failed that nobody answered. */
    @SuppressWarnings("unused") // by VarHandle
    private long timedOut;

    /** Failures in a row of one kind; as long as the run of all at most, so whoever ends that ends these. */
    @SuppressWarnings("unused") // by VarHandle
    private long gatewayStreak;

    @SuppressWarnings("unused") // by VarHandle
    private long localStreak;

    /** How many runs of failures have ended. */
    @SuppressWarnings("unused") // by VarHandle
    private long streaks;

    /** The longest run of failures the lane has yet to judge; 0 if none. */
    @SuppressWarnings("unused") // by VarHandle
    private long suspicion;

    /** The longest rest asked for that the lane has yet to grant, in nanoseconds; 0 if none. */
    @SuppressWarnings("unused") // by VarHandle
    private long restAsked;

    /** 1 while a goodbye waits for the lane. */
    @SuppressWarnings("unused") // by VarHandle
    private long goodbye;

    void failed(Outcome outcome) {
        FAILED.getAndAdd(this, 1L);
        if (outcome == Outcome.TIMEOUT) {
            TIMED_OUT.getAndAdd(this, 1L);
        }
        prolong(GATEWAY_STREAK, outcome.isGatewayFailure());
        prolong(LOCAL_STREAK, outcome.isLocalFailure());
    }

    private void prolong(VarHandle streak, boolean more) {
        if (more) {
            streak.getAndAdd(this, 1L);
        } else {
            streak.setVolatile(this, 0L);
        }
    }

    void endStreaks() {
        STREAKS.getAndAdd(this, 1L);
        GATEWAY_STREAK.setVolatile(this, 0L);
        LOCAL_STREAK.setVolatile(this, 0L);
    }

    /** Notes a run for the lane; returns whether the lane must be told, as no earlier note waits there. */
    boolean suspect(long run) {
        return raise(SUSPICION, run);
    }

    long takeSuspicion() {
        return (long) SUSPICION.getAndSet(this, 0L);
    }

    /** Notes a wish for rest for the lane; returns whether the lane must be told, as no earlier note waits there. */
    boolean askForRest(long nanos) {
        return raise(REST_ASKED, nanos);
    }

    long takeRestAsked() {
        return (long) REST_ASKED.getAndSet(this, 0L);
    }

    /** Notes a goodbye for the lane; returns whether the lane must be told, as no earlier note waits there. */
    boolean saysGoodbye() {
        return raise(GOODBYE, 1);
    }

    void takeGoodbye() {
        GOODBYE.setVolatile(this, 0L);
    }

    private boolean raise(VarHandle note, long value) {
        for (; ; ) {
            long old = (long) note.getVolatile(this);
            if (old >= value) {
                return false;
            }
            if (note.compareAndSet(this, old, value)) {
                return old == 0;
            }
        }
    }

    long failedCount() {
        return (long) FAILED.getVolatile(this);
    }

    long timedOutCount() {
        return (long) TIMED_OUT.getVolatile(this);
    }

    /** The number of the run of failures that goes on, or would begin, now. */
    int streaks() {
        return (int) (long) STREAKS.getVolatile(this);
    }

    long gatewayStreak() {
        return (long) GATEWAY_STREAK.getVolatile(this);
    }

    long localStreak() {
        return (long) LOCAL_STREAK.getVolatile(this);
    }

    private static VarHandle counter(String name) {
        try {
            return MethodHandles.lookup().findVarHandle(Marks.class, name, long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }
}
