package io.lb4j.faults;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The results in the documents, one line for each fault: nobody types a number. */
final class Results {
    private static final Path JSON = Path.of("docs", "results", "faults.json");
    private static final Path PAGE = Path.of("docs", "faults.md");
    private static final String BEGIN = "<!-- faults:begin -->\n";
    private static final String END = "<!-- faults:end -->";

    private Results() {}

    /** Waits for others that write at this time. */
    static void write(List<Row> rows) throws IOException {
        try (FileChannel page = FileChannel.open(PAGE, StandardOpenOption.WRITE);
                FileLock lock = page.lock()) {
            writeAlone(rows);
            lock.release();
        }
    }

    private static void writeAlone(List<Row> rows) throws IOException {
        String old = Files.exists(JSON) ? Files.readString(JSON) : "";
        String objects = merged(old, "{\"fault\": \"%s\",", rows, Row::json).stream()
                .map(line -> line.endsWith(",") ? line.substring(0, line.length() - 1) : line)
                .reduce((one, other) -> one + ",\n  " + other)
                .orElse("");
        Files.writeString(JSON, "[\n  " + objects + "\n]\n");
        String page = Files.readString(PAGE);
        int from = page.indexOf(BEGIN);
        int to = page.indexOf(END);
        if (from < 0 || to < from) {
            throw new IllegalStateException(PAGE + ": no table (expected: " + BEGIN.strip() + " … " + END + ")");
        }
        List<String> lines = merged(
                page.substring(from, to), "| %s |", rows, row -> row.markdown().strip());
        Files.writeString(
                PAGE,
                page.substring(0, from) + BEGIN + Row.HEADER + String.join("\n", lines) + "\n" + page.substring(to));
    }

    /** A line for each fault in the suite's order: the new one, or else the old one. */
    private static List<String> merged(String old, String start, List<Row> rows, Function<Row, String> line) {
        Map<String, String> lines = new LinkedHashMap<>();
        for (Fault fault : Faults.all()) {
            String prefix = String.format(start, fault.name);
            old.lines()
                    .map(String::strip)
                    .filter(each -> each.startsWith(prefix))
                    .forEach(each -> lines.put(fault.name, each));
            rows.stream()
                    .filter(row -> row.fault().name.equals(fault.name))
                    .forEach(row -> lines.put(fault.name, line.apply(row)));
        }
        return List.copyOf(lines.values());
    }
}
