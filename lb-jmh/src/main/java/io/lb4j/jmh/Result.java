package io.lb4j.jmh;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * One line of a JMH result.
 *
 * @param benchmark class and method, without the package
 * @param json JMH's own record of it
 */
record Result(String benchmark, JsonNode json) {
    private static final JsonMapper MAPPER = new JsonMapper();

    /** Reads the file that JMH's {@code -rf json} writes. */
    static List<Result> read(Path file) throws IOException {
        JsonNode all = MAPPER.readTree(Files.readString(file));
        if (!all.isArray()) {
            throw new IOException(file + ": not a JMH result (expected: a JSON array)");
        }
        List<Result> results = new ArrayList<>();
        for (JsonNode each : all) {
            String name = each.path("benchmark").asText();
            String method = name.substring(name.lastIndexOf('.') + 1);
            String type = name.substring(0, name.length() - method.length() - 1);
            results.add(new Result(type.substring(type.lastIndexOf('.') + 1) + "." + method, each));
        }
        return results;
    }

    /** The parameter's value, or "" if the benchmark has none of that name. */
    String param(String name) {
        return json.path("params").path(name).asText("");
    }

    /** The policy in words. */
    String policy() {
        return param("policy").toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    String library() {
        return param("library");
    }

    int instances() {
        return json.path("params").path("instances").asInt();
    }

    int threads() {
        return json.path("threads").asInt();
    }

    double score() {
        return json.path("primaryMetric").path("score").asDouble();
    }

    /** Half the width of the confidence interval; NaN if JMH had too little to tell. */
    double error() {
        return json.path("primaryMetric").path("scoreError").asDouble(Double.NaN);
    }

    double percentile(String percent) {
        return json.path("primaryMetric").path("scorePercentiles").path(percent).asDouble(Double.NaN);
    }

    /** A further measure, such as a profiler's; NaN if it was not taken. */
    double secondary(String name) {
        return json.path("secondaryMetrics").path(name).path("score").asDouble(Double.NaN);
    }

    /** Bytes allocated per operation; NaN if that was not measured. */
    double bytes() {
        double exact = secondary("gc.alloc.rate.norm");
        return Double.isNaN(exact) ? secondary("·gc.alloc.rate.norm") : exact;
    }
}
