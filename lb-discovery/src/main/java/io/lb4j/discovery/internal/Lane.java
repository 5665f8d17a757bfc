package io.lb4j.discovery.internal;

import java.time.Duration;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Runs tasks one after another in the order they were posted, on the thread of whoever posts while none runs. Who posts
 * while one runs doesn't wait, so that tasks may call other people's code: whatever locks that holds while it calls
 * back, nobody waits for the lane with them. Thread-safe.
 */
public final class Lane {
    private static final System.Logger LOG = System.getLogger(Lane.class.getName());

    /** All guarded by this. */
    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();

    private @Nullable Thread runner;
    private boolean closed;

    private final Runnable afterwards;

    /** A lane after which nothing needs to be done. */
    public Lane() {
        this(() -> {});
    }

    /**
     * An empty lane.
     *
     * @param afterwards what a thread that ran tasks does when it has left the lane
     */
    public Lane(Runnable afterwards) {
        this.afterwards = afterwards;
    }

    /** Runs the task, or leaves it to the thread that is running others; drops it if closed. */
    public void post(Runnable task) {
        synchronized (this) {
            if (closed) {
                return;
            }
            tasks.add(task);
            if (runner != null) {
                return;
            }
            runner = Thread.currentThread();
        }
        for (Runnable next = next(); next != null; next = next()) {
            try {
                next.run();
            } catch (RuntimeException e) {
                LOG.log(System.Logger.Level.WARNING, "a task threw", e);
            } catch (Error e) {
                leave();
                throw e;
            }
        }
        afterwards.run();
    }

    private synchronized @Nullable Runnable next() {
        Runnable next = tasks.poll();
        if (next == null) {
            leave();
        }
        return next;
    }

    private synchronized void leave() {
        runner = null;
        notifyAll();
    }

    /**
     * Drops what waits and whatever comes later, and waits for the task that runs, unless it is the one that calls this.
     * Idempotent.
     *
     * @param atMost how long to wait
     */
    public synchronized void close(Duration atMost) {
        closed = true;
        tasks.clear();
        long deadline = System.nanoTime() + atMost.toNanos();
        boolean interrupted = false;
        while (runner != null && runner != Thread.currentThread()) {
            long millis = (deadline - System.nanoTime()) / 1_000_000;
            if (millis <= 0) {
                break;
            }
            try {
                wait(millis);
            } catch (InterruptedException e) {
                interrupted = true;
                break;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
