package io.lb4j.jmh;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/** The thread a measured balancer does its background work on, and a way to wait until that is done. */
final class Lane implements AutoCloseable {
    private static final long WAIT_SECONDS = 60;

    private final ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "lane");
        thread.setDaemon(true);
        return thread;
    });

    ScheduledExecutorService executor() {
        return executor;
    }

    /** Waits until the lane has done what {@code seen} is a sign of, and ended the task in which it did. */
    void await(BooleanSupplier seen) {
        long start = System.nanoTime();
        boolean last;
        do {
            if (System.nanoTime() - start > TimeUnit.SECONDS.toNanos(WAIT_SECONDS)) {
                throw new IllegalStateException("no new picker after " + WAIT_SECONDS + " s");
            }
            last = seen.getAsBoolean();
            turn();
        } while (!last);
    }

    private void turn() {
        try {
            executor.submit(() -> {}).get(WAIT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted during set-up", e);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("the balancer's background work did not end in " + WAIT_SECONDS + " s", e);
        }
    }

    @Override
    public void close() {
        executor.shutdownNow();
    }
}
