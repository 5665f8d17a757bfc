package io.lb4j.okhttp;

import io.lb4j.Scheduler;
import io.lb4j.retry.Hedging;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;

/**
 * The hedging of one service: what was learned, a clock, and threads for the second attempts. Thread-safe.
 *
 * <p>Threads of its own: on those that carry calls, a crowd of calls that wait for their hedges would leave none to
 * make them. If all are taken, there is no hedge.
 */
final class Hedger implements AutoCloseable {
    /** Far more than a few percent of any service's calls in flight. */
    static final int MAX_THREADS = 64;

    private final Hedging hedging;
    private final Scheduler scheduler;
    private final ThreadPoolExecutor threads;

    Hedger(String host, Hedging hedging, Scheduler scheduler) {
        this.hedging = hedging;
        this.scheduler = scheduler;
        this.threads = WorkerThreads.upTo(MAX_THREADS, "lb4j-hedge " + host);
    }

    Hedging hedging() {
        return hedging;
    }

    /** Runs {@code late} when a call that starts now is late; it must be quick, as many share the clock's thread. */
    Scheduler.Task whenLate(long delayNanos, Runnable late) {
        try {
            return scheduler.schedule(late, Duration.ofNanos(delayNanos));
        } catch (RejectedExecutionException e) {
            // The application has shut down the scheduler it gave us; its last calls are made without hedges.
            return () -> {};
        }
    }

    /** Runs this on a thread of its own, or not at all. */
    void runIfThreadLeft(Runnable hedge) {
        try {
            threads.execute(hedge);
        } catch (RejectedExecutionException e) {
            // The first attempt goes on alone.
        }
    }

    /** Makes no further hedges; those that run go on, as the calls do that they are for. */
    @Override
    public void close() {
        threads.shutdown();
    }

    @Override
    public String toString() {
        return hedging + ", " + threads.getActiveCount() + " hedges in flight";
    }
}
