package io.lb4j.discovery.internal;

import io.lb4j.ServiceDiscovery.Listener;
import io.lb4j.ServiceDiscovery.Watch;
import io.lb4j.ServiceInstance;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Everybody who watches one service, and what they were told last. Who comes late is told the same. What is said here
 * is only noted; {@link #flush} tells it, to be called outside of every lock, since listeners are other people's code.
 * Each hears one call at a time; one that lags behind gets the newest state, not all of them. Thread-safe.
 */
public final class Watchers {
    private static final System.Logger LOG = System.getLogger(Watchers.class.getName());

    private final String service;
    private final List<Subscription> subscriptions = new ArrayList<>();
    private @Nullable Event state;
    private @Nullable Event trouble;
    private @Nullable Event complaint;

    public Watchers(String service) {
        this.service = service;
    }

    /** What a listener can be told. */
    private sealed interface Event {
        void tell(Listener listener);

        /** Whether this takes the place of that one, if it wasn't told yet. */
        default boolean replaces(Event earlier) {
            return earlier.getClass() == getClass();
        }

        /** What the service is. */
        sealed interface State extends Event {
            @Override
            default boolean replaces(Event earlier) {
                return earlier instanceof State;
            }
        }

        record Instances(List<ServiceInstance> instances) implements State {
            @Override
            public void tell(Listener listener) {
                listener.onInstances(instances);
            }
        }

        record Unknown(String detail) implements State {
            @Override
            public void tell(Listener listener) {
                listener.onUnknownService(detail);
            }
        }

        record Trouble(Throwable error) implements Event {
            @Override
            public void tell(Listener listener) {
                listener.onError(error);
            }
        }

        record Complaint(Throwable error) implements Event {
            @Override
            public void tell(Listener listener) {
                listener.onComplaint(error);
            }
        }
    }

    /**
     * Adds a listener and tells it what is known.
     *
     * @param onClose runs once, when the watch is closed
     */
    public synchronized Watch add(Listener listener, Runnable onClose) {
        Subscription added = new Subscription(Objects.requireNonNull(listener, "listener"), onClose);
        subscriptions.add(added);
        if (state != null) {
            added.post(state);
        }
        if (trouble != null) {
            added.post(trouble);
        }
        if (complaint != null) {
            added.post(complaint);
        }
        return added;
    }

    public void instances(List<ServiceInstance> instances) {
        state(new Event.Instances(instances));
    }

    public void unknown(String detail) {
        state(new Event.Unknown(detail));
    }

    /** Tells everybody, unless that is what they were told last and nothing went wrong since. */
    private synchronized void state(Event next) {
        if (trouble != null || !next.equals(state)) {
            state = next;
            trouble = null;
            subscriptions.forEach(s -> s.post(next));
        }
    }

    public synchronized void error(Throwable error) {
        Event next = new Event.Trouble(error);
        trouble = next;
        subscriptions.forEach(s -> s.post(next));
    }

    /** Something is wrong with part of what the source says; the source is well. */
    public synchronized void complaint(Throwable error) {
        Event next = new Event.Complaint(error);
        complaint = next;
        subscriptions.forEach(s -> s.post(next));
    }

    /** Whoever comes from now on hears of no complaint. */
    public synchronized void noComplaint() {
        complaint = null;
    }

    /** Tells what was noted, on this thread, unless another thread is telling it. */
    public void flush() {
        List<Subscription> all;
        synchronized (this) {
            all = List.copyOf(subscriptions);
        }
        all.forEach(Subscription::drain);
    }

    /** The instances told last, whatever went wrong since; null if none were. */
    public synchronized @Nullable List<ServiceInstance> lastInstances() {
        return state instanceof Event.Instances known ? known.instances : null;
    }

    public synchronized boolean isEmpty() {
        return subscriptions.isEmpty();
    }

    private synchronized boolean remove(Subscription subscription) {
        return subscriptions.remove(subscription);
    }

    /** Ends every watch without running what was to run on its close. */
    public synchronized void close() {
        subscriptions.forEach(Subscription::end);
        subscriptions.clear();
    }

    private final class Subscription implements Watch {
        private final Listener listener;
        private final Runnable onClose;

        /** At most one state, one trouble and one complaint, in the order they came; guarded by this. */
        private final ArrayDeque<Event> pending = new ArrayDeque<>(3);

        private boolean draining;
        private boolean ended;

        Subscription(Listener listener, Runnable onClose) {
            this.listener = listener;
            this.onClose = onClose;
        }

        synchronized void post(Event event) {
            pending.removeIf(event::replaces);
            pending.add(event);
        }

        private synchronized @Nullable Event next(boolean mine) {
            if (draining && !mine) {
                return null;
            }
            Event event = ended ? null : pending.poll();
            draining = event != null;
            return event;
        }

        void drain() {
            for (Event event = next(false); event != null; event = next(true)) {
                try {
                    event.tell(listener);
                } catch (RuntimeException e) {
                    LOG.log(System.Logger.Level.WARNING, service + ": a discovery listener threw", e);
                }
            }
        }

        synchronized void end() {
            ended = true;
            pending.clear();
        }

        @Override
        public void close() {
            end();
            if (remove(this)) {
                onClose.run();
            }
        }
    }
}
