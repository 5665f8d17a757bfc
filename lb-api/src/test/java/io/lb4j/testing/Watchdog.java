package io.lb4j.testing;

import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs something that may hang, and says where it does: a pick that loops for ever must not hang the build. */
final class Watchdog {
    private static final int FRAMES = 12;

    /** What is watched. */
    @FunctionalInterface
    interface Task {
        void run() throws Exception;
    }

    private Watchdog() {}

    /** Runs the task on a thread of its own and throws what it throws, or an AssertionError when time is up. */
    static void run(Task task, String name, Duration limit) throws Throwable {
        FutureTask<Void> future = new FutureTask<>(() -> {
            task.run();
            return null;
        });
        // Threads that the task starts belong to its group, and may be those that hang.
        ThreadGroup group = new ThreadGroup(name);
        Thread thread = new Thread(group, future, name);
        thread.setDaemon(true);
        thread.start();
        try {
            future.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() == null ? e : e.getCause();
        } catch (TimeoutException e) {
            String where = stacks(group);
            group.interrupt();
            throw new AssertionError("not done after " + limit + where, e);
        } catch (InterruptedException e) {
            group.interrupt();
            Thread.currentThread().interrupt();
            throw e;
        }
    }

    private static String stacks(ThreadGroup group) {
        Thread[] threads = new Thread[group.activeCount() + 1];
        int count = group.enumerate(threads);
        StringBuilder text = new StringBuilder();
        for (Thread thread : Arrays.copyOf(threads, count)) {
            text.append("\n    ").append(thread.getName());
            StackTraceElement[] frames = thread.getStackTrace();
            for (int i = 0; i < Math.min(FRAMES, frames.length); i++) {
                text.append("\n      at ").append(frames[i]);
            }
        }
        return text.toString();
    }
}
