package io.lb4j.discovery.decorator;

import io.lb4j.ServiceDiscovery;
import java.util.Objects;

/**
 * Watches one service of a source, whatever name is asked for: callers say {@code orders}, and the registry has {@code
 * shop-orders-v2}. Thread-safe. Closes its source with itself.
 */
public final class NamedDiscovery implements ServiceDiscovery {
    private final ServiceDiscovery source;
    private final String service;

    private NamedDiscovery(ServiceDiscovery source, String service) {
        this.source = Objects.requireNonNull(source, "source");
        this.service = Objects.requireNonNull(service, "service");
    }

    /**
     * Watches {@code service} of {@code source} only.
     *
     * @param source closed with this
     * @param service as the source spells it
     */
    public static NamedDiscovery of(ServiceDiscovery source, String service) {
        return new NamedDiscovery(source, service);
    }

    @Override
    public Watch watch(String logicalName, Listener listener) {
        return source.watch(service, listener);
    }

    @Override
    public boolean vouchesForEmptyLists() {
        return source.vouchesForEmptyLists();
    }

    @Override
    public void close() {
        source.close();
    }

    @Override
    public String toString() {
        return "service " + service + " of " + source;
    }
}
