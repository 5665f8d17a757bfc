package io.lb4j.discovery.zookeeper;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.internal.InstanceWriter;
import io.lb4j.discovery.internal.MalformedException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * An instance as Curator's {@code JsonInstanceSerializer} writes it. Its payload names a Java class to make of it
 * ({@code @class}); nothing is made of anything here, what is plain text in it becomes metadata.
 */
final class CuratorJson {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CLASS = "@class";
    private static final String WEIGHT = "weight";
    private static final String ZONE = "zone";
    private static final String PRIORITY = "priority";
    private static final String SECURE = "secure";

    /** What metadata can't be named, as it says something else here. */
    private static final Set<String> RESERVED = Set.of(WEIGHT, ZONE, PRIORITY, SECURE, CLASS);

    private CuratorJson() {}

    /**
     * Reads one.
     *
     * @param id the node's name, which is unique among its siblings, unlike what the node says
     * @param preferTls whether to take the TLS port of an instance that has both
     */
    static ServiceInstance read(String id, byte[] data, boolean preferTls) throws MalformedException {
        JsonNode root;
        try {
            root = JSON.readTree(data);
        } catch (IOException e) {
            throw new MalformedException(id + ": not JSON (expected: an instance as Curator writes it)", e);
        }
        String host = root.path("address").asText("");
        if (host.isEmpty()) {
            throw new MalformedException(id + ": no address (expected: an instance as Curator writes it)");
        }
        JsonNode port = root.path("port");
        JsonNode sslPort = root.path("sslPort");
        boolean tls = sslPort.isIntegralNumber() && (preferTls || !port.isIntegralNumber());
        Map<String, String> said = new LinkedHashMap<>();
        metadata(root.path("payload"), said);
        try {
            boolean brackets = host.startsWith("[") && host.endsWith("]");
            ServiceInstance.Builder builder = ServiceInstance.builder(
                            brackets ? host.substring(1, host.length() - 1) : host, (tls ? sslPort : port).asInt())
                    .id(id)
                    .secure(tls || Boolean.parseBoolean(said.get(SECURE)))
                    .weight(said.containsKey(WEIGHT) ? Double.parseDouble(said.get(WEIGHT)) : 1)
                    .zone(said.get(ZONE))
                    .priority(said.containsKey(PRIORITY) ? Integer.parseInt(said.get(PRIORITY)) : 0);
            // One that is switched off is there, but not for new calls.
            if (!root.path("enabled").asBoolean(true)) {
                builder.weight(0);
            }
            said.keySet().removeAll(RESERVED);
            return builder.metadata(said).build();
        } catch (NumberFormatException e) {
            throw new MalformedException(
                    id + ": " + WEIGHT + " " + said.get(WEIGHT) + ", " + PRIORITY + " " + said.get(PRIORITY)
                            + " (expected: numbers)",
                    e);
        } catch (IllegalArgumentException e) {
            throw new MalformedException(id + ": " + e.getMessage(), e);
        }
    }

    private static void metadata(JsonNode payload, Map<String, String> into) {
        if (payload.isTextual()) {
            into.put("payload", payload.textValue());
        }
        for (Map.Entry<String, JsonNode> entry : payload.properties()) {
            JsonNode value = entry.getValue();
            // Numbers that Java has several kinds of are written with theirs: ["java.lang.Long", 7].
            if (value.isArray() && value.size() == 2 && value.get(0).isTextual()) {
                value = value.get(1);
            }
            if (value.isValueNode() && !value.isNull() && !entry.getKey().equals(CLASS)) {
                into.put(entry.getKey(), value.asText());
            }
        }
        // Spring Cloud's payload has what it calls metadata one level deeper.
        if (payload.path("metadata").isObject()) {
            metadata(payload.path("metadata"), into);
        }
    }

    /**
     * Refuses what can't be written.
     *
     * @throws IllegalArgumentException if metadata are named as what is no metadata
     */
    static void check(ServiceInstance instance) {
        for (String name : instance.metadata().keySet()) {
            if (RESERVED.contains(name)) {
                throw new IllegalArgumentException(
                        "metadata: '" + name + "' (expected: none of " + List.of(WEIGHT, ZONE, PRIORITY, SECURE, CLASS)
                                + ", which say something else in Curator's payload)");
            }
        }
    }

    /** Writes one so that Curator's own reader takes it. */
    static byte[] write(String service, ServiceInstance instance, long registered) {
        Map<String, String> payload = new LinkedHashMap<>(instance.metadata());
        if (instance.weight() != 1) {
            payload.put(WEIGHT, Double.toString(instance.weight()));
        }
        if (instance.zone() != null) {
            payload.put(ZONE, instance.zone());
        }
        if (instance.priority() != 0) {
            payload.put(PRIORITY, Integer.toString(instance.priority()));
        }
        return InstanceWriter.toBytes(json -> {
            json.writeStartObject();
            json.writeStringField("name", service);
            json.writeStringField("id", instance.id());
            json.writeStringField("address", instance.host());
            json.writeFieldName("port");
            writePort(json, instance.secure() ? 0 : instance.port());
            json.writeFieldName("sslPort");
            writePort(json, instance.secure() ? instance.port() : 0);
            if (payload.isEmpty()) {
                json.writeNullField("payload");
            } else {
                json.writeObjectFieldStart("payload");
                json.writeStringField(CLASS, "java.util.HashMap");
                for (Map.Entry<String, String> entry : payload.entrySet()) {
                    json.writeStringField(entry.getKey(), entry.getValue());
                }
                json.writeEndObject();
            }
            json.writeNumberField("registrationTimeUTC", registered);
            json.writeStringField("serviceType", "DYNAMIC");
            json.writeNullField("uriSpec");
            json.writeEndObject();
        });
    }

    private static void writePort(JsonGenerator json, int port) throws IOException {
        if (port == 0) {
            json.writeNull();
        } else {
            json.writeNumber(port);
        }
    }
}
