package io.lb4j.discovery.internal;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.lb4j.ServiceInstance;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;

/** Writes what {@link InstanceReader} reads; components at their defaults are left out. */
public final class InstanceWriter {
    private static final JsonFactory JSON = new JsonFactory();

    private InstanceWriter() {}

    /** Writes into a generator. */
    public interface Body {
        void write(JsonGenerator json) throws IOException;
    }

    public static byte[] toBytes(Body body) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (JsonGenerator json = JSON.createGenerator(out)) {
            body.write(json);
        } catch (IOException e) {
            throw new UncheckedIOException("memory refused to be written to", e);
        }
        return out.toByteArray();
    }

    public static void write(ServiceInstance instance, JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeStringField("id", instance.id());
        json.writeStringField("host", instance.host());
        json.writeNumberField("port", instance.port());
        if (instance.secure()) {
            json.writeBooleanField("secure", true);
        }
        if (instance.weight() != 1) {
            json.writeNumberField("weight", instance.weight());
        }
        if (instance.zone() != null) {
            json.writeStringField("zone", instance.zone());
        }
        if (instance.priority() != 0) {
            json.writeNumberField("priority", instance.priority());
        }
        if (!instance.metadata().isEmpty()) {
            json.writeObjectFieldStart("metadata");
            for (Map.Entry<String, String> entry : instance.metadata().entrySet()) {
                json.writeStringField(entry.getKey(), entry.getValue());
            }
            json.writeEndObject();
        }
        json.writeEndObject();
    }
}
