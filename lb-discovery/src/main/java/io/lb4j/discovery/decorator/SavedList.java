package io.lb4j.discovery.decorator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.internal.InstanceReader;
import io.lb4j.discovery.internal.InstanceWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * A list that was good at some time, and its form in a file: a line with a digest of the rest, and the rest, JSON. Whatever
 * happened to the file, it is either read as it was written or refused.
 */
record SavedList(String service, Instant asOf, List<ServiceInstance> instances) {
    static final int MAX_BYTES = 16 << 20;

    private static final String MAGIC = "lb4j last-known-good 1 sha256=";
    private static final int HEADER = MAGIC.length() + 64 + 1;
    private static final ObjectMapper JSON = new ObjectMapper();

    byte[] toBytes() {
        byte[] body = InstanceWriter.toBytes(json -> {
            json.writeStartObject();
            json.writeStringField("service", service);
            json.writeStringField("asOf", asOf.toString());
            json.writeArrayFieldStart("instances");
            for (ServiceInstance instance : instances) {
                InstanceWriter.write(instance, json);
            }
            json.writeEndArray();
            json.writeEndObject();
        });
        byte[] header = (MAGIC + digest(body) + "\n").getBytes(StandardCharsets.US_ASCII);
        byte[] all = Arrays.copyOf(header, header.length + body.length);
        System.arraycopy(body, 0, all, header.length, body.length);
        return all;
    }

    /**
     * Reads what was written.
     *
     * @throws IOException if it wasn't written by this class, or is damaged
     */
    static SavedList parse(byte[] text) throws IOException {
        String header = new String(text, 0, Math.min(text.length, HEADER), StandardCharsets.US_ASCII);
        if (header.length() < HEADER || !header.startsWith(MAGIC)) {
            throw new IOException("not a saved list of this version");
        }
        byte[] body = Arrays.copyOfRange(text, HEADER, text.length);
        if (!header.equals(MAGIC + digest(body) + "\n")) {
            throw new IOException("damaged: its digest is another one");
        }
        JsonNode json = JSON.readTree(body);
        List<ServiceInstance> instances = new ArrayList<>();
        for (JsonNode node : json.path("instances")) {
            instances.add(InstanceReader.lenient(node.traverse(), "an instance"));
        }
        try {
            return new SavedList(
                    json.path("service").asText(),
                    Instant.parse(json.path("asOf").asText()),
                    List.copyOf(instances));
        } catch (DateTimeException e) {
            throw new IOException("asOf: " + json.path("asOf") + " (expected: a time)", e);
        }
    }

    private static String digest(byte[] body) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(body));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
