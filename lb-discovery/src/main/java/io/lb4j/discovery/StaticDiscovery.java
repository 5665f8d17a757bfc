package io.lb4j.discovery;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.internal.Addresses;
import io.lb4j.discovery.internal.Names;
import io.lb4j.discovery.internal.Watchers;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;

/**
 * Instances that the program itself names: a fixed list, or one that the program changes with {@link #set}. Every
 * change reaches the watches before {@code set} returns, unless another thread is telling them at that moment.
 * Thread-safe.
 *
 * <pre>{@code
 * StaticDiscovery discovery = StaticDiscovery.of("orders", "127.0.0.1:8081", "127.0.0.1:8082");
 * }</pre>
 */
public final class StaticDiscovery implements ServiceDiscovery {
    private final Map<String, List<ServiceInstance>> services;
    private final Map<String, Watchers> watched = new LinkedHashMap<>();
    private boolean closed;

    private StaticDiscovery(Map<String, List<ServiceInstance>> services) {
        this.services = new LinkedHashMap<>(services);
    }

    /**
     * One service with instances at these addresses.
     *
     * @param addresses each {@code host:port}, an IPv6 address in brackets
     * @throws IllegalArgumentException if an address is malformed or given twice
     */
    public static StaticDiscovery of(String service, String... addresses) {
        return builder().addresses(service, addresses).build();
    }

    /** A builder without services. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Replaces all instances of a service, which becomes known if it wasn't. An empty list says that there are none.
     *
     * @throws IllegalArgumentException if an id occurs twice
     * @throws IllegalStateException if closed
     */
    public void set(String service, List<ServiceInstance> instances) {
        List<ServiceInstance> checked = checked(service, instances);
        change(() -> services.put(service, checked));
    }

    /**
     * Forgets a service. Its watches are told that it is unknown.
     *
     * @throws IllegalStateException if closed
     */
    public void remove(String service) {
        change(() -> services.remove(service));
    }

    private void change(Runnable change) {
        List<Watchers> told;
        synchronized (this) {
            checkOpen();
            change.run();
            watched.forEach(this::note);
            told = List.copyOf(watched.values());
        }
        told.forEach(Watchers::flush);
    }

    @Override
    public Watch watch(String service, Listener listener) {
        Watchers watchers;
        Watch watch;
        synchronized (this) {
            checkOpen();
            Watchers found = watched.computeIfAbsent(service, Watchers::new);
            note(service, found);
            watch = found.add(listener, () -> forget(service, found));
            watchers = found;
        }
        watchers.flush();
        return watch;
    }

    /** True: the program says so itself. */
    @Override
    public boolean vouchesForEmptyLists() {
        return true;
    }

    private void note(String service, Watchers watchers) {
        List<ServiceInstance> instances = services.get(service);
        if (instances != null) {
            watchers.instances(instances);
        } else {
            watchers.unknown("static discovery has no service '" + service + "' (expected: "
                    + Names.oneOf(new TreeSet<>(services.keySet())) + ")");
        }
    }

    private synchronized void forget(String service, Watchers watchers) {
        if (watchers.isEmpty()) {
            watched.remove(service, watchers);
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException(this + " is closed");
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        watched.values().forEach(Watchers::close);
        watched.clear();
    }

    @Override
    public synchronized String toString() {
        return "StaticDiscovery" + services.keySet();
    }

    private static List<ServiceInstance> checked(String service, List<ServiceInstance> instances) {
        if (service.isBlank()) {
            throw new IllegalArgumentException("service: '" + service + "' (expected: a name)");
        }
        return Addresses.unique(service, instances);
    }

    /** Collects services. Not thread-safe. */
    public static final class Builder {
        private final Map<String, List<ServiceInstance>> services = new LinkedHashMap<>();

        private Builder() {}

        /**
         * Adds a service; without instances it is known and has none.
         *
         * @throws IllegalArgumentException if the service was added before or an id occurs twice
         */
        public Builder service(String service, ServiceInstance... instances) {
            return service(service, List.of(instances));
        }

        /**
         * Adds a service.
         *
         * @throws IllegalArgumentException if the service was added before or an id occurs twice
         */
        public Builder service(String service, List<ServiceInstance> instances) {
            Objects.requireNonNull(service, "service");
            if (services.putIfAbsent(service, checked(service, instances)) != null) {
                throw new IllegalArgumentException("service: " + service + " (expected: each service once)");
            }
            return this;
        }

        /**
         * Adds a service with instances at these addresses.
         *
         * @param addresses each {@code host:port}, an IPv6 address in brackets
         * @throws IllegalArgumentException if the service was added before, an address is malformed or given twice
         */
        public Builder addresses(String service, String... addresses) {
            return service(
                    service, Arrays.stream(addresses).map(Addresses::parse).toList());
        }

        /** Builds the discovery; later changes to this builder don't reach it. */
        public StaticDiscovery build() {
            return new StaticDiscovery(services);
        }
    }
}
