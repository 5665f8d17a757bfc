package io.lb4j.testing;

import io.lb4j.Scheduler;
import io.lb4j.Ticker;
import java.time.Duration;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Time that stands still until told otherwise, as clock and scheduler at once. Tasks run on the thread that advances
 * time, in the order of their times and, at one time, in the order they were scheduled. The clock starts close to
 * {@code Long.MAX_VALUE} so that code which compares times instead of subtracting them fails. Thread-safe, so that
 * probes and pickers on other threads may schedule; only one thread may advance.
 */
public final class VirtualTime implements Ticker, Scheduler {
    private final PriorityQueue<Due> queue = new PriorityQueue<>();
    private long now = Long.MAX_VALUE - Duration.ofSeconds(2).toNanos();
    private long sequence;

    private static final class Due implements Comparable<Due> {
        final long at;
        final long order;
        final Runnable task;

        Due(long at, long order, Runnable task) {
            this.at = at;
            this.order = order;
            this.task = task;
        }

        @Override
        public int compareTo(Due other) {
            return at == other.at ? Long.compare(order, other.order) : Long.compare(at - other.at, 0);
        }
    }

    @Override
    public synchronized long nanos() {
        return now;
    }

    @Override
    public synchronized Task schedule(Runnable task, Duration delay) {
        Due due = new Due(now + Math.max(0, delay.toNanos()), sequence++, task);
        queue.add(due);
        return () -> cancel(due);
    }

    private synchronized void cancel(Due due) {
        queue.remove(due);
    }

    /** Runs what is due now, and what that makes due now. */
    public void runDue() {
        advance(Duration.ZERO);
    }

    /** Moves time forward step by step, running each task at its own time. */
    public void advance(Duration by) {
        long end;
        synchronized (this) {
            end = now + by.toNanos();
        }
        for (Due due = next(end); due != null; due = next(end)) {
            due.task.run();
        }
    }

    /** How many tasks wait for their time: 0 after everything was closed, or something leaks. */
    public synchronized int pending() {
        return queue.size();
    }

    private synchronized @Nullable Due next(long end) {
        Due due = queue.peek();
        if (due == null || due.at - end > 0) {
            now = end;
            return null;
        }
        queue.remove();
        if (due.at - now > 0) {
            now = due.at;
        }
        return due;
    }
}
