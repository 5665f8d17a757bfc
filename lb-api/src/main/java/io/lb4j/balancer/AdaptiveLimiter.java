package io.lb4j.balancer;

import io.lb4j.Candidate;
import io.lb4j.Outcome;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.DoubleUnaryOperator;

/** A limit between two bounds that shrinks once for each round of calls of which some are dropped. Without locks. */
abstract class AdaptiveLimiter implements Limiter {
    private final Candidate instance;
    private final int min;
    private final int max;
    private final double backoff;

    /** A double, by its bits: growth of one per round of calls is a fraction per call. */
    private final AtomicLong limit;

    private final AtomicLong backedOffAt;

    AdaptiveLimiter(Candidate instance, int initial, int min, int max, double backoff, long nowNanos) {
        this.instance = instance;
        this.min = min;
        this.max = max;
        this.backoff = backoff;
        this.limit = new AtomicLong(Double.doubleToRawLongBits(initial));
        this.backedOffAt = new AtomicLong(nowNanos);
    }

    @Override
    public int limit() {
        return (int) exact();
    }

    final double exact() {
        return Double.longBitsToDouble(limit.get());
    }

    final void change(DoubleUnaryOperator next) {
        limit.updateAndGet(bits -> {
            double value = next.applyAsDouble(Double.longBitsToDouble(bits));
            return Double.doubleToRawLongBits(Math.min(max, Math.max(min, value)));
        });
    }

    @Override
    public void onEnd(Outcome outcome, long startNanos, long nowNanos) {
        // Counted by itself still: trackers are told before the call ends.
        int inFlight = instance.inFlight();
        switch (outcome.kind()) {
            case SUCCESS -> succeeded(inFlight, startNanos, nowNanos);
            case CONNECT_FAILURE, TIMEOUT, TRANSPORT_FAILURE, OVERLOADED -> dropped(inFlight, startNanos, nowNanos);
            case SERVER_ERROR -> {
                if (outcome.isGatewayFailure()) {
                    dropped(inFlight, startNanos, nowNanos);
                }
            }
            case IGNORED -> {}
        }
    }

    abstract void succeeded(int inFlight, long startNanos, long nowNanos);

    /** Of calls that were in flight together one shrinks the limit: what the others say is known by then. */
    final void dropped(int inFlight, long startNanos, long nowNanos) {
        long last = backedOffAt.get();
        if (startNanos - last >= 0 && backedOffAt.compareAndSet(last, nowNanos)) {
            change(now -> backoff * inUse(now, inFlight));
        }
    }

    /**
     * Where a decrease starts from. A limit that was never reached says nothing, as RFC 5681 has it for TCP; but a lone
     * failure of a quiet instance must not leave it with next to nothing for the next burst.
     */
    static double inUse(double limit, int inFlight) {
        return Math.max(limit / 2, Math.min(limit, inFlight));
    }
}
