package io.lb4j.strategy;

import io.lb4j.Outcome;

/** Response time that rises at once and falls slowly, by itself too: an instance that was slow is tried again. */
final class PeakResponseTime extends ResponseTime {
    /** What an instance that is tried for the first time costs until it has answered: more than any measured one. */
    static final double UNKNOWN = 1L << 47;

    /** How many times its response time a call costs more on an instance that always fails. */
    static final double FAILURE_PENALTY = 10;

    /** What the first failure of an instance that never served a call counts as, in nanoseconds. */
    static final float FAILED_UNMEASURED = 1e9f;

    /** The last estimate that came from a call that was served; a lost update does not matter. */
    private float served;

    PeakResponseTime(Decay decay) {
        super(decay);
    }

    @Override
    void served(float nanos, long nowNanos) {
        while (true) {
            long packed = packed();
            double left = remaining(packed, nowNanos);
            double now = value(packed) * left;
            double next = nanos > now ? nanos : now + nanos * (1 - left);
            served = (float) next;
            if (next == now || replace(packed, next, nowNanos) || nanos <= now) {
                // A sample that is no peak may be lost to another that came at the same moment.
                return;
            }
        }
    }

    @Override
    void failed(Outcome outcome, float nanos, long nowNanos) {
        // A failure that comes at once must not look like a quick answer, nor may time make a failing instance look
        // better between one failure and the next: calls would pour into it.
        float floor = served > 0 ? served : FAILED_UNMEASURED;
        raise(Math.max(nanos, floor), nowNanos);
    }

    @Override
    void outlasted(float nanos, long nowNanos) {
        raise(nanos, nowNanos);
    }

    private void raise(float sample, long nowNanos) {
        while (true) {
            long packed = packed();
            if (sample <= value(packed) * remaining(packed, nowNanos) || replace(packed, sample, nowNanos)) {
                return;
            }
        }
    }

    /** What a call costs with nothing else in flight, in nanoseconds; 0 if that is not known and worth finding out. */
    double cost(int inFlight, long nowNanos) {
        long packed = packed();
        if (packed == 0) {
            return inFlight == 0 ? 0 : UNKNOWN;
        }
        double latency = value(packed) * remaining(packed, nowNanos);
        if (inFlight > 0) {
            latency = Math.max(latency, age(nowNanos));
        }
        return latency * (1 + FAILURE_PENALTY * failing());
    }
}
