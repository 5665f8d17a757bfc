package io.lb4j.testing;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** A discovery that says what a test tells it to. Watchers that come late get the last snapshot. Thread-safe. */
public final class ManualDiscovery implements ServiceDiscovery {
    private final Map<String, List<Listener>> listeners = new ConcurrentHashMap<>();
    private final Map<String, List<ServiceInstance>> snapshots = new ConcurrentHashMap<>();

    /** Delivers these instances of {@code service} to everybody who watches it. */
    public ManualDiscovery set(String service, ServiceInstance... instances) {
        return set(service, List.of(instances));
    }

    /** Delivers these instances of {@code service} to everybody who watches it. */
    public ManualDiscovery set(String service, List<ServiceInstance> instances) {
        snapshots.put(service, List.copyOf(instances));
        each(service, l -> l.onInstances(instances));
        return this;
    }

    /** Says that there is no such service. */
    public void unknown(String service, String detail) {
        snapshots.remove(service);
        each(service, l -> l.onUnknownService(detail));
    }

    /** Says that the source failed. */
    public void fail(String service, Throwable error) {
        each(service, l -> l.onError(error));
    }

    /** Says that part of the answer was left out. */
    public void complain(String service, Throwable complaint) {
        each(service, l -> l.onComplaint(complaint));
    }

    /** How many watches of {@code service} are open. */
    public int watches(String service) {
        return listeners.getOrDefault(service, List.of()).size();
    }

    private void each(String service, Consumer<Listener> call) {
        listeners.getOrDefault(service, List.of()).forEach(call);
    }

    @Override
    public Watch watch(String service, Listener listener) {
        List<Listener> all = listeners.computeIfAbsent(service, s -> new CopyOnWriteArrayList<>());
        all.add(listener);
        List<ServiceInstance> last = snapshots.get(service);
        if (last != null) {
            listener.onInstances(last);
        }
        return () -> all.remove(listener);
    }

    @Override
    public void close() {
        listeners.clear();
    }

    @Override
    public String toString() {
        return "manual discovery";
    }
}
