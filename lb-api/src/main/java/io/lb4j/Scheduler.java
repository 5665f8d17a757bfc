package io.lb4j;

import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;

/**
 * Runs the balancer's background work: rebuilding pickers, ending ejections, probing. Tasks are short and never block.
 * Implementations are thread-safe and must run tasks on some thread other than the caller's, or later on the same one
 * (as a simulator in virtual time does), but never inside {@link #schedule}.
 */
@FunctionalInterface
public interface Scheduler {

    /**
     * Runs {@code task} once, {@code delay} from now or as soon after as possible.
     *
     * @return a handle that cancels the run if it has not begun
     */
    Task schedule(Runnable task, Duration delay);

    /** One scheduled run. */
    @FunctionalInterface
    interface Task {
        /** Prevents the run if it has not begun; otherwise does nothing. Idempotent. */
        void cancel();
    }

    /**
     * The scheduler every balancer uses unless told otherwise: one daemon thread for the whole class loader, started on
     * first use and ended after some idle seconds.
     */
    static Scheduler shared() {
        return ExecutorScheduler.SHARED;
    }

    /** A scheduler over the caller's executor, which stays the caller's: it is never shut down. */
    static Scheduler of(ScheduledExecutorService executor) {
        return new ExecutorScheduler(executor);
    }
}
