package io.lb4j.discovery.internal;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.lb4j.ServiceInstance;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads instances from JSON, token by token, so that every complaint can say line, column and field. A tree would have
 * forgotten the first two, and data binding says them only for some mistakes. Not thread-safe.
 */
public final class InstanceReader {
    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    /** Jackson's hint at where an unclosed bracket is, which says mostly that it may not say of which source. */
    private static final Pattern START_MARKER = Pattern.compile(" \\(start marker at .*");

    /** Stands for an instance whose other fields are fine, so that each field is checked by the record's own rules. */
    private static final ServiceInstance SOUND = ServiceInstance.of("host", 1);

    private static final String FIELDS = "id, host, port, secure, weight, zone, priority, metadata";

    private final JsonParser json;
    private final String source;
    private final boolean strict;

    private InstanceReader(JsonParser json, String source, boolean strict) {
        this.json = json;
        this.source = source;
        this.strict = strict;
    }

    /**
     * Reads {@code {"services": {name: [instance, ...]}}}.
     *
     * @param source leads every complaint
     */
    public static Map<String, List<ServiceInstance>> services(byte[] text, String source) throws MalformedException {
        return read(text, source, InstanceReader::services);
    }

    /** Reads one instance object; {@code id} is used if it has none, and must match if it has one. */
    public static ServiceInstance instance(byte[] text, String source, String id) throws MalformedException {
        return read(text, source, reader -> {
            ServiceInstance instance = reader.instanceObject(id);
            if (!instance.id().equals(id)) {
                throw new MalformedException(
                        source + ": id: " + instance.id() + " (expected: " + id + ", as in the path)");
            }
            return instance;
        });
    }

    /** Reads one instance that some parser found; unknown fields, of a later version, are skipped. */
    public static ServiceInstance lenient(JsonParser json, String source) throws MalformedException {
        return read(json, source, false, InstanceReader::instanceOrAddress);
    }

    private interface Body<T> {
        T read(InstanceReader reader) throws IOException;
    }

    private static <T> T read(byte[] text, String source, Body<T> body) throws MalformedException {
        try (JsonParser json = JSON.createParser(text)) {
            return read(json, source, true, body);
        } catch (MalformedException e) {
            throw e;
        } catch (IOException e) {
            throw new MalformedException(source + ": " + e.getMessage(), e);
        }
    }

    private static <T> T read(JsonParser json, String source, boolean strict, Body<T> body) throws MalformedException {
        InstanceReader reader = new InstanceReader(json, source, strict);
        try {
            if (json.nextToken() == null) {
                throw new MalformedException(source + ": nothing (expected: a JSON object)");
            }
            T result = body.read(reader);
            if (json.nextToken() != null) {
                throw reader.bad("more text", "nothing after the closing brace");
            }
            return result;
        } catch (MalformedException e) {
            throw e;
        } catch (JsonProcessingException e) {
            throw new MalformedException(
                    reader.at(e.getLocation())
                            + START_MARKER.matcher(e.getOriginalMessage()).replaceFirst(""),
                    e);
        } catch (IOException e) {
            throw new MalformedException(source + ": " + e.getMessage(), e);
        }
    }

    private Map<String, List<ServiceInstance>> services() throws IOException {
        expect(JsonToken.START_OBJECT, "an object with the field services");
        Map<String, List<ServiceInstance>> services = null;
        while (json.nextToken() != JsonToken.END_OBJECT) {
            if (!json.currentName().equals("services")) {
                throw bad("unknown field", "services");
            }
            json.nextToken();
            services = serviceMap();
        }
        if (services == null) {
            throw bad("no field services", "{\"services\": {name: [instances]}}");
        }
        return services;
    }

    private Map<String, List<ServiceInstance>> serviceMap() throws IOException {
        expect(JsonToken.START_OBJECT, "an object from service names to arrays of instances");
        Map<String, List<ServiceInstance>> services = new LinkedHashMap<>();
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String name = json.currentName();
            if (name.isBlank()) {
                throw bad("a blank service name", "a name");
            }
            json.nextToken();
            services.put(name, list(name));
        }
        return services;
    }

    private List<ServiceInstance> list(String service) throws IOException {
        expect(JsonToken.START_ARRAY, "an array of instances");
        List<ServiceInstance> instances = new ArrayList<>();
        Map<String, ServiceInstance> byId = new HashMap<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            JsonLocation start = json.currentTokenLocation();
            ServiceInstance instance = instanceOrAddress();
            ServiceInstance twin = byId.putIfAbsent(instance.id(), instance);
            if (twin != null) {
                throw new MalformedException(at(start) + "id " + instance.id() + " at " + twin.authority() + " and "
                        + instance.authority() + " (expected: ids that are unique within " + service + ")");
            }
            instances.add(instance);
        }
        return List.copyOf(instances);
    }

    private ServiceInstance instanceOrAddress() throws IOException {
        if (json.currentToken() != JsonToken.VALUE_STRING) {
            return instanceObject(null);
        }
        String address = json.getText();
        try {
            return Addresses.parse(address);
        } catch (IllegalArgumentException e) {
            throw new MalformedException(here() + e.getMessage(), e);
        }
    }

    private ServiceInstance instanceObject(@Nullable String defaultId) throws IOException {
        expect(JsonToken.START_OBJECT, "an instance: an object with host and port, or a string \"host:port\"");
        String start = here();
        Fields fields = new Fields();
        fields.id = defaultId;
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String name = json.currentName();
            json.nextToken();
            field(name, fields);
        }
        if (fields.host == null || fields.port == 0) {
            throw new MalformedException(start + (fields.host == null ? "no host" : "no port")
                    + " (expected: an instance with host and port)");
        }
        ServiceInstance.Builder builder = ServiceInstance.builder(fields.host, fields.port)
                .secure(fields.secure)
                .weight(fields.weight)
                .zone(fields.zone)
                .priority(fields.priority)
                .metadata(fields.metadata);
        if (fields.id != null) {
            builder.id(fields.id);
        }
        return builder.build();
    }

    private static final class Fields {
        @Nullable
        String id;

        @Nullable
        String host;

        int port;
        boolean secure;
        double weight = 1;

        @Nullable
        String zone;

        int priority;
        Map<String, String> metadata = Map.of();
    }

    private void field(String name, Fields into) throws IOException {
        switch (name) {
            case "id" -> {
                String id = text();
                check(b -> b.id(id));
                into.id = id;
            }
            case "host" -> {
                String host = text();
                check(b -> ServiceInstance.builder(host, 1).id("id"));
                into.host = host;
            }
            case "port" -> {
                int port = whole("a whole number from 1 to 65535");
                check(b -> ServiceInstance.builder("host", port).id("id"));
                into.port = port;
            }
            case "secure" -> {
                if (!json.currentToken().isBoolean()) {
                    throw bad(shown(), "true or false");
                }
                into.secure = json.getBooleanValue();
            }
            case "weight" -> {
                if (!json.currentToken().isNumeric()) {
                    throw bad(shown(), "a number from 0 to 1000000");
                }
                double weight = json.getDoubleValue();
                check(b -> b.weight(weight));
                into.weight = weight;
            }
            case "zone" -> {
                String zone = json.currentToken() == JsonToken.VALUE_NULL ? null : text();
                check(b -> b.zone(zone));
                into.zone = zone;
            }
            case "priority" -> {
                int priority = whole("a whole number from 0 to 127");
                check(b -> b.priority(priority));
                into.priority = priority;
            }
            case "metadata" -> into.metadata = metadata();
            default -> {
                if (strict) {
                    throw bad("unknown field", "one of " + FIELDS);
                }
                json.skipChildren();
            }
        }
    }

    private Map<String, String> metadata() throws IOException {
        expect(JsonToken.START_OBJECT, "an object of strings");
        Map<String, String> metadata = new LinkedHashMap<>();
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String key = json.currentName();
            json.nextToken();
            metadata.put(key, text());
        }
        return metadata;
    }

    private String text() throws IOException {
        expect(JsonToken.VALUE_STRING, "a string");
        return json.getText();
    }

    private int whole(String rule) throws IOException {
        if (json.currentToken() != JsonToken.VALUE_NUMBER_INT || json.getNumberType() != JsonParser.NumberType.INT) {
            throw bad(shown(), rule);
        }
        return json.getIntValue();
    }

    private void check(UnaryOperator<ServiceInstance.Builder> set) throws MalformedException {
        try {
            set.apply(SOUND.toBuilder()).build();
        } catch (IllegalArgumentException e) {
            throw new MalformedException(here() + e.getMessage(), e);
        }
    }

    private void expect(JsonToken token, String rule) throws IOException {
        if (json.currentToken() != token) {
            throw bad(shown(), rule);
        }
    }

    private String shown() throws IOException {
        JsonToken token = json.currentToken();
        if (token == null) {
            return "the end";
        }
        return switch (token) {
            case START_OBJECT -> "an object";
            case START_ARRAY -> "an array";
            case VALUE_STRING -> '"' + abbreviated(json.getText()) + '"';
            default -> abbreviated(json.getText());
        };
    }

    private static String abbreviated(String text) {
        return text.length() <= 60 ? text : text.substring(0, 60) + "...";
    }

    private MalformedException bad(String what, String rule) {
        return new MalformedException(here() + what + " (expected: " + rule + ")");
    }

    private String here() {
        return at(json.currentTokenLocation());
    }

    private String at(@Nullable JsonLocation location) {
        StringBuilder text = new StringBuilder(source).append(": ");
        // A parser over a tree that was read before knows no lines.
        if (location != null && location.getLineNr() > 0) {
            text.append("line ").append(location.getLineNr());
            text.append(", column ").append(location.getColumnNr()).append(": ");
        }
        int start = text.length();
        for (JsonPointer at = json.getParsingContext().pathAsPointer(); at != null && !at.matches(); at = at.tail()) {
            if (at.mayMatchElement()) {
                text.append('[').append(at.getMatchingProperty()).append(']');
            } else {
                text.append(text.length() > start ? "." : "").append(at.getMatchingProperty());
            }
        }
        return text.length() > start ? text.append(": ").toString() : text.toString();
    }
}
