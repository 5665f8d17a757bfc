package io.lb4j.strategy;

import io.lb4j.Outcome;
import io.lb4j.Tracker;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;

/** What is known of an instance's response time: an average, the share of failures, and a call that has not ended. */
abstract class ResponseTime implements Tracker {
    /*
     * The average and its time are one long, so that a compare-and-set replaces both: the average as a float in
     * nanoseconds in the high half, the time in units of 2^20 ns (1.05 ms) in the low half. Samples within one unit
     * of each other are one for the average, which saves most of the writes of a busy instance. Times wrap after 52 days,
     * long after an average has lost its meaning.
     *
     * Weights of samples follow the time between them: exp(-time/decay), as in Finagle's PeakEwma.
     */
    static final int UNIT_SHIFT = 20;
    private static final double UNIT_NANOS = 1L << UNIT_SHIFT;

    /** How much of the failure share one call is. */
    private static final float FAILURE_STEP = 1 / 8f;

    private static final float FAILURE_NONE = 1 / 256f;

    private static final VarHandle AVERAGE = Fields.of(MethodHandles.lookup(), "average", long.class);
    private static final VarHandle OLDEST = Fields.of(MethodHandles.lookup(), "oldest", long.class);
    private static final VarHandle FAILING = Fields.of(MethodHandles.lookup(), "failing", float.class);

    private final Decay decay;

    /** 0 until the first sample; written by calls that end. */
    @SuppressWarnings("UnusedVariable") // by VarHandle
    private long average;

    /** When an unfinished call started, made odd; 0 if none is known. Written by that call's start and end. */
    @SuppressWarnings("UnusedVariable") // by VarHandle
    private long oldest;

    /** The share of failures among the last few calls, 0 to 1. Written by calls that end; a lost update does not matter. */
    @SuppressWarnings("UnusedVariable") // by VarHandle
    private float failing;

    ResponseTime(Decay decay) {
        this.decay = decay;
    }

    /** The decay for all trackers of one strategy. */
    static Decay decay(Duration time) {
        return new Decay((double) time.toNanos() / UNIT_NANOS);
    }

    /** A call was served in {@code nanos}. */
    abstract void served(float nanos, long nowNanos);

    /** A call was answered in {@code nanos} with an error of the caller's. */
    void rejected(float nanos, long nowNanos) {
        served(nanos, nowNanos);
    }

    /** A call failed after {@code nanos}, in the way that {@code outcome} says. */
    abstract void failed(Outcome outcome, float nanos, long nowNanos);

    /** A call would have been served in {@code nanos} or more, had it been waited for. */
    abstract void outlasted(float nanos, long nowNanos);

    @Override
    public final void onStart(long nowNanos) {
        // One call holds the place until it ends, so one that never ends is seen, unless it started during another.
        // When that other ends the next start takes the place, and of many calls that hang one soon is the holder.
        if ((long) OLDEST.getOpaque(this) == 0) {
            OLDEST.compareAndSet(this, 0L, nowNanos | 1);
        }
    }

    @Override
    public final void onEnd(Outcome outcome, long startNanos, long nowNanos) {
        if ((long) OLDEST.getOpaque(this) == (startNanos | 1)) {
            OLDEST.compareAndSet(this, startNanos | 1, 0L);
        }
        float nanos = Math.max(1, nowNanos - startNanos);
        switch (outcome.kind()) {
            case SUCCESS -> {
                float share = (float) FAILING.getOpaque(this);
                if (share > 0) {
                    float less = share - share * FAILURE_STEP;
                    FAILING.setOpaque(this, less < FAILURE_NONE ? 0f : less);
                }
                if (outcome == Outcome.CLIENT_ERROR) {
                    rejected(nanos, nowNanos);
                } else {
                    served(nanos, nowNanos);
                }
            }
            // It answers at once when it is overloaded, too.
            case CONNECT_FAILURE, TIMEOUT, TRANSPORT_FAILURE, SERVER_ERROR, OVERLOADED -> {
                float share = (float) FAILING.getOpaque(this);
                FAILING.setOpaque(this, share + (1 - share) * FAILURE_STEP);
                failed(outcome, nanos, nowNanos);
            }
            case IGNORED -> {
                if (outcome == Outcome.OVERTAKEN) {
                    outlasted(nanos, nowNanos);
                }
            }
        }
    }

    /** The share of failures among the last few calls, 0 to 1. */
    final double failing() {
        return (float) FAILING.getOpaque(this);
    }

    /** For how long the known unfinished call has been going on, in nanoseconds; 0 if there is none. */
    final double age(long nowNanos) {
        long since = (long) OLDEST.getOpaque(this);
        return since == 0 ? 0 : Math.max(0, nowNanos - since);
    }

    /** A call was answered in time: an older one that goes on is long, and no sign of a stall. The next one is watched in its place. */
    final void answeredInTime(long startNanos) {
        long since = (long) OLDEST.getOpaque(this);
        if (since != 0 && startNanos - since > 0) {
            OLDEST.compareAndSet(this, since, 0L);
        }
    }

    final long packed() {
        return (long) AVERAGE.getVolatile(this);
    }

    final boolean replace(long expected, double value, long nowNanos) {
        float stored = Math.max(Float.MIN_NORMAL, (float) value);
        long packed = ((long) Float.floatToRawIntBits(stored) << 32) | ((nowNanos >> UNIT_SHIFT) & 0xFFFF_FFFFL);
        return AVERAGE.compareAndSet(this, expected, packed);
    }

    static double value(long packed) {
        return Float.intBitsToFloat((int) (packed >>> 32));
    }

    /** What is left of an average by now: 1 in the same unit of time, 1/e after the decay time. */
    final double remaining(long packed, long nowNanos) {
        int units = (int) (nowNanos >> UNIT_SHIFT) - (int) packed;
        return decay.after(units);
    }
}
