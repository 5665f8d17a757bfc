package io.lb4j.jmh;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/**
 * Writes JMH results as tables into a Markdown file, between the lines {@code <!-- name:begin -->} and
 * {@code <!-- name:end -->}: nobody types a number.
 */
final class Report {
    private static final String LIBRARY = "lb4j";

    /** From which error on, as a share of the score, a number is marked as a rough one. */
    private static final double UNSURE = 0.2;

    private Report() {}

    /** Replaces what stands between the marks of that name. */
    static String replaced(String text, String name, String content) {
        String begin = "<!-- " + name + ":begin -->";
        String end = "<!-- " + name + ":end -->";
        int from = text.indexOf(begin);
        int to = text.indexOf(end, Math.max(0, from));
        if (from < 0 || to < 0) {
            throw new IllegalArgumentException("marks " + begin + " and " + end + " (expected: both, in this order)");
        }
        return text.substring(0, from + begin.length()) + "\n" + content.strip() + "\n" + text.substring(to);
    }

    static void write(Path markdown, String name, String content) throws IOException {
        Files.writeString(markdown, replaced(Files.readString(markdown), name, content));
    }

    /** Both clients by numbers of instances, and how they compare. */
    static String calls(List<Result> results) {
        StringBuilder out = new StringBuilder("\n");
        row(out, List.of("instances", "client", "processor time, µs", "wall clock, µs", "B/call"));
        row(out, List.of("--:", "---", "--:", "--:", "--:"));
        groups(results, r -> r.param("instances")).forEach((instances, group) -> {
            Map<String, Result> byName = new LinkedHashMap<>();
            group.forEach(r -> byName.put(r.benchmark().substring(r.benchmark().indexOf('.') + 1), r));
            Result plain = byName.get("plain");
            Result balanced = byName.get("balanced");
            Result both = byName.get("alternate");
            if (plain == null || balanced == null || both == null) {
                throw new IllegalArgumentException("calls to " + instances + " instances: only " + byName.keySet()
                        + " (expected: plain, balanced and alternate)");
            }
            double plainMicros = both.secondary("plainNanos") / both.secondary("calls") / 1000;
            double balancedMicros = both.secondary("balancedNanos") / both.secondary("calls") / 1000;
            row(out, List.of(instances, "plain", format(plainMicros, ""), time(plain), bytes(plain.bytes())));
            row(out, List.of(instances, LIBRARY, format(balancedMicros, ""), time(balanced), bytes(balanced.bytes())));
            row(
                    out,
                    List.of(
                            instances,
                            "difference",
                            String.format(Locale.ROOT, "%+.1f %%", 100 * (balancedMicros / plainMicros - 1)),
                            String.format(Locale.ROOT, "%+.1f %%", 100 * (balanced.score() / plain.score() - 1)),
                            String.format(Locale.ROOT, "%+,.0f", balanced.bytes() - plain.bytes())));
        });
        return out.toString();
    }

    /** How long an update takes by policy. */
    static String updates(List<Result> results) {
        StringBuilder out = new StringBuilder("\n");
        row(out, List.of("policy", "instances", "mean, ms", "p50", "p99", "max", "MB allocated"));
        row(out, List.of("---", "--:", "--:", "--:", "--:", "--:", "--:"));
        for (Result each : results) {
            row(
                    out,
                    List.of(
                            each.policy(),
                            String.format(Locale.ROOT, "%,d", each.instances()),
                            format(each.score(), ""),
                            format(each.percentile("50.0"), ""),
                            format(each.percentile("99.0"), ""),
                            format(each.percentile("100.0"), ""),
                            format(each.bytes() / 1e6, "")));
        }
        return out.toString();
    }

    static <K> Map<K, List<Result>> groups(List<Result> results, Function<Result, K> key) {
        Map<K, List<Result>> groups = new LinkedHashMap<>();
        results.forEach(r ->
                groups.computeIfAbsent(key.apply(r), k -> new ArrayList<>()).add(r));
        return groups;
    }

    static String time(Result result) {
        return (result.error() > UNSURE * result.score() ? "≈ " : "") + format(result.score(), "");
    }

    static String bytes(double value) {
        // A collection during the run is charged to the operations: less than a byte each is none.
        return Double.isNaN(value) ? "" : String.format(Locale.ROOT, "%,d", (long) Math.floor(value + 0.5));
    }

    static String format(double value, String unit) {
        return Double.isNaN(value)
                ? ""
                : String.format(Locale.ROOT, value < 10 ? "%.2f" : value < 1000 ? "%.1f" : "%,.0f", value) + unit;
    }

    static void row(StringBuilder out, List<String> cells) {
        out.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }
}
