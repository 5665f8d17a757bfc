package io.lb4j.simulator;

import io.lb4j.Scheduler;
import io.lb4j.Ticker;
import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Virtual time: what is to happen, in order, and at one moment in the order it was asked for. Runs on one thread, and is
 * the engine's clock and scheduler, too.
 *
 * <p>A heap of its own, since half of all events of a busy server are cancelled, and a general queue would search for each.
 * Four children to a node, and their times next to each other: most of what it costs is waiting for memory.
 */
final class Clock implements Ticker, Scheduler {
    private static final int CHILDREN_LOG2 = 2;
    private static final int CHILDREN = 1 << CHILDREN_LOG2;

    /** Fewer cancelled ones aren't worth a sweep. */
    private static final int FEW = 64;

    private Event[] heap = new Event[1024];

    /** When each is to happen, at the same place. */
    private long[] times = new long[1024];

    private int size;
    private int cancelled;
    private long now;
    private long sequence;

    /** Something that is to happen. */
    final class Event implements Task {
        private final long order;
        private @Nullable Runnable action;

        private Event(long order, Runnable action) {
            this.order = order;
            this.action = action;
        }

        /** It stays in the heap for a while, and does nothing. */
        @Override
        public void cancel() {
            if (action != null) {
                action = null;
                if (++cancelled > FEW && cancelled > size >> 1) {
                    sweep();
                }
            }
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
        Event event = new Event(sequence++, action);
        if (size == heap.length) {
            heap = Arrays.copyOf(heap, 2 * size);
            times = Arrays.copyOf(times, 2 * size);
        }
        int hole = size++;
        while (hole > 0) {
            int parent = (hole - 1) >> CHILDREN_LOG2;
            // Of those for the same moment it is the last that was asked for.
            if (times[parent] <= at) {
                break;
            }
            move(parent, hole);
            hole = parent;
        }
        put(at, event, hole);
        return event;
    }

    /** Lets everything happen that is due at this moment, and what that makes due. */
    void settle() {
        runUntil(now + 1);
        now--;
    }

    /** Lets everything happen that is to happen before {@code end}, and is at {@code end} then. */
    void runUntil(long end) {
        while (size > 0 && times[0] < end) {
            long at = times[0];
            Event next = removeFirst();
            Runnable action = next.action;
            if (action == null) {
                cancelled--;
            } else {
                // To be cancelled from now on means nothing.
                next.action = null;
                now = at;
                action.run();
            }
        }
        now = Math.max(now, end);
    }

    private Event removeFirst() {
        final Event first = heap[0];
        Event last = heap[--size];
        heap[size] = null;
        if (size > 0) {
            sink(times[size], last, 0);
        }
        return first;
    }

    /** Puts an event at a place or, below it, where those that come earlier leave one. */
    private void sink(long at, Event event, int place) {
        int hole = place;
        for (; ; ) {
            int child = (hole << CHILDREN_LOG2) + 1;
            if (child >= size) {
                break;
            }
            int least = child;
            int end = Math.min(size, child + CHILDREN);
            while (++child < end) {
                if (isBefore(times[child], heap[child], times[least], heap[least])) {
                    least = child;
                }
            }
            if (!isBefore(times[least], heap[least], at, event)) {
                break;
            }
            move(least, hole);
            hole = least;
        }
        put(at, event, hole);
    }

    private static boolean isBefore(long at, Event event, long otherAt, Event other) {
        return at != otherAt ? at < otherAt : event.order < other.order;
    }

    private void move(int from, int to) {
        put(times[from], heap[from], to);
    }

    private void put(long at, Event event, int place) {
        times[place] = at;
        heap[place] = event;
    }

    /**
     * Drops what was cancelled: a call's deadline is, long before its time, and there would be as many of them as calls in that
     * time.
     */
    private void sweep() {
        int kept = 0;
        for (int i = 0; i < size; i++) {
            if (heap[i].action != null) {
                move(i, kept++);
            }
        }
        Arrays.fill(heap, kept, size, null);
        size = kept;
        cancelled = 0;
        for (int i = (size + 2) >> CHILDREN_LOG2; i-- > 0; ) {
            sink(times[i], heap[i], i);
        }
    }
}
