package io.lb4j.discovery.etcd;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** JSON as etcd's gateway writes it: numbers of 64 bits as text, bytes in base64, and nothing where a value is zero or empty. */
final class EtcdJson {
    private EtcdJson() {}

    /** A whole number; 0 if there is none. */
    static long number(JsonNode object, String field) {
        JsonNode value = object.path(field);
        if (value.isMissingNode() || (value.isIntegralNumber() && value.canConvertToLong())) {
            return value.asLong(0);
        }
        try {
            // The cluster's number uses all 64 bits, but is no number to reckon with; the others are signed.
            return Long.parseLong(value.asText());
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(field + ": " + shown(value) + " (expected: a whole number)", e);
        }
    }

    /** A number that is always above zero. */
    static long positive(JsonNode object, String field) {
        long value = number(object, field);
        if (value <= 0) {
            throw new IllegalArgumentException(field + ": " + shown(object.path(field)) + " (expected: above 0)");
        }
        return value;
    }

    /** A text that is never empty. */
    static String text(JsonNode object, String field) {
        JsonNode value = object.path(field);
        if (!value.isTextual() || value.asText().isEmpty()) {
            throw new IllegalArgumentException(field + ": " + shown(value) + " (expected: a text)");
        }
        return value.asText();
    }

    /** Bytes, as UTF-8; empty if there are none. */
    static String bytes(JsonNode object, String field) {
        JsonNode value = object.path(field);
        try {
            return new String(Base64.getDecoder().decode(value.asText("")), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(field + ": " + shown(value) + " (expected: base64)", e);
        }
    }

    private static String shown(JsonNode value) {
        String text = value.isMissingNode() ? "none" : value.toString();
        return text.length() <= 60 ? text : text.substring(0, 60) + "...";
    }

    static void writeKey(JsonGenerator json, String key) throws IOException {
        writeBytes(json, "key", key.getBytes(StandardCharsets.UTF_8));
    }

    /** All keys that begin so: from this one to the one after the last of them. */
    static void writePrefix(JsonGenerator json, String prefix) throws IOException {
        byte[] end = prefix.getBytes(StandardCharsets.UTF_8);
        writeBytes(json, "key", end);
        // No byte of UTF-8 is 255.
        end[end.length - 1]++;
        writeBytes(json, "range_end", end);
    }

    static void writeBytes(JsonGenerator json, String field, byte[] value) throws IOException {
        json.writeStringField(field, Base64.getEncoder().encodeToString(value));
    }
}
