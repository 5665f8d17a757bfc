package io.lb4j.server;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;

/**
 * Calls and errors per second, over the last one to two seconds: from the mark before the latest one to now. Nobody has
 * to tick; whoever finds the latest mark old sets a new one. Thread-safe and lock-free.
 */
final class Rates {
    private static final long WINDOW_NANOS = 1_000_000_000L;

    private final LongAdder calls = new LongAdder();
    private final LongAdder errors = new LongAdder();
    private final AtomicBoolean marking = new AtomicBoolean();

    /** Replaced by the thread that set {@link #marking}. */
    private volatile Mark mark;

    /** What had been counted at one time, and at the mark before it. */
    private record Mark(long nanos, long calls, long errors, long sinceNanos, long sinceCalls, long sinceErrors) {}

    /**
     * Rates at one time.
     *
     * @param calls per second, those that failed too
     * @param errors per second
     */
    record Reading(double calls, double errors) {}

    Rates(long nowNanos) {
        this.mark = new Mark(nowNanos, 0, 0, nowNanos, 0, 0);
    }

    void count(boolean ok, long nowNanos) {
        marked(nowNanos);
        calls.increment();
        if (!ok) {
            errors.increment();
        }
    }

    Reading read(long nowNanos) {
        Mark last = marked(nowNanos);
        // A server that started a moment ago has not had a second's worth of calls.
        double seconds = Math.max(WINDOW_NANOS, nowNanos - last.sinceNanos) / 1e9;
        return new Reading((calls.sum() - last.sinceCalls) / seconds, (errors.sum() - last.sinceErrors) / seconds);
    }

    private Mark marked(long nowNanos) {
        Mark last = mark;
        if (nowNanos - last.nanos < WINDOW_NANOS || !marking.compareAndSet(false, true)) {
            return last;
        }
        try {
            // Somebody else may have done it in between.
            last = mark;
            long age = nowNanos - last.nanos;
            if (age >= WINDOW_NANOS) {
                last = following(last, age, nowNanos);
                mark = last;
            }
            return last;
        } finally {
            marking.set(false);
        }
    }

    private Mark following(Mark last, long age, long nowNanos) {
        long callsNow = calls.sum();
        long errorsNow = errors.sum();
        // Every call looks here first, so that all since the last mark ended within its first second. After two they no
        // longer count, or a pause would dilute the rate of what follows it.
        return age < 2 * WINDOW_NANOS
                ? new Mark(nowNanos, callsNow, errorsNow, last.nanos, last.calls, last.errors)
                : new Mark(nowNanos, callsNow, errorsNow, nowNanos - WINDOW_NANOS, callsNow, errorsNow);
    }
}
