package io.lb4j.simulator;

import io.lb4j.Scheduler;
import io.lb4j.Ticker;
import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Virtual time: what is to happen, in order, and at one moment in the order it was asked for. Runs on one thread, and is
 * the engine's clock and scheduler, too. A binary heap of its own, since half of all events of a busy server are
 * cancelled, and a general queue would search for each.
 */
final class Clock implements Ticker, Scheduler {
    private Event[] heap = new Event[1024];
    private int size;
    private long now;
    private long sequence;

    /** Something that is to happen. */
    static final class Event implements Task {
        private final long at;
        private final long order;
        private @Nullable Runnable action;

        private Event(long at, long order, Runnable action) {
            this.at = at;
            this.order = order;
            this.action = action;
        }

        private boolean isBefore(Event other) {
            return at != other.at ? at < other.at : order < other.order;
        }

        /** It stays in the heap until its time, and does nothing then. */
        @Override
        public void cancel() {
            action = null;
        }
    }

    @Override
    public long nanos() {
        return now;
    }

    @Override
    public Task schedule(Runnable task, Duration delay) {
        return in(Math.max(0, delay.toNanos()), task);
    }

    /** Has something happen {@code nanos} from now. */
    Event in(long nanos, Runnable action) {
        long at = now + nanos;
        if (nanos < 0 || at < now) {
            throw new IllegalArgumentException(
                    "nanos: " + nanos + " (expected: 0 or more, and less than 292 years from now)");
        }
        Event event = new Event(at, sequence++, action);
        if (size == heap.length) {
            heap = Arrays.copyOf(heap, 2 * size);
        }
        int hole = size++;
        while (hole > 0 && event.isBefore(heap[(hole - 1) >> 1])) {
            heap[hole] = heap[(hole - 1) >> 1];
            hole = (hole - 1) >> 1;
        }
        heap[hole] = event;
        return event;
    }

    /** Lets everything happen that is due at this moment, and what that makes due. */
    void settle() {
        runUntil(now + 1);
        now--;
    }

    /** Lets everything happen that is to happen before {@code end}, and is at {@code end} then. */
    void runUntil(long end) {
        while (size > 0 && heap[0].at < end) {
            Event next = removeFirst();
            Runnable action = next.action;
            if (action != null) {
                now = next.at;
                action.run();
            }
        }
        now = Math.max(now, end);
    }

    private Event removeFirst() {
        final Event first = heap[0];
        Event last = heap[--size];
        heap[size] = null;
        int hole = 0;
        for (int child = 1; child < size; child = 2 * hole + 1) {
            if (child + 1 < size && heap[child + 1].isBefore(heap[child])) {
                child++;
            }
            if (!heap[child].isBefore(last)) {
                break;
            }
            heap[hole] = heap[child];
            hole = child;
        }
        if (size > 0) {
            heap[hole] = last;
        }
        return first;
    }
}
