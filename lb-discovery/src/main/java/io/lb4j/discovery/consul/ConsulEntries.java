package io.lb4j.discovery.consul;

import com.fasterxml.jackson.databind.JsonNode;
import io.lb4j.ServiceInstance;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the entries of {@code /v1/health/service}. */
final class ConsulEntries {
    /** The weight where Consul's own whole numbers from 1 to 65535 can't say it: 0, which drains, or 2.5. */
    static final String WEIGHT = "lb4j-weight";

    private static final int MAX_PRIORITY = 127;

    private ConsulEntries() {}

    /**
     * The instances of an answer, in its order.
     *
     * @param complaints gets a word on each entry that is left out
     */
    static List<ServiceInstance> read(JsonNode entries, List<String> complaints) {
        Map<String, ServiceInstance> byId = new LinkedHashMap<>();
        for (JsonNode entry : entries) {
            try {
                ServiceInstance instance = instance(entry);
                if (byId.putIfAbsent(instance.id(), instance) != null) {
                    complaints.add("instance " + instance.id() + " is listed twice");
                }
            } catch (IllegalArgumentException e) {
                complaints.add("an instance that is left out: " + e.getMessage());
            }
        }
        return new ArrayList<>(byId.values());
    }

    private static ServiceInstance instance(JsonNode entry) {
        JsonNode node = entry.path("Node");
        JsonNode service = entry.path("Service");
        String address = service.path("Address").asText("");
        String host = address.isEmpty() ? node.path("Address").asText("") : address;
        int port = service.path("Port").asInt(0);
        Map<String, String> meta = metadata(node, service);
        return ServiceInstance.builder(unbracketed(host), port)
                .id(id(node, service))
                .weight(weight(entry, service, meta))
                .zone(zone(meta))
                .priority(priority(meta))
                .secure("true".equals(meta.get("secure")) || "https".equals(meta.get("scheme")))
                .metadata(meta)
                .build();
    }

    private static String unbracketed(String host) {
        return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    }

    /** Service ids are an agent's own, so that two nodes may each have an {@code orders-1}. */
    private static String id(JsonNode node, JsonNode service) {
        String id = service.path("ID").asText("");
        if (id.isEmpty()) {
            throw new IllegalArgumentException("ID: none (expected: the service's)");
        }
        return (node.path("Node").asText("") + "/" + id).replaceAll("[\\p{Cntrl}\\s]", "_");
    }

    /**
     * As Consul's own DNS weighs: by the worst check. An instance in a critical state is asked for only on request, and isn't
     * to be used all the same when somebody put it or its node into maintenance.
     */
    private static double weight(JsonNode entry, JsonNode service, Map<String, String> meta) {
        boolean critical = false;
        boolean warning = false;
        for (JsonNode check : entry.path("Checks")) {
            String id = check.path("CheckID").asText("");
            if (id.equals("_node_maintenance") || id.startsWith("_service_maintenance:")) {
                return 0;
            }
            String status = check.path("Status").asText("");
            critical |= status.equals("critical");
            warning |= status.equals("warning");
        }
        JsonNode weights = service.path("Weights");
        if (warning && !critical) {
            return number(weights, "Warning");
        }
        String exact = meta.get(WEIGHT);
        // Older agents say nothing of weights; Consul's default is 1 for both.
        return exact == null ? number(weights, "Passing") : exact(exact);
    }

    private static double exact(String text) {
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(WEIGHT + ": " + text + " (expected: a number from 0 to 1000000)", e);
        }
    }

    private static double number(JsonNode weights, String name) {
        JsonNode value = weights.path(name);
        return value.isNumber() && value.asDouble() >= 0 ? value.asDouble() : 1;
    }

    private static Map<String, String> metadata(JsonNode node, JsonNode service) {
        Map<String, String> all = new LinkedHashMap<>();
        strings(node.path("Meta"), all);
        strings(service.path("Meta"), all);
        List<String> tags = new ArrayList<>();
        service.path("Tags").forEach(tag -> tags.add(tag.asText("")));
        if (!tags.isEmpty()) {
            all.put(ConsulDiscovery.TAGS, String.join(",", tags));
        }
        put(all, ConsulDiscovery.NODE, node.path("Node").asText(""));
        put(all, ConsulDiscovery.DATACENTER, node.path("Datacenter").asText(""));
        return all;
    }

    private static void put(Map<String, String> all, String name, String value) {
        if (!value.isEmpty()) {
            all.put(name, value);
        }
    }

    private static void strings(JsonNode meta, Map<String, String> all) {
        meta.properties()
                .forEach(field -> all.put(field.getKey(), field.getValue().asText("")));
    }

    private static @Nullable String zone(Map<String, String> meta) {
        String zone = meta.get("zone");
        return zone == null || zone.isEmpty() ? null : zone;
    }

    private static int priority(Map<String, String> meta) {
        String text = meta.getOrDefault("priority", "0");
        try {
            return Math.max(0, Math.min(MAX_PRIORITY, Integer.parseInt(text)));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("priority: " + text + " (expected: a whole number)", e);
        }
    }
}
