package io.lb4j.server;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.lb4j.LoadReport;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Map;

/** A report in the JSON of its protobuf message, with the field names of the message; what is not reported is left out. */
final class JsonReport {
    private static final JsonFactory JSON = new JsonFactory();

    private JsonReport() {}

    static String write(LoadReport report) {
        StringWriter text = new StringWriter(128);
        try (JsonGenerator json = JSON.createGenerator(text)) {
            json.writeStartObject();
            write(json, "cpu_utilization", report.cpuUtilization());
            write(json, "mem_utilization", report.memUtilization());
            write(json, "application_utilization", report.applicationUtilization());
            write(json, "rps_fractional", report.rpsFractional());
            write(json, "eps", report.eps());
            write(json, "utilization", report.utilization());
            write(json, "request_cost", report.requestCost());
            write(json, "named_metrics", report.namedMetrics());
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("memory refused to be written to", e);
        }
        return text.toString();
    }

    private static void write(JsonGenerator json, String name, double value) throws IOException {
        if (value != 0) {
            json.writeNumberField(name, value);
        }
    }

    private static void write(JsonGenerator json, String name, Map<String, Double> values) throws IOException {
        if (values.isEmpty()) {
            return;
        }
        json.writeObjectFieldStart(name);
        for (Map.Entry<String, Double> entry : values.entrySet()) {
            json.writeNumberField(entry.getKey(), entry.getValue());
        }
        json.writeEndObject();
    }
}
