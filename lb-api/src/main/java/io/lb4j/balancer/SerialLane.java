package io.lb4j.balancer;

import io.lb4j.Scheduler;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Runs tasks one at a time in the order they were posted, on the scheduler's thread whatever thread posts them. What
 * tasks write needs no further synchronisation among them: {@code pending} orders each run after the one before.
 */
final class SerialLane {
    private static final Logger LOG = System.getLogger(LoadBalancer.class.getName());

    private final String name;
    private final Scheduler scheduler;
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final AtomicInteger pending = new AtomicInteger();
    private final AtomicBoolean refused = new AtomicBoolean();

    SerialLane(String name, Scheduler scheduler) {
        this.name = name;
        this.scheduler = scheduler;
    }

    void post(Runnable task) {
        tasks.add(task);
        // Only the post that finds the lane idle schedules a run; that run takes along all that is posted meanwhile.
        if (pending.getAndIncrement() == 0) {
            schedule(this::drain, Duration.ZERO);
        }
    }

    Scheduler.Task postLater(Runnable task, long delayNanos) {
        return schedule(() -> post(task), Duration.ofNanos(Math.max(0, delayNanos)));
    }

    private Scheduler.Task schedule(Runnable task, Duration delay) {
        try {
            return scheduler.schedule(task, delay);
        } catch (RuntimeException e) {
            // An application that shuts its executor down first must not see that as a failed call or a lost snapshot.
            if (refused.compareAndSet(false, true)) {
                LOG.log(Level.WARNING, name + ": the scheduler refuses work; going on with the shared one", e);
            }
            return Scheduler.shared().schedule(task, delay);
        }
    }

    private void drain() {
        int batch = pending.get();
        for (int i = 0; i < batch; i++) {
            run(tasks.remove());
        }
        // Not in a loop: a lane that is kept busy would keep the others on the same thread from running.
        if (pending.addAndGet(-batch) > 0) {
            schedule(this::drain, Duration.ZERO);
        }
    }

    private void run(Runnable task) {
        try {
            task.run();
        } catch (Throwable e) {
            // A task that dies must not take the lane with it: every later change would be lost in silence.
            LOG.log(Level.ERROR, name + ": internal error in the balancer; its state is kept and it goes on", e);
        }
    }
}
