package io.lb4j.jmh;

import static io.lb4j.jmh.Report.bytes;
import static io.lb4j.jmh.Report.format;
import static io.lb4j.jmh.Report.groups;
import static io.lb4j.jmh.Report.row;
import static io.lb4j.jmh.Report.time;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A table for each benchmark and number of threads: policies and libraries down, numbers of instances across. */
final class PickTables {
    static final String LIBRARY = "lb4j";
    static final String FLOOR = "floor";

    /** What is not a peer. */
    private static final Set<String> OWN = Set.of(LIBRARY, "lb4j-timed", FLOOR);

    private PickTables() {}

    static String of(List<Result> results) {
        StringBuilder out = new StringBuilder();
        groups(results, r -> r.benchmark() + " " + r.threads()).forEach((name, group) -> {
            Result any = group.get(0);
            out.append(String.format(
                    Locale.ROOT,
                    "%n### %s, %s%n%n",
                    any.benchmark().endsWith(".pick") ? "A pick" : "A pick, a start and an end",
                    any.threads() == 1 ? "1 thread" : any.threads() + " threads"));
            table(out, group);
        });
        return out.toString();
    }

    static boolean isPeer(String library) {
        return !OWN.contains(library);
    }

    private static void table(StringBuilder out, List<Result> results) {
        TreeSet<Integer> sizes = new TreeSet<>();
        results.forEach(r -> sizes.add(r.instances()));
        List<String> head = new ArrayList<>(List.of("policy", "library"));
        sizes.forEach(size -> head.add(String.format(Locale.ROOT, "%,d", size)));
        head.addAll(List.of("× fastest peer", "× floor", "growth", "B/op"));
        row(out, head);
        row(out, head.stream().map(h -> head.indexOf(h) < 2 ? "---" : "--:").toList());
        groups(results, Result::policy).forEach((policy, rows) -> {
            Map<Integer, Double> peer = new TreeMap<>();
            Map<Integer, Double> floor = new TreeMap<>();
            for (Result each : rows) {
                if (isPeer(each.library())) {
                    peer.merge(each.instances(), each.score(), Math::min);
                } else if (each.library().equals(FLOOR)) {
                    floor.put(each.instances(), each.score());
                }
            }
            groups(rows, Result::library).forEach((library, each) -> {
                Map<Integer, Result> bySize = new TreeMap<>();
                each.forEach(r -> bySize.put(r.instances(), r));
                List<String> cells = new ArrayList<>(List.of(policy, library));
                sizes.forEach(size -> cells.add(bySize.containsKey(size) ? time(bySize.get(size)) : ""));
                boolean least = library.equals(FLOOR);
                cells.add(least ? "" : worst(each, peer));
                cells.add(least ? "" : worst(each, floor));
                cells.add(growth(bySize.get(sizes.first()), bySize.get(sizes.last())));
                cells.add(bytes(each.stream().mapToDouble(Result::bytes).max().orElse(Double.NaN)));
                row(out, cells);
            });
        });
    }

    /** How many times another's time it takes, at the size at which that is most. */
    private static String worst(List<Result> results, Map<Integer, Double> others) {
        double worst = results.stream()
                .filter(r -> others.containsKey(r.instances()))
                .mapToDouble(r -> r.score() / others.getOrDefault(r.instances(), Double.NaN))
                .max()
                .orElse(Double.NaN);
        return Double.isNaN(worst) ? "" : format(worst, "×");
    }

    private static String growth(@Nullable Result first, @Nullable Result last) {
        return first == null || last == null || first.equals(last) ? "" : format(last.score() / first.score(), "×");
    }
}
