package io.lb4j.strategy;

import java.util.concurrent.atomic.AtomicLong;

/** Counts update periods by the times that calls end anyway, so that picks need not read the clock. */
final class UpdateClock {
    private final long periodNanos;
    private final AtomicLong last;

    /** Written by whoever moves {@link #last}. */
    private volatile int period;

    UpdateClock(long periodNanos, long nowNanos) {
        this.periodNanos = periodNanos;
        this.last = new AtomicLong(nowNanos);
    }

    void tick(long nowNanos) {
        long since = last.getOpaque();
        if (nowNanos - since >= periodNanos && last.compareAndSet(since, nowNanos)) {
            advance();
        }
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // only the winner of a period gets here
    private void advance() {
        period++;
    }

    /** The number of the current period. */
    int period() {
        return period;
    }
}
