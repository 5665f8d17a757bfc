package io.lb4j.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Runs faults one after the other and prints the table. Arguments are names of faults; with none all are run. With
 * {@code --timed} instead of names, those that are judged by the clock; with {@code --lane 0} and {@code --lane 1}, half of the
 * others each. With {@code --record} first, what was measured goes into the documents; rows of faults that were not run stay.
 * Ends with 1 if a gating fault isn't held twice in a row; one that can't even be made counts as not held.
 */
final class FaultSuite {
    private static final int LANES = 2;

    private FaultSuite() {}

    public static void main(String[] args) throws Exception {
        List<String> names = new ArrayList<>(List.of(args));
        boolean record = names.remove("--record");
        List<Fault> chosen = choose(names);
        boolean namespace = Boolean.getBoolean("faults.namespace");
        List<Row> rows = new ArrayList<>();
        List<String> lost = new ArrayList<>();
        StringBuilder table = new StringBuilder(Row.HEADER);
        for (Fault fault : chosen) {
            if (fault.network && !namespace) {
                System.out.println("SKIPPED " + fault.name + ": no network namespace can be made here");
                continue;
            }
            Row row = measure(fault);
            if (Faults.GATES.contains(fault.name)
                    && (row == null || !row.verdict().held())) {
                // A machine that stood still for a moment must fail no build.
                System.out.println(fault.name + ": once more, as it is gating");
                row = measure(fault);
                if (row == null || !row.verdict().held()) {
                    lost.add(fault.name);
                }
            }
            if (row != null) {
                rows.add(row);
                table.append(row.markdown());
            }
        }
        System.out.println();
        System.out.print(table);
        if (record) {
            Results.write(rows);
        }
        System.out.println();
        System.out.println(rows.stream().filter(row -> row.verdict().held()).count() + " of " + chosen.size()
                + " faults held; gating and not held: " + lost);
        System.exit(lost.isEmpty() ? 0 : 1);
    }

    /** Null if it could not be made. */
    private static @Nullable Row measure(Fault fault) throws IOException {
        Path directory = Files.createTempDirectory("faults");
        try {
            Evidence evidence = Rig.run(fault, directory);
            Row row = new Row(fault, fault.judge(evidence), evidence);
            System.out.println(fault.name + ": " + (row.verdict().held() ? "held" : "NOT HELD") + ", "
                    + row.verdict().why());
            problems("lb4j", evidence.balanced());
            problems("plain", evidence.plain());
            return row;
        } catch (Exception e) {
            System.out.println(fault.name + ": NOT MEASURED, " + e);
            return null;
        } finally {
            delete(directory);
        }
    }

    private static List<Fault> choose(List<String> names) {
        List<Fault> all = Faults.all();
        if (names.isEmpty()) {
            return all;
        }
        if (names.equals(List.of("--timed"))) {
            return all.stream().filter(fault -> fault.timed).toList();
        }
        if (names.size() == 2 && names.get(0).equals("--lane")) {
            List<Fault> others = all.stream().filter(fault -> !fault.timed).toList();
            int lane = Integer.parseInt(names.get(1));
            return IntStream.range(0, others.size())
                    .filter(i -> i % LANES == lane)
                    .mapToObj(others::get)
                    .toList();
        }
        List<String> known = all.stream().map(fault -> fault.name).toList();
        if (!known.containsAll(names)) {
            throw new IllegalArgumentException("faults: " + names + " (expected: some of " + known + ")");
        }
        return all.stream().filter(fault -> names.contains(fault.name)).toList();
    }

    /** The causes of failures, most frequent first. */
    private static void problems(String client, List<Sample> samples) {
        Map<String, Integer> causes = new TreeMap<>();
        for (Sample each : samples) {
            if (each.failed()) {
                causes.merge((each.idempotent() ? "GET " : "POST ") + each.problem(), 1, Integer::sum);
            }
        }
        causes.entrySet().stream()
                .sorted(Map.Entry.<String, Integer>comparingByValue(Comparator.reverseOrder()))
                .limit(6)
                .forEach(each -> System.out.println("    " + client + " " + each.getValue() + " × " + each.getKey()));
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            all.sorted(Comparator.reverseOrder()).forEach(each -> {
                try {
                    Files.delete(each);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
