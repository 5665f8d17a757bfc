package io.lb4j.discovery.decorator;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceDiscovery.Listener;
import io.lb4j.ServiceDiscovery.Watch;
import io.lb4j.discovery.internal.ServiceWatches;
import io.lb4j.discovery.internal.Watchers;
import java.util.ArrayList;
import java.util.List;

/**
 * One service, watched once at each source on behalf of everybody who watches it here. Subclasses note what they hear in
 * {@link #watchers} and flush those when they hold no lock. Thread-safe.
 */
abstract class Relay implements ServiceWatches.Running {
    final String service;
    private final Watchers watchers;
    private final List<Watch> upstream = new ArrayList<>();
    private boolean closed;

    Relay(String service) {
        this(service, new Watchers(service));
    }

    Relay(String service, Watchers watchers) {
        this.service = service;
        this.watchers = watchers;
    }

    @Override
    public final Watchers watchers() {
        return watchers;
    }

    /** Watches a source until this is closed. */
    final void open(ServiceDiscovery source, Listener listener) {
        Watch watch = source.watch(service, listener);
        synchronized (upstream) {
            if (!closed) {
                upstream.add(watch);
                return;
            }
        }
        watch.close();
    }

    /** Tells what a source complains of, which says nothing against its list. */
    final void passOn(Throwable complaint) {
        watchers.complaint(complaint);
        watchers.flush();
    }

    final boolean isClosed() {
        synchronized (upstream) {
            return closed;
        }
    }

    @Override
    public void close() {
        List<Watch> all;
        synchronized (upstream) {
            closed = true;
            all = List.copyOf(upstream);
            upstream.clear();
        }
        all.forEach(Watch::close);
        watchers.close();
    }
}
