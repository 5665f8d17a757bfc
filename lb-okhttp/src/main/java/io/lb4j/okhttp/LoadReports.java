package io.lb4j.okhttp;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.lb4j.LoadReport;
import io.lb4j.server.LoadReporter;
import java.io.IOException;
import okhttp3.Headers;
import org.jspecify.annotations.Nullable;

/**
 * Reads the load reports that instances put into the headers of their answers. Whoever sends them is not at our mercy:
 * names that are unknown and values that can't be are passed over, and what is no report at all is an error here and
 * nowhere else.
 */
final class LoadReports {
    /** A report has a handful of numbers. */
    static final int MAX_LENGTH = 8 * 1024;

    private static final String TEXT = "TEXT ";
    private static final String JSON_PREFIX = "JSON ";
    private static final JsonFactory JSON = new JsonFactory();

    private LoadReports() {}

    /**
     * The first report among these headers. A second one was put there by somebody on the way, who reports himself.
     *
     * @return null if there is none
     * @throws IOException if it can't be read
     */
    static @Nullable LoadReport of(Headers headers) throws IOException {
        for (int i = 0; i < headers.size(); i++) {
            if (headers.name(i).equalsIgnoreCase(LoadReporter.HEADER)) {
                return parse(headers.value(i));
            }
        }
        return null;
    }

    private static LoadReport parse(String value) throws IOException {
        if (value.length() > MAX_LENGTH) {
            throw new IOException(
                    "load report: " + value.length() + " characters (expected: at most " + MAX_LENGTH + ")");
        }
        if (value.regionMatches(true, 0, JSON_PREFIX, 0, JSON_PREFIX.length())) {
            return parseJson(value.substring(JSON_PREFIX.length()));
        }
        if (value.equalsIgnoreCase("TEXT")) {
            // Of a report that says nothing; headers lose the blank at their end on the way.
            return LoadReport.parseText("");
        }
        if (value.regionMatches(true, 0, TEXT, 0, TEXT.length())) {
            try {
                return LoadReport.parseText(value.substring(TEXT.length()));
            } catch (IllegalArgumentException e) {
                throw new IOException(e.getMessage(), e);
            }
        }
        throw new IOException("load report: '" + value.substring(0, Math.min(value.length(), 40))
                + "' (expected: one that begins with TEXT or JSON)");
    }

    /**
     * Reads the JSON form of the protobuf message, whose fields may have their own names or those of JSON
     * ({@code cpu_utilization}, {@code cpuUtilization}), and whose numbers may be strings.
     *
     * @throws IOException if this is no JSON object
     */
    static LoadReport parseJson(String text) throws IOException {
        LoadReport.Builder report = LoadReport.builder();
        try (JsonParser json = JSON.createParser(text)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw new IOException("load report: " + json.currentToken() + " (expected: a JSON object)");
            }
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String field = snakeCase(json.currentName());
                if (json.nextToken() == JsonToken.START_OBJECT) {
                    readEntries(json, field, report);
                } else {
                    readNumber(json, field, report);
                }
            }
            if (json.nextToken() != null) {
                throw new IOException("load report: " + json.currentToken() + " behind its end (expected: nothing)");
            }
        }
        return report.build();
    }

    private static void readEntries(JsonParser json, String field, LoadReport.Builder report) throws IOException {
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = field + "." + json.currentName();
            json.nextToken();
            readNumber(json, name, report);
        }
    }

    private static void readNumber(JsonParser json, String name, LoadReport.Builder report) throws IOException {
        JsonToken token = json.currentToken();
        if (token == JsonToken.VALUE_NUMBER_INT || token == JsonToken.VALUE_NUMBER_FLOAT) {
            report.set(name, json.getDoubleValue());
        } else if (token == JsonToken.VALUE_STRING) {
            report.set(name, json.getValueAsDouble(Double.NaN));
        } else {
            json.skipChildren();
        }
    }

    private static String snakeCase(String name) {
        return switch (name) {
            case "cpuUtilization" -> "cpu_utilization";
            case "memUtilization" -> "mem_utilization";
            case "applicationUtilization" -> "application_utilization";
            case "rpsFractional" -> "rps_fractional";
            case "requestCost" -> "request_cost";
            case "namedMetrics" -> "named_metrics";
            default -> name;
        };
    }
}
