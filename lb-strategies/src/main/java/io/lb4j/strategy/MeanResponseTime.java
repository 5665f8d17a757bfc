package io.lb4j.strategy;

import io.lb4j.Outcome;

/** Response time averaged over the last while; an instance that gets no calls keeps its average. */
final class MeanResponseTime extends ResponseTime implements AdaptiveRotation.Pace {
    /** How many times its response time a call costs more on an instance that always fails. */
    static final double FAILURE_PENALTY = 10;

    private final UpdateClocks clocks;

    /** @param clock told of the time whenever a call ends */
    MeanResponseTime(Decay decay, UpdateClock clock) {
        super(decay);
        this.clocks = new UpdateClocks(clock);
    }

    @Override
    public void moves(UpdateClock clock) {
        clocks.add(clock);
    }

    @Override
    void served(float nanos, long nowNanos) {
        sample(nanos, nowNanos);
        clocks.tick(nowNanos);
    }

    @Override
    void failed(Outcome outcome, float nanos, long nowNanos) {
        // A failure that comes at once must not look like a quick answer.
        if (packed() != 0) {
            outlasted(nanos, nowNanos);
        } else {
            clocks.tick(nowNanos);
        }
    }

    @Override
    void outlasted(float nanos, long nowNanos) {
        if (nanos > value(packed())) {
            sample(nanos, nowNanos);
        }
        clocks.tick(nowNanos);
    }

    private void sample(float nanos, long nowNanos) {
        long packed = packed();
        double left = packed == 0 ? 0 : remaining(packed, nowNanos);
        if (left < 1) {
            // One that is lost to another that came at the same moment does not matter.
            boolean unused = replace(packed, value(packed) * left + nanos * (1 - left), nowNanos);
        }
    }

    /** What to multiply a weight with for failures, 1 without any. */
    @Override
    public double reliability() {
        return 1 / (1 + FAILURE_PENALTY * failing());
    }

    /** Calls served per nanosecond by one caller, or 0 if that is not known. */
    @Override
    public double speed(long nowNanos) {
        long packed = packed();
        return packed == 0 ? 0 : 1 / Math.max(value(packed), age(nowNanos));
    }
}
