package io.lb4j.discovery.internal;

import com.fasterxml.jackson.databind.JsonNode;
import io.lb4j.Scheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import okhttp3.Call;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * What one watch asks its source, one question after the other: an answer that is waited for, or a timer, is under way at
 * any time, and its handler begins the next one as the last thing it does. Thread-safe.
 */
public final class Questions implements AutoCloseable {
    private final Scheduler scheduler;
    private final Backoff backoff;

    /** All guarded by this. */
    private @Nullable Pending pending;

    private Scheduler.@Nullable Task timer;
    private int failures;
    private boolean closed;

    /** An answer that is waited for. */
    @FunctionalInterface
    public interface Pending {
        /** Waits no longer; the answer isn't told. Idempotent. */
        void cancel();
    }

    public Questions(Scheduler scheduler, Backoff backoff) {
        this.scheduler = scheduler;
        this.backoff = backoff;
    }

    /** Asks, unless closed. What was asked before is over, and cancelled if it doesn't know yet. */
    public synchronized void ask(Supplier<Pending> question) {
        if (!closed) {
            if (pending != null) {
                pending.cancel();
            }
            pending = question.get();
        }
    }

    /**
     * Opens a stream, unless closed.
     *
     * @param patience how long the answer may take to begin; it has failed otherwise
     * @param atMost how long the stream may last; it fails then, as JsonCalls says
     */
    public void stream(
            JsonCalls calls,
            Request.Builder request,
            Duration patience,
            Duration atMost,
            JsonCalls.LineHandler handler) {
        ask(() -> {
            Opening opening = new Opening(calls, handler);
            opening.begin(calls.stream(request, atMost, Duration.ZERO, opening), patience);
            return opening;
        });
    }

    /** All is well: a failure would be the first one. */
    public synchronized void succeeded() {
        failures = 0;
    }

    /** Whether the last one failed. */
    public synchronized boolean isFailing() {
        return failures > 0;
    }

    /** Goes on after a moment that differs from client to client, since what ended may have ended for all. */
    public synchronized void soon(Runnable next) {
        in(backoff.delay(1), next);
    }

    /** Notes a failure and goes on after a wait, unless closed. */
    public synchronized void afterFailure(Runnable next) {
        failures++;
        in(backoff.delay(failures), next);
    }

    /** Goes on after a wait, unless closed. */
    public synchronized void in(Duration delay, Runnable next) {
        if (!closed) {
            timer = scheduler.schedule(next, delay);
        }
    }

    public synchronized boolean isClosed() {
        return closed;
    }

    /** Cancels what is under way. Idempotent, doesn't wait. */
    @Override
    public synchronized void close() {
        closed = true;
        if (timer != null) {
            timer.cancel();
        }
        if (pending != null) {
            pending.cancel();
        }
    }

    /** A stream of which nothing is known yet, later one that talks. */
    private final class Opening implements JsonCalls.LineHandler, Pending {
        private final JsonCalls calls;
        private final JsonCalls.LineHandler handler;
        private final AtomicReference<State> state = new AtomicReference<>(State.WAITING);
        private volatile @Nullable Call call;
        private volatile Scheduler.@Nullable Task overdue;

        private enum State {
            WAITING,
            OPEN,
            OVER
        }

        Opening(JsonCalls calls, JsonCalls.LineHandler handler) {
            this.calls = calls;
            this.handler = handler;
        }

        void begin(Call opened, Duration patience) {
            call = opened;
            overdue = scheduler.schedule(this::overdue, patience);
            if (state.get() != State.WAITING) {
                stopClock();
            }
        }

        private void overdue() {
            if (leave(State.OVER)) {
                cancelCall();
                // Whoever is told may take its time, and this is the scheduler's thread.
                calls.run(() -> handler.failed(new IOException(calls + ": no answer in time")));
            }
        }

        private boolean leave(State next) {
            boolean first = state.compareAndSet(State.WAITING, next);
            if (first) {
                stopClock();
            }
            return first;
        }

        private void stopClock() {
            Scheduler.Task clock = overdue;
            if (clock != null) {
                clock.cancel();
            }
        }

        private void cancelCall() {
            Call open = call;
            if (open != null) {
                open.cancel();
            }
        }

        @Override
        public void opened() {
            if (leave(State.OPEN)) {
                handler.opened();
            }
        }

        @Override
        public void line(JsonNode line) {
            if (state.get() == State.OPEN) {
                handler.line(line);
            }
        }

        @Override
        public void caughtUp() {
            if (state.get() == State.OPEN) {
                handler.caughtUp();
            }
        }

        @Override
        public void ended() {
            if (state.getAndSet(State.OVER) == State.OPEN) {
                handler.ended();
            }
        }

        @Override
        public void refused(int status, JsonNode body) {
            if (leave(State.OVER)) {
                handler.refused(status, body);
            }
        }

        @Override
        public void failed(IOException error) {
            if (state.getAndSet(State.OVER) != State.OVER) {
                stopClock();
                handler.failed(error);
            }
        }

        @Override
        public void cancel() {
            state.set(State.OVER);
            stopClock();
            cancelCall();
        }
    }
}
