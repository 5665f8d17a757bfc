package io.lb4j.discovery.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is used of an EndpointSlice of {@code discovery.k8s.io/v1}. Immutable.
 *
 * @param addressType {@code IPv4}, {@code IPv6} or {@code FQDN}
 */
record EndpointSlice(String name, String addressType, List<Port> ports, List<Endpoint> endpoints) {
    /**
     * A port that all endpoints of the slice have.
     *
     * @param number 0 if the slice doesn't say
     */
    record Port(String name, int number, String appProtocol) {
        boolean isSecure() {
            return appProtocol.isEmpty()
                    ? name.equals("https") || name.startsWith("https-")
                    : appProtocol.equals("https") || appProtocol.equals("kubernetes.io/wss");
        }
    }

    /**
     * A server.
     *
     * @param address the first one; more have no meaning that is agreed upon
     * @param uid of the pod, or whatever is behind it; of another one that has the address later, another one
     * @param hints the zones whose callers it is meant for
     * @param nodeHints the nodes whose callers it is meant for
     */
    record Endpoint(
            String address,
            boolean ready,
            boolean serving,
            boolean terminating,
            @Nullable String zone,
            String hostname,
            String node,
            String pod,
            String uid,
            List<String> hints,
            List<String> nodeHints) {
        /** May take calls as long as no other one is ready: it is about to stop, but still works. */
        boolean isLastResort() {
            return !ready && serving && terminating;
        }
    }

    /** @throws IllegalArgumentException if that is no such object */
    static EndpointSlice of(JsonNode object) {
        List<Port> ports = new ArrayList<>();
        for (JsonNode port : object.path("ports")) {
            if (port.path("protocol").asText("TCP").equals("TCP")) {
                int number = port.path("port").asInt(0);
                ports.add(new Port(
                        port.path("name").asText(""),
                        number,
                        port.path("appProtocol").asText("")));
            }
        }
        List<Endpoint> endpoints = new ArrayList<>();
        for (JsonNode endpoint : object.path("endpoints")) {
            endpoints.add(endpoint(endpoint));
        }
        return new EndpointSlice(
                name(object), object.path("addressType").asText(""), List.copyOf(ports), List.copyOf(endpoints));
    }

    /** What a slice is known by. */
    static String name(JsonNode object) {
        String name = object.path("metadata").path("name").asText("");
        if (name.isEmpty()) {
            throw new IllegalArgumentException("an object without a name (expected: an EndpointSlice)");
        }
        return name;
    }

    private static Endpoint endpoint(JsonNode json) {
        JsonNode conditions = json.path("conditions");
        boolean ready = conditions.path("ready").asBoolean(true);
        String zone = json.path("zone").asText("");
        JsonNode target = json.path("targetRef");
        return new Endpoint(
                json.path("addresses").path(0).asText(""),
                ready,
                conditions.path("serving").asBoolean(true),
                conditions.path("terminating").asBoolean(false),
                zone.isEmpty() ? null : zone,
                json.path("hostname").asText(""),
                json.path("nodeName").asText(""),
                target.path("kind").asText("").equals("Pod")
                        ? target.path("name").asText("")
                        : "",
                target.path("uid").asText(""),
                names(json.path("hints").path("forZones")),
                names(json.path("hints").path("forNodes")));
    }

    private static List<String> names(JsonNode hints) {
        List<String> names = new ArrayList<>();
        hints.forEach(hint -> names.add(hint.path("name").asText("")));
        return List.copyOf(names);
    }
}
