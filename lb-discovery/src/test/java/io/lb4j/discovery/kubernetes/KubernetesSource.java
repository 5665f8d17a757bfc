package io.lb4j.discovery.kubernetes;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.conformance.RealSource;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * An API server and what the controller of slices does for it: endpoints whose ports differ are in slices of their own. What
 * is known outlives a restart, as a cluster's store does the API server's.
 */
public final class KubernetesSource implements RealSource {
    private static final String NAMESPACE = "shop";

    private final ApiServer api = new ApiServer(null);
    private boolean running = true;

    /** By service, slice and id. */
    private final Map<String, Map<String, TreeMap<String, ServiceInstance>>> slices = new HashMap<>();

    @Override
    public void start() {
        if (!running) {
            api.start();
            running = true;
        }
    }

    @Override
    public void kill() {
        running = false;
        api.kill();
    }

    @Override
    public boolean keepsMemory() {
        return true;
    }

    @Override
    public Set<Trait> traits() {
        return EnumSet.of(Trait.ID, Trait.ZONE, Trait.SECURE, Trait.UNKNOWN_SERVICE);
    }

    /** Those of a test are all on 127.0.0.1, and their ids end in their port. */
    @Override
    public String listedId(String id) {
        return "127.0.0.1:" + id.substring(1);
    }

    @Override
    public void put(String service, ServiceInstance instance) {
        String slice = service + "-" + instance.port() + (instance.secure() ? "-s" : "");
        Map<String, TreeMap<String, ServiceInstance>> all = slices.computeIfAbsent(service, key -> new HashMap<>());
        all.computeIfAbsent(slice, key -> new TreeMap<>()).put(instance.id(), instance);
        tell(slice, service);
        // Into its new slice first, so that it is in both for a moment.
        removeFromOthers(service, instance.id(), slice);
    }

    @Override
    public void remove(String service, String id) {
        removeFromOthers(service, id, "");
    }

    private void removeFromOthers(String service, String id, String kept) {
        slices.get(service).forEach((name, instances) -> {
            if (!name.equals(kept) && instances.remove(id) != null) {
                tell(name, service);
            }
        });
    }

    /** A slice that has nobody left stays as it is, empty. */
    private void tell(String slice, String service) {
        TreeMap<String, ServiceInstance> instances = slices.get(service).get(slice);
        String port = slice.substring(service.length() + 1);
        boolean secure = port.endsWith("-s");
        String endpoints = instances.values().stream()
                .map(each -> "{\"addresses\":[\"" + each.host() + "\"]"
                        + (each.zone() == null ? "" : ",\"zone\":\"" + each.zone() + "\"") + "}")
                .collect(Collectors.joining(","));
        api.put(
                NAMESPACE,
                service,
                slice,
                "{\"addressType\":\"IPv4\",\"ports\":[{\"name\":\"web\",\"protocol\":\"TCP\",\"port\":"
                        + (secure ? port.substring(0, port.length() - 2) + ",\"appProtocol\":\"https\"" : port)
                        + "}],\"endpoints\":[" + endpoints + "]}");
    }

    @Override
    public String address() {
        return "127.0.0.1:" + api.port();
    }

    @Override
    public ServiceDiscovery discovery(String address) {
        return KubernetesDiscovery.builder("http://" + address)
                .namespace(NAMESPACE)
                .watchTime(Duration.ofSeconds(2))
                .margin(Duration.ofSeconds(2))
                .build();
    }

    @Override
    public void close() {
        if (running) {
            kill();
        }
    }
}
