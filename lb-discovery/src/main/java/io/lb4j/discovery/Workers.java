package io.lb4j.discovery;

import io.lb4j.discovery.internal.DaemonThreads;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * A bounded number of daemon threads, none of which a peer can hold for long: a task that takes longer than the limit is
 * interrupted, which closes the socket it reads from or writes to. The JDK's server knows such limits only as system
 * properties of the whole process. Beyond threads and queue, tasks are refused and their connections closed.
 */
final class Workers implements Executor, AutoCloseable {
    private final ThreadPoolExecutor threads;
    private final long limitNanos;
    private final Set<Run> running = ConcurrentHashMap.newKeySet();

    private static final class Run {
        private final Thread thread = Thread.currentThread();
        private final long since = System.nanoTime();
        private boolean over;

        synchronized void end() {
            over = true;
            // What was meant for this task must not hit the next one on this thread.
            Thread.interrupted();
        }

        synchronized void interruptAfter(long nanos) {
            if (!over && System.nanoTime() - since > nanos) {
                thread.interrupt();
            }
        }
    }

    Workers(String name, int threads, int queue, Duration limit) {
        this.threads = new ThreadPoolExecutor(
                threads,
                threads,
                5,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(queue),
                task -> DaemonThreads.create(task, name));
        this.threads.allowCoreThreadTimeOut(true);
        this.limitNanos = limit.toNanos();
    }

    @Override
    public void execute(Runnable task) {
        threads.execute(() -> {
            Run run = new Run();
            running.add(run);
            try {
                task.run();
            } finally {
                running.remove(run);
                run.end();
            }
        });
    }

    /** Ends what takes too long; to be called now and then. */
    void interruptStuck() {
        running.forEach(run -> run.interruptAfter(limitNanos));
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
