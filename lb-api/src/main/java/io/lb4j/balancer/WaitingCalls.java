package io.lb4j.balancer;

import io.lb4j.PickRequest;
import io.lb4j.Scheduler;
import io.lb4j.Subset;
import io.lb4j.Ticker;
import io.lb4j.health.CallQueue;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Calls that wait until an instance has room, in the order in which they came. There is a lock, which nobody takes while
 * nobody waits; calls are completed outside it, since what depends on them is the user's.
 */
final class WaitingCalls {
    /** Calls that run out of time within this much of each other end together. */
    private static final long SWEEP_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final CallQueue settings;
    private final Ticker ticker;
    private final SerialLane lane;
    private final Refusals refusals;
    private final ReentrantLock lock = new ReentrantLock();

    /** Both ends of the ring: {@code ends.next} is the oldest call, {@code ends.previous} the newest. */
    private final Call ends = new Call(this, PickRequest.plain(), 0);

    /** Written under the lock. */
    private volatile int size;

    /** How many of them are within a subset; written under the lock. */
    private volatile int narrowed;

    private long standsSince;
    private @Nullable RuntimeException closed;
    private Scheduler.@Nullable Task sweep;
    private long sweepAt;

    /** What calls that leave without having been served are told. */
    @FunctionalInterface
    interface Refusals {
        RuntimeException refusal(String why);
    }

    /** One that waits: completed once, by being served, refused or given up by its caller. */
    static final class Call extends CompletableFuture<Lease> {
        private final WaitingCalls queue;
        private final PickRequest request;
        private final long deadlineNanos;

        private Call next = this;
        private Call previous = this;

        private Call(WaitingCalls queue, PickRequest request, long deadlineNanos) {
            this.queue = queue;
            this.request = request;
            this.deadlineNanos = deadlineNanos;
        }

        PickRequest request() {
            return request;
        }

        @Override
        public boolean cancel(boolean mayInterruptIfRunning) {
            boolean cancelled = super.cancel(mayInterruptIfRunning);
            queue.remove(this);
            return cancelled;
        }

        /** How {@link #orTimeout} gives up, for one. */
        @Override
        public boolean completeExceptionally(Throwable ex) {
            boolean failed = super.completeExceptionally(ex);
            queue.remove(this);
            return failed;
        }
    }

    /** A call, no longer in the queue, and the instance at which a place was taken for it; null if nobody is left for it. */
    record Served(Call call, @Nullable InstanceState by) {}

    WaitingCalls(CallQueue settings, Ticker ticker, SerialLane lane, Refusals refusals) {
        this.settings = settings;
        this.ticker = ticker;
        this.lane = lane;
        this.refusals = refusals;
    }

    int size() {
        return size;
    }

    int capacity() {
        return settings.capacity();
    }

    /** Adds a call, if there is a place or the oldest has to make one; else null. */
    @Nullable
    Call add(PickRequest request, long waitNanos) {
        long now = ticker.nanos();
        Call call = new Call(
                this, request, now + Math.min(waitNanos, settings.maxWait().toNanos()));
        Call oldest = null;
        lock.lock();
        try {
            if (closed != null) {
                throw closed;
            }
            if (size >= settings.capacity()) {
                if (!stands(now)) {
                    return null;
                }
                oldest = ends.next;
                unlink(oldest);
            }
            if (size == 0) {
                standsSince = now;
            }
            // In this order, so that whoever sees that a call waits knows its time to be running.
            sweepBy(call.deadlineNanos, now);
            link(call);
        } finally {
            lock.unlock();
        }
        if (oldest != null) {
            oldest.completeExceptionally(refusals.refusal("newer calls came first"));
        }
        return call;
    }

    /** Whether a call within a subset waits. */
    boolean hasSubsets() {
        return narrowed > 0;
    }

    /** Takes a place for the call whose turn it is; null if nobody waits or there is no room. */
    @Nullable
    Served serve(Function<? super PickRequest, ? extends @Nullable Routing> routings) {
        lock.lock();
        try {
            boolean newestFirst = stands(ticker.nanos());
            Set<@Nullable Subset> full = null;
            for (Call call = ends; (call = newestFirst ? call.previous : call.next) != ends; ) {
                Subset subset = call.request.subset();
                if (full != null && full.contains(subset)) {
                    continue;
                }
                Routing routing = routings.apply(call.request);
                InstanceState instance = routing == null ? null : routing.take(call.request);
                if (instance != null || routing == null) {
                    unlink(call);
                    return new Served(call, instance);
                }
                if (narrowed == 0) {
                    return null;
                }
                // The others are not to wait for room where they don't want to go.
                full = full == null ? new HashSet<>() : full;
                full.add(subset);
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    /** Refuses all that wait. */
    void clear(RuntimeException reason) {
        List<Call> all = new ArrayList<>();
        lock.lock();
        try {
            while (size > 0) {
                all.add(ends.next);
                unlink(ends.next);
            }
        } finally {
            lock.unlock();
        }
        all.forEach(each -> each.completeExceptionally(reason));
    }

    /** Refuses all that wait, and those that come. */
    void close(RuntimeException reason) {
        lock.lock();
        try {
            closed = reason;
            if (sweep != null) {
                sweep.cancel();
            }
        } finally {
            lock.unlock();
        }
        clear(reason);
    }

    private void remove(Call call) {
        lock.lock();
        try {
            if (call.next != call) {
                unlink(call);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Whether it has not been empty for so long that more must be coming than can be served. */
    private boolean stands(long now) {
        return now - standsSince > settings.target().toNanos();
    }

    private void link(Call call) {
        call.previous = ends.previous;
        call.next = ends;
        ends.previous.next = call;
        ends.previous = call;
        int more = size + 1;
        size = more;
        narrow(call, 1);
    }

    private void unlink(Call call) {
        call.previous.next = call.next;
        call.next.previous = call.previous;
        call.next = call;
        call.previous = call;
        int fewer = size - 1;
        size = fewer;
        narrow(call, -1);
    }

    private void narrow(Call call, int by) {
        if (call.request.subset() != null) {
            int now = narrowed + by;
            narrowed = now;
        }
    }

    /** One timer for all, for the first that runs out of time. */
    private void sweepBy(long deadline, long now) {
        if (sweep != null) {
            if (deadline - sweepAt >= 0) {
                return;
            }
            sweep.cancel();
        }
        sweepAt = deadline;
        sweep = lane.postLater(this::sweep, Math.max(SWEEP_NANOS, deadline - now));
    }

    private void sweep() {
        List<Call> late = new ArrayList<>();
        lock.lock();
        try {
            sweep = null;
            if (closed != null) {
                return;
            }
            long now = ticker.nanos();
            Call first = null;
            for (Call call = ends.next; call != ends; ) {
                Call following = call.next;
                if (call.deadlineNanos - now <= 0) {
                    unlink(call);
                    late.add(call);
                } else if (first == null || call.deadlineNanos - first.deadlineNanos < 0) {
                    first = call;
                }
                call = following;
            }
            if (first != null) {
                sweepBy(first.deadlineNanos, now);
            }
        } finally {
            lock.unlock();
        }
        if (!late.isEmpty()) {
            RuntimeException refusal = refusals.refusal("none got free in time");
            late.forEach(each -> each.completeExceptionally(refusal));
        }
    }
}
