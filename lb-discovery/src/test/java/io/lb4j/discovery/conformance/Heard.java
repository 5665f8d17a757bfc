package io.lb4j.discovery.conformance;

import io.lb4j.ServiceDiscovery.Listener;
import io.lb4j.ServiceInstance;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;

/** A listener that keeps the last list, and what else it was told. */
final class Heard implements Listener {
    volatile List<ServiceInstance> last = List.of();
    private final AtomicInteger lists = new AtomicInteger();
    final List<String> errors = new CopyOnWriteArrayList<>();
    final List<String> unknown = new CopyOnWriteArrayList<>();

    @Override
    public void onInstances(List<ServiceInstance> instances) {
        last = List.copyOf(instances);
        lists.incrementAndGet();
    }

    @Override
    public void onUnknownService(String detail) {
        unknown.add(detail);
        last = List.of();
    }

    @Override
    public void onError(Throwable error) {
        errors.add(String.valueOf(error.getMessage()));
    }

    /** How many lists it was told. */
    int lists() {
        return lists.get();
    }

    Map<String, ServiceInstance> byId() {
        return last.stream().collect(Collectors.toMap(ServiceInstance::id, Function.identity()));
    }
}
