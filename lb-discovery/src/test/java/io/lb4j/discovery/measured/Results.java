package io.lb4j.discovery.measured;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** What was measured, as it is recorded, and as it is shown. */
record Results(List<Row> rows, List<CrashRow> crashes) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String BEGIN = "<!-- measured -->\n";
    private static final String END = "<!-- end of measured -->\n";

    /** What a source costs. */
    record Row(
            String source,
            boolean pushed,
            double p50Millis,
            double p99Millis,
            double idleRequestsPerMinute,
            long bytesPerInstance) {}

    /** How long servers of a process that crashed stayed listed at most. */
    record CrashRow(String source, long leaseMillis, long goneMillis) {}

    private static Path table(Path root) {
        return root.resolve("docs/discovery.md");
    }

    private static Path rows(Path root) {
        return root.resolve("docs/results/discovery.json");
    }

    private static Path crashes(Path root) {
        return root.resolve("docs/results/discovery-crashes.json");
    }

    /** Those on record. */
    static Results read(Path root) throws IOException {
        return new Results(
                Files.exists(rows(root))
                        ? JSON.readValue(rows(root).toFile(), new TypeReference<List<Row>>() {})
                        : List.of(),
                Files.exists(crashes(root))
                        ? JSON.readValue(crashes(root).toFile(), new TypeReference<List<CrashRow>>() {})
                        : List.of());
    }

    /** With those measured now in the place of those of the same sources. */
    Results with(Results measured) {
        return new Results(merge(rows, measured.rows, Row::source), merge(crashes, measured.crashes, CrashRow::source));
    }

    private static <T> List<T> merge(List<T> before, List<T> now, Function<T, String> source) {
        List<String> order =
                Arrays.stream(Subject.values()).map(each -> each.title).toList();
        List<T> all = new ArrayList<>(now);
        for (T each : before) {
            if (now.stream().noneMatch(one -> source.apply(one).equals(source.apply(each)))) {
                all.add(each);
            }
        }
        all.sort(Comparator.comparingInt(each -> order.indexOf(source.apply(each))));
        return all;
    }

    void write(Path root) throws IOException {
        Files.writeString(rows(root), lines(rows));
        Files.writeString(crashes(root), lines(crashes));
        String document = Files.readString(table(root));
        int begin = document.indexOf(BEGIN) + BEGIN.length();
        Files.writeString(
                table(root), document.substring(0, begin) + markdown() + document.substring(document.indexOf(END)));
    }

    /** One in a line. */
    private static String lines(List<?> values) throws IOException {
        StringBuilder text = new StringBuilder("[\n");
        for (Object each : values) {
            text.append(text.length() > 2 ? ",\n" : "").append(JSON.writeValueAsString(each));
        }
        return text.append("\n]\n").toString();
    }

    /** The table that the document shows now. */
    static String shown(Path root) throws IOException {
        String document = Files.readString(table(root));
        return document.substring(document.indexOf(BEGIN) + BEGIN.length(), document.indexOf(END));
    }

    String markdown() {
        StringBuilder text = new StringBuilder("""
                | source | pushed | half of the changes within | 99 % within | requests a minute at rest | bytes an instance | crashed servers gone within |
                |---|---|---|---|---|---|---|
                """);
        for (Row row : rows) {
            String gone = crashes.stream()
                    .filter(each -> each.source.equals(row.source))
                    .map(each -> format("%.1f s", each.goneMillis / 1e3))
                    .findFirst()
                    .orElse("–");
            text.append(format(
                    "| %s | %s | %s | %s | %.1f | %,d | %s |%n",
                    row.source,
                    row.pushed ? "yes" : "no",
                    millis(row.p50Millis),
                    millis(row.p99Millis),
                    row.idleRequestsPerMinute,
                    row.bytesPerInstance,
                    gone));
        }
        return text.toString();
    }

    private static String millis(double value) {
        return format(value < 10 ? "%.1f ms" : "%,.0f ms", value);
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
