package io.lb4j.discovery.eureka;

import com.fasterxml.jackson.databind.JsonNode;
import io.lb4j.ServiceInstance;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What Eureka says of one instance.
 *
 * @param id Eureka's, unique within its application
 * @param status one of Eureka's five, {@code UNKNOWN} for any other word
 * @param vips the virtual addresses that it answers to, in upper case
 * @param instance what it is here, or null if it isn't to be called
 * @param complaint what is wrong with it, or null
 */
record EurekaEntry(
        String id,
        String status,
        Set<String> vips,
        @Nullable ServiceInstance instance,
        @Nullable String complaint) {
    /** Those of {@code com.netflix.appinfo.InstanceInfo.InstanceStatus}. */
    private static final Set<String> STATUSES = Set.of("UP", "DOWN", "STARTING", "OUT_OF_SERVICE", "UNKNOWN");

    private static final String OUT_OF_SERVICE = "OUT_OF_SERVICE";
    private static final int MAX_PRIORITY = 127;

    /**
     * What of an instance that has a choice is used.
     *
     * @param preferTls the secure port, where both are on
     * @param preferIp the IP address instead of the host name
     */
    record Choice(boolean preferTls, boolean preferIp) {}

    static EurekaEntry read(JsonNode node, Choice choice) {
        String id = id(node);
        String status = text(node, "status").toUpperCase(Locale.ROOT);
        status = STATUSES.contains(status) ? status : "UNKNOWN";
        Set<String> vips = vips(node);
        if (!status.equals("UP") && !status.equals(OUT_OF_SERVICE)) {
            return new EurekaEntry(id, status, vips, null, null);
        }
        List<String> slips = new ArrayList<>();
        try {
            ServiceInstance instance = instance(node, id, status, choice, slips);
            String complaint = slips.isEmpty() ? null : "instance " + id + ": " + String.join(", ", slips);
            return new EurekaEntry(id, status, vips, instance, complaint);
        } catch (IllegalArgumentException e) {
            return new EurekaEntry(id, status, vips, null, "instance " + id + " is left out: " + e.getMessage());
        }
    }

    /** As Eureka's own client tells instances apart; empty if it couldn't either. */
    private static String id(JsonNode node) {
        String id = text(node, "instanceId");
        if (id.isEmpty()) {
            id = text(node.path("dataCenterInfo").path("metadata"), "instance-id");
        }
        return id.isEmpty() ? text(node, "hostName") : id;
    }

    private static Set<String> vips(JsonNode node) {
        String all = (text(node, "vipAddress") + "," + text(node, "secureVipAddress")).toUpperCase(Locale.ROOT);
        List<String> vips = new ArrayList<>();
        for (String vip : all.split(",", -1)) {
            if (!vip.isBlank() && !vips.contains(vip.strip())) {
                vips.add(vip.strip());
            }
        }
        return Set.copyOf(vips);
    }

    private static ServiceInstance instance(
            JsonNode node, String id, String status, Choice choice, List<String> slips) {
        JsonNode plain = node.path("port");
        JsonNode tls = node.path("securePort");
        boolean secure = isEnabled(tls, false) && (choice.preferTls || !isEnabled(plain, true));
        Map<String, String> metadata = metadata(node.path("metadata"));
        boolean drains = status.equals(OUT_OF_SERVICE);
        if (drains) {
            metadata.put(EurekaDiscovery.STATUS, status);
        }
        return ServiceInstance.builder(
                        host(node, choice), (secure ? tls : plain).path("$").asInt(0))
                .id(id.replaceAll("[\\p{Cntrl}\\s]", "_"))
                .secure(secure)
                .weight(drains ? 0 : weight(metadata.get("weight"), slips))
                .zone(zone(metadata.get("zone"), node))
                .priority(priority(metadata.get("priority"), slips))
                .metadata(metadata)
                .build();
    }

    private static String host(JsonNode node, Choice choice) {
        String name = text(node, "hostName");
        String ip = text(node, "ipAddr");
        String host = (choice.preferIp && !ip.isEmpty()) || name.isEmpty() ? ip : name;
        return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    }

    /** It is a string mostly, and a boolean now and then. */
    private static boolean isEnabled(JsonNode port, boolean otherwise) {
        String enabled = port.path("@enabled").asText("");
        return enabled.isEmpty() ? otherwise && !port.isMissingNode() : enabled.equalsIgnoreCase("true");
    }

    private static Map<String, String> metadata(JsonNode node) {
        Map<String, String> all = new LinkedHashMap<>();
        node.properties().forEach(field -> {
            // Eureka says of which Java class an empty map is.
            if (!field.getKey().equals("@class")) {
                all.put(field.getKey(), field.getValue().asText(""));
            }
        });
        return all;
    }

    /** Anybody's word: another one isn't reason enough to do without the instance. */
    private static double weight(@Nullable String text, List<String> slips) {
        if (text == null) {
            return 1;
        }
        try {
            double weight = Double.parseDouble(text.strip());
            if (weight >= 0 && weight <= ServiceInstance.MAX_WEIGHT) {
                return weight;
            }
        } catch (NumberFormatException e) {
            // Told below.
        }
        slips.add("weight " + text + " (expected: a number from 0 to 1000000), taken for 1");
        return 1;
    }

    private static int priority(@Nullable String text, List<String> slips) {
        if (text == null) {
            return 0;
        }
        try {
            return Math.max(0, Math.min(MAX_PRIORITY, Integer.parseInt(text.strip())));
        } catch (NumberFormatException e) {
            slips.add("priority " + text + " (expected: a whole number), taken for 0");
            return 0;
        }
    }

    private static @Nullable String zone(@Nullable String told, JsonNode node) {
        String zone = told == null || told.isBlank()
                ? text(node.path("dataCenterInfo").path("metadata"), "availability-zone")
                : told;
        return zone.isBlank() ? null : zone.strip().replaceAll("[\\p{Cntrl}\\s]", "_");
    }

    private static String text(JsonNode node, String name) {
        return node.path(name).asText("").strip();
    }
}
