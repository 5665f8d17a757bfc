package io.lb4j.discovery.etcd;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.internal.Addresses;
import io.lb4j.discovery.internal.InstanceReader;
import io.lb4j.discovery.internal.InstanceWriter;
import io.lb4j.discovery.internal.MalformedException;
import java.util.LinkedHashMap;
import java.util.Map;

/** What keys and values are: {@code prefix + service + "/" + id}, and an instance. */
final class EtcdKeys {
    /** Where services are unless told otherwise. */
    static final String PREFIX = "/services/";

    private static final ObjectMapper JSON = new ObjectMapper();

    private EtcdKeys() {}

    static String prefix(String value) {
        if (!value.isEmpty() && (!value.endsWith("/") || value.contains("//"))) {
            throw new IllegalArgumentException(
                    "prefix: '" + value + "' (expected: empty, or ending with one slash, as " + PREFIX + ")");
        }
        return value;
    }

    /** The beginning of the keys of a service's instances. */
    static String ofService(String prefix, String service) {
        if (service.isBlank() || service.startsWith("/") || service.endsWith("/") || service.contains("//")) {
            throw new IllegalArgumentException(
                    "service: '" + service + "' (expected: a name, without a slash at either end)");
        }
        return prefix + service + "/";
    }

    static String ofInstance(String prefix, String service, String id) {
        if (id.indexOf('/') >= 0) {
            throw new IllegalArgumentException("instance id: '" + id + "' (expected: no slash, as in a key of etcd)");
        }
        return ofService(prefix, service) + id;
    }

    static byte[] value(ServiceInstance instance) {
        return InstanceWriter.toBytes(json -> InstanceWriter.write(instance, json));
    }

    /**
     * The instance that a value describes, in one of three spellings: what {@link #value} writes, gRPC's naming ({@code
     * {"Addr": "host:port", "Metadata": …}}), or {@code host:port} alone.
     *
     * @param id of the key, which is what it is known by
     */
    static ServiceInstance instance(String id, String value) throws MalformedException {
        String source = "the instance " + id + " that is left out";
        try {
            if (!value.stripLeading().startsWith("{")) {
                return Addresses.parse(value.strip()).toBuilder().id(id).build();
            }
            JsonNode json = JSON.readTree(value);
            ServiceInstance said = json.has("Addr") ? ofGrpc(json) : InstanceReader.lenient(json.traverse(), source);
            return said.toBuilder().id(id).build();
        } catch (JsonProcessingException e) {
            throw new MalformedException(source + ": not JSON: " + e.getOriginalMessage(), e);
        } catch (IllegalArgumentException e) {
            throw new MalformedException(source + ": " + e.getMessage(), e);
        }
    }

    private static ServiceInstance ofGrpc(JsonNode json) {
        Map<String, String> metadata = new LinkedHashMap<>();
        JsonNode said = json.path("Metadata");
        if (said.isObject()) {
            said.properties().forEach(entry -> metadata.put(entry.getKey(), spelled(entry.getValue())));
        } else if (!said.isMissingNode() && !said.isNull()) {
            metadata.put("metadata", spelled(said));
        }
        return Addresses.parse(json.path("Addr").asText("")).toBuilder()
                .metadata(metadata)
                .build();
    }

    private static String spelled(JsonNode value) {
        return value.isTextual() ? value.asText() : value.toString();
    }
}
