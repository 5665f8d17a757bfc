package io.lb4j;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** {@link Scheduler} over a {@link ScheduledExecutorService}. */
final class ExecutorScheduler implements Scheduler {
    static final Scheduler SHARED = new ExecutorScheduler(daemon());

    private final ScheduledExecutorService executor;

    ExecutorScheduler(ScheduledExecutorService executor) {
        this.executor = Objects.requireNonNull(executor, "executor");
    }

    @Override
    public Task schedule(Runnable task, Duration delay) {
        Future<?> run = executor.schedule(task, TimeUnit.NANOSECONDS.convert(delay), TimeUnit.NANOSECONDS);
        return () -> run.cancel(false);
    }

    private static ScheduledExecutorService daemon() {
        ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(null, task, "lb4j", 0, false);
            thread.setDaemon(true);
            // Neither the first caller's inheritable thread locals nor its class loader, which would leak its
            // application.
            thread.setContextClassLoader(ExecutorScheduler.class.getClassLoader());
            return thread;
        });
        // Cancelled timers (a closed balancer's ejections, say) must not sit in the queue until they would have run.
        executor.setRemoveOnCancelPolicy(true);
        executor.setKeepAliveTime(30, TimeUnit.SECONDS);
        executor.allowCoreThreadTimeOut(true);
        return executor;
    }
}
