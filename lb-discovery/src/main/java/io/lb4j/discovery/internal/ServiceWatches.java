package io.lb4j.discovery.internal;

import io.lb4j.ServiceDiscovery.Listener;
import io.lb4j.ServiceDiscovery.Watch;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;

/**
 * The services of one source that somebody watches: each is asked for once, however many watch it, from the first watch
 * to the close of the last. Thread-safe.
 */
public final class ServiceWatches implements AutoCloseable {
    private final String owner;
    private final Function<String, Running> opener;
    private final Map<String, Running> running = new HashMap<>();
    private boolean closed;

    /** What asks for one service. */
    public interface Running extends AutoCloseable {
        /** Who is told what it learns. */
        Watchers watchers();

        /**
         * Begins to ask; called once, outside of every lock. It may have been closed before. What it throws is thrown to
         * who watches.
         */
        void start();

        /** Stops asking, and {@linkplain Watchers#close ends} its watches. Idempotent, doesn't wait. */
        @Override
        void close();
    }

    /**
     * Services of which none is watched.
     *
     * @param owner the source, as messages name it
     * @param opener makes what asks for a service, without asking yet
     */
    public ServiceWatches(String owner, Function<String, Running> opener) {
        this.owner = owner;
        this.opener = opener;
    }

    /** As {@link io.lb4j.ServiceDiscovery#watch}. */
    public Watch watch(String service, Listener listener) {
        Running asked;
        Watch watch;
        boolean first;
        synchronized (this) {
            if (closed) {
                throw new IllegalStateException(owner + " is closed");
            }
            Running there = running.get(service);
            first = there == null;
            Running found = there != null ? there : opener.apply(service);
            running.put(service, found);
            watch = found.watchers().add(listener, () -> forget(service, found));
            asked = found;
        }
        if (first) {
            try {
                asked.start();
            } catch (RuntimeException e) {
                watch.close();
                throw e;
            }
        }
        asked.watchers().flush();
        return watch;
    }

    private synchronized void forget(String service, Running asked) {
        if (asked.watchers().isEmpty() && running.remove(service, asked)) {
            asked.close();
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        running.values().forEach(Running::close);
        running.clear();
    }
}
