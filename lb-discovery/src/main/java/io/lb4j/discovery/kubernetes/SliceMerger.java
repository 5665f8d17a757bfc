package io.lb4j.discovery.kubernetes;

import io.lb4j.ServiceInstance;
import io.lb4j.discovery.kubernetes.EndpointSlice.Endpoint;
import io.lb4j.discovery.kubernetes.EndpointSlice.Port;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Makes one list of instances of all slices of a service. Not thread-safe. */
final class SliceMerger {
    /** Metadata of an instance that isn't ready: {@code notReady}, or {@code terminating}. */
    static final String CONDITION = "condition";

    /** As much of a random uid as tells the few pods apart that have one address in turn. */
    private static final int UID_SHOWN = 8;

    private final ServiceName service;
    private final Rules rules;
    private final Map<String, Candidate> byAddress = new TreeMap<>();
    private final List<String> complaints = new ArrayList<>();

    /**
     * What the user decides.
     *
     * @param secure whether all instances speak TLS, whatever their port says
     * @param zone the caller's own, for hints; null to leave those alone
     * @param node the caller's own, likewise
     */
    record Rules(
            boolean preferIpv6,
            boolean secure,
            @Nullable String zone,
            @Nullable String node) {}

    private record Candidate(Endpoint endpoint, Port port, int number) {
        /** How far it may be called: a slice that is behind must not bring back who has left. */
        int rank() {
            return endpoint.ready() ? 3 : endpoint.isLastResort() ? 2 : endpoint.terminating() ? 0 : 1;
        }
    }

    SliceMerger(ServiceName service, Rules rules) {
        this.service = service;
        this.rules = rules;
    }

    /** By address, so that the order is always the same. */
    List<ServiceInstance> merge(Collection<EndpointSlice> slices) {
        String type = addressType(slices);
        List<EndpointSlice> used = slices.stream()
                .filter(slice ->
                        slice.addressType().equals(type) && !slice.endpoints().isEmpty())
                .toList();
        used.forEach(this::collect);
        if (byAddress.isEmpty() && complaints.isEmpty() && !used.isEmpty()) {
            complainOfPorts(used);
        }
        boolean anyReady = byAddress.values().stream().anyMatch(c -> c.endpoint.ready());
        boolean byNode = isHinted(Endpoint::nodeHints, rules.node);
        boolean byZone = isHinted(Endpoint::hints, rules.zone);
        List<ServiceInstance> instances = new ArrayList<>();
        for (Candidate candidate : byAddress.values()) {
            if (candidate.rank() > 0) {
                try {
                    Endpoint endpoint = candidate.endpoint;
                    int away = (byNode && !endpoint.nodeHints().contains(rules.node) ? 1 : 0)
                            + (byZone && !endpoint.hints().contains(rules.zone) ? 1 : 0);
                    instances.add(instance(candidate, anyReady, away));
                } catch (IllegalArgumentException e) {
                    complaints.add("an endpoint that is left out: " + e.getMessage());
                }
            }
        }
        return List.copyOf(instances);
    }

    List<String> complaints() {
        return complaints;
    }

    /** A server with addresses of both families is one instance, so that one family counts: the first with any endpoint. */
    private String addressType(Collection<EndpointSlice> slices) {
        List<String> order = rules.preferIpv6 ? List.of("IPv6", "IPv4", "FQDN") : List.of("IPv4", "IPv6", "FQDN");
        return order.stream()
                .filter(type -> slices.stream()
                        .anyMatch(slice -> slice.addressType().equals(type)
                                && !slice.endpoints().isEmpty()))
                .findFirst()
                .orElse("");
    }

    private void collect(EndpointSlice slice) {
        Port port = port(slice);
        if (port == null) {
            return;
        }
        int number = port.number() > 0 ? port.number() : service.portNumber();
        for (Endpoint endpoint : slice.endpoints()) {
            byAddress.merge(
                    endpoint.address() + " " + number,
                    new Candidate(endpoint, port, number),
                    (one, other) -> other.rank() > one.rank() ? other : one);
        }
    }

    /** The port that was asked for; null if the slice hasn't got it, as happens while pods of a new version come up. */
    private @Nullable Port port(EndpointSlice slice) {
        List<Port> ports = slice.ports();
        int number = service.portNumber();
        if (number > 0) {
            Port unnumbered = ports.isEmpty() ? new Port("", number, "") : null;
            return ports.stream()
                    .filter(port -> port.number() == number || port.number() == 0)
                    .findFirst()
                    .orElse(unnumbered);
        }
        if (!service.port().isEmpty()) {
            return ports.stream()
                    .filter(port -> port.name().equals(service.port()) && port.number() > 0)
                    .findFirst()
                    .orElse(null);
        }
        return ports.size() == 1 && ports.get(0).number() > 0 ? ports.get(0) : null;
    }

    private void complainOfPorts(List<EndpointSlice> slices) {
        Set<String> names = new TreeSet<>();
        for (EndpointSlice slice : slices) {
            slice.ports().forEach(port -> names.add(port.name().isEmpty() ? "" + port.number() : port.name()));
        }
        complaints.add("port: " + (service.port().isEmpty() ? "none asked for" : "'" + service.port() + "'")
                + " (expected: one of " + names + ", as in " + service.service() + ":"
                + names.stream().findFirst().orElse("8080") + ")");
    }

    /** As kube-proxy: hints count if every ready endpoint has some, and one is for the caller's place. */
    private boolean isHinted(Function<Endpoint, List<String>> hints, @Nullable String place) {
        List<Endpoint> ready = byAddress.values().stream()
                .map(Candidate::endpoint)
                .filter(Endpoint::ready)
                .toList();
        return place != null
                && ready.stream().noneMatch(endpoint -> hints.apply(endpoint).isEmpty())
                && ready.stream().anyMatch(endpoint -> hints.apply(endpoint).contains(place));
    }

    private ServiceInstance instance(Candidate candidate, boolean anyReady, int priority) {
        Endpoint endpoint = candidate.endpoint;
        Map<String, String> metadata = new LinkedHashMap<>();
        put(metadata, "pod", endpoint.pod());
        put(metadata, "node", endpoint.node());
        put(metadata, "hostname", endpoint.hostname());
        put(metadata, "hints", String.join(",", endpoint.hints()));
        if (!endpoint.ready()) {
            metadata.put(CONDITION, endpoint.isLastResort() ? "terminating" : "notReady");
        }
        if (endpoint.isLastResort() && anyReady) {
            metadata.put(ServiceInstance.TERMINATING, "true");
        }
        boolean callable = endpoint.ready() || endpoint.isLastResort();
        ServiceInstance.Builder builder = ServiceInstance.builder(endpoint.address(), candidate.number)
                .secure(rules.secure || candidate.port.isSecure())
                .weight(callable ? 1 : 0)
                .zone(endpoint.zone())
                .priority(priority)
                .metadata(metadata);
        return identified(builder, endpoint.uid());
    }

    /** Another pod at the same address isn't to inherit what is known of the one before, so that the address isn't enough. */
    private static ServiceInstance identified(ServiceInstance.Builder builder, String uid) {
        ServiceInstance instance = builder.build();
        return uid.isEmpty()
                ? instance
                : builder.id(instance.authority() + "~" + uid.substring(0, Math.min(UID_SHOWN, uid.length())))
                        .build();
    }

    private static void put(Map<String, String> metadata, String key, String value) {
        if (!value.isEmpty()) {
            metadata.put(key, value);
        }
    }
}
