package io.lb4j.balancer;

import io.github.resilience4j.core.Clock;
import io.github.resilience4j.core.metrics.LockFreeSlidingTimeWindowMetrics;
import io.github.resilience4j.core.metrics.Metrics.Outcome;
import io.github.resilience4j.core.metrics.Snapshot;
import io.lb4j.Ticker;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Calls and failures of one instance over the last seconds.
 *
 * <p>Fed from plain counters once per tick instead of from each call: recording in the window costs more than all the
 * rest of closing a lease. It is made for an instance at its first failure and dropped when the failures have left it,
 * because ten thousand windows of instances that are well would cost megabytes to say nothing.
 */
final class FailureWindow {
    /** Beyond this many calls in a tick the shares are kept and the numbers scaled down: the verdict is the same. */
    private static final long MAX_RECORDS = 1_000;

    /** The past counts for as many ticks as that. */
    private static final int SEED_PARTS = 10;

    private final LockFreeSlidingTimeWindowMetrics metrics;

    /**
     * A window that begins with these successes, as if they had come now.
     *
     * <p>Without what went well before the first failure, one bad second of an instance that was well for hours would
     * look like a share of everything it did.
     */
    FailureWindow(Duration length, Ticker ticker, long successesBefore) {
        // Counted from zero: the metrics compare times instead of subtracting them, and spin for ever on a clock that
        // passes Long.MAX_VALUE.
        long origin = ticker.nanos();
        this.metrics = new LockFreeSlidingTimeWindowMetrics((int) length.toSeconds(), new Clock() {
            @Override
            public long wallTime() {
                return TimeUnit.NANOSECONDS.toMillis(monotonicTime());
            }

            @Override
            public long monotonicTime() {
                return ticker.nanos() - origin;
            }
        });
        for (int i = 0; i < SEED_PARTS; i++) {
            add(successesBefore / SEED_PARTS, 0);
        }
    }

    void add(long successes, long failures) {
        long total = successes + failures;
        double scale = total > MAX_RECORDS ? (double) MAX_RECORDS / total : 1;
        record(Math.round(failures * scale), Outcome.ERROR);
        record(Math.round(successes * scale), Outcome.SUCCESS);
    }

    private void record(long times, Outcome outcome) {
        for (long i = 0; i < times; i++) {
            metrics.record(0, TimeUnit.NANOSECONDS, outcome);
        }
    }

    Snapshot snapshot() {
        return metrics.getSnapshot();
    }
}
