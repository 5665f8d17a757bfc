package io.lb4j.jmh;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * Writes JMH results as tables into a Markdown file, between the lines {@code <!-- name:begin -->} and
 * {@code <!-- name:end -->}: nobody types a number.
 */
final class Report {
    private static final String LIBRARY = "lb4j";
    private static final String FLOOR = "floor";

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

    /** A table for each benchmark and number of threads: policies and libraries down, numbers of instances across. */
    static String picks(List<Result> results) {
        StringBuilder out = new StringBuilder();
        groups(results, r -> r.benchmark() + " " + r.threads()).forEach((name, group) -> {
            Result any = group.get(0);
            out.append(String.format(
                    Locale.ROOT,
                    "%n### %s, %s%n%n",
                    any.benchmark().endsWith(".pick") ? "A pick" : "A pick, a start and an end",
                    any.threads() == 1 ? "1 thread" : any.threads() + " threads"));
            picks(out, group);
        });
        return out.toString();
    }

    private static void picks(StringBuilder out, List<Result> results) {
        TreeSet<Integer> sizes = new TreeSet<>();
        results.forEach(r -> sizes.add(r.instances()));
        List<String> head = new ArrayList<>(List.of("policy", "library"));
        sizes.forEach(size -> head.add(String.format(Locale.ROOT, "%,d", size)));
        head.addAll(List.of("× floor, at worst", "growth", "B/op"));
        row(out, head);
        row(out, head.stream().map(h -> head.indexOf(h) < 2 ? "---" : "--:").toList());
        groups(results, Result::policy).forEach((policy, rows) -> {
            Map<Integer, Result> floor = bySize(rows, FLOOR);
            groups(rows, r -> r.param("library")).forEach((library, each) -> {
                Map<Integer, Result> bySize = bySize(rows, library);
                List<String> cells = new ArrayList<>(List.of(policy, library));
                double worst = 0;
                for (int size : sizes) {
                    Result at = bySize.get(size);
                    Result least = floor.get(size);
                    cells.add(at == null ? "" : time(at));
                    worst = at == null || least == null ? worst : Math.max(worst, at.score() / least.score());
                }
                Result first = bySize.get(sizes.first());
                Result last = bySize.get(sizes.last());
                cells.add(library.equals(FLOOR) || worst == 0 ? "" : format(worst, "×"));
                cells.add(
                        first == null || last == null || sizes.size() == 1
                                ? ""
                                : format(last.score() / first.score(), "×"));
                cells.add(bytes(each.stream().mapToDouble(Result::bytes).max().orElse(Double.NaN)));
                row(out, cells);
            });
        });
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

    private static Map<Integer, Result> bySize(List<Result> results, String library) {
        Map<Integer, Result> bySize = new LinkedHashMap<>();
        results.stream().filter(r -> r.param("library").equals(library)).forEach(r -> bySize.put(r.instances(), r));
        return bySize;
    }

    private static <K> Map<K, List<Result>> groups(List<Result> results, Function<Result, K> key) {
        Map<K, List<Result>> groups = new LinkedHashMap<>();
        results.forEach(r ->
                groups.computeIfAbsent(key.apply(r), k -> new ArrayList<>()).add(r));
        return groups;
    }

    private static String time(Result result) {
        return (result.error() > UNSURE * result.score() ? "≈ " : "") + format(result.score(), "");
    }

    private static String bytes(double value) {
        // A collection during the run is charged to the operations: less than a byte each is none.
        return Double.isNaN(value) ? "" : String.format(Locale.ROOT, "%,d", (long) Math.floor(value + 0.5));
    }

    private static String format(double value, String unit) {
        return Double.isNaN(value)
                ? ""
                : String.format(Locale.ROOT, value < 10 ? "%.2f" : value < 1000 ? "%.1f" : "%,.0f", value) + unit;
    }

    private static void row(StringBuilder out, List<String> cells) {
        out.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }
}
