package io.lb4j.simulator;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What came of a simulation, for people and for programs.
 *
 * @param results one of each algorithm in each scenario
 */
public record Report(List<Result> results) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Copies what could change. */
    public Report {
        results = List.copyOf(results);
    }

    /** The result of one algorithm in one scenario. */
    public Result of(String scenario, String algorithm) {
        return results.stream()
                .filter(result ->
                        result.scenario().equals(scenario) && result.algorithm().equals(algorithm))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "result: " + algorithm + " in " + scenario + " (expected: one that was run)"));
    }

    /** Calls that were made in all runs together, those before the measurement included. */
    public long simulated() {
        return results.stream().mapToLong(Result::simulated).sum();
    }

    private Map<String, List<Result>> byScenario() {
        Map<String, List<Result>> all = new LinkedHashMap<>();
        for (Result result : results) {
            all.computeIfAbsent(result.scenario(), name -> new java.util.ArrayList<>())
                    .add(result);
        }
        return all;
    }

    /** One page with pictures, for a browser; it refers to nothing outside itself. */
    public String html() {
        return Page.of(byScenario());
    }

    private void league(StringBuilder text) {
        text.append("### League\n\n").append(League.RULES).append("\n\n");
        text.append("| | rank, average | wins | time / best | worst | in | loses calls | most in |\n");
        text.append("|---|---|---|---|---|---|---|---|\n");
        for (League.Row row : League.of(byScenario()).rows()) {
            boolean bound = row.rank() == 0;
            text.append(String.format(
                    Locale.ROOT,
                    "| %s | %s | %s | %s | %s | %s | %s | %s |%n",
                    bound ? "*" + row.algorithm() + "*" : row.algorithm(),
                    bound ? "" : String.format(Locale.ROOT, "%.1f", row.rank()),
                    bound ? "" : Integer.toString(row.wins()),
                    Page.ratio(row.ratio()),
                    Page.ratio(row.worst()),
                    row.worstIn(),
                    row.losses() == 0 ? "" : row.losses() + "×",
                    row.losses() == 0 ? "" : row.lostIn() + ", " + Page.lost(row.lost())));
        }
        text.append('\n');
    }

    /** The league, and a table for each scenario; bounds in italics. */
    public String markdown() {
        StringBuilder text = new StringBuilder();
        league(text);
        byScenario().forEach((scenario, all) -> {
            text.append("### ").append(scenario).append("\n\n");
            text.append("| | success | mean | p50 | p99 | p99.9 | attempts per call | busiest / mean |\n");
            text.append("|---|---|---|---|---|---|---|---|\n");
            for (Result result : all) {
                String name = result.bound() ? "*" + result.algorithm() + "*" : result.algorithm();
                text.append(String.format(
                        Locale.ROOT,
                        "| %s | %.2f %% | %s | %s | %s | %s | %.3f | %.2f |%n",
                        name,
                        100 * result.success(),
                        millis(result.mean()),
                        millis(result.p50()),
                        millis(result.p99()),
                        millis(result.p999()),
                        result.attemptsPerCall(),
                        result.imbalance()));
            }
            text.append('\n');
        });
        return text.toString().replace("\r\n", "\n");
    }

    private static String millis(Duration time) {
        double millis = time.toNanos() / 1e6;
        return String.format(Locale.ROOT, millis < 10 ? "%.2f ms" : millis < 100 ? "%.1f ms" : "%.0f ms", millis);
    }

    /** The same as JSON, times in seconds. */
    public String json() {
        ObjectNode root = JSON.createObjectNode();
        ArrayNode scenarios = root.putArray("scenarios");
        byScenario().forEach((scenario, all) -> {
            ObjectNode node = scenarios.addObject().put("name", scenario);
            ObjectNode algorithms = node.putObject("algorithms");
            for (Result result : all) {
                algorithms
                        .putObject(result.algorithm())
                        .put("success", rounded(result.success()))
                        .put("mean", seconds(result.mean()))
                        .put("p50", seconds(result.p50()))
                        .put("p99", seconds(result.p99()))
                        .put("p999", seconds(result.p999()))
                        .put("attempts", rounded(result.attemptsPerCall()))
                        .put("imbalance", rounded(result.imbalance()))
                        .put("bound", result.bound());
            }
        });
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("memory refused to be written to", e);
        }
    }

    private static double seconds(Duration time) {
        return rounded(time.toNanos() / 1e9);
    }

    private static double rounded(double value) {
        return Math.round(value * 1e6) / 1e6;
    }
}
