package io.lb4j.examples.affinity;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** All that the servers noted, and whether it is as it must be. */
final class KeyLog {
    private final Map<Integer, List<Visit>> byKey = new TreeMap<>();
    private long calls;

    /** One call: when, where and from which process. */
    record Visit(long micros, String server, String process) {}

    /** A signal, which takes a moment to work: when it was about to be sent, and when the process was gone. */
    record Kill(long sent, long gone) {}

    void read(String server, Path file) throws IOException {
        for (String line : Files.readAllLines(file)) {
            String[] parts = line.split(" ", -1);
            byKey.computeIfAbsent(Integer.parseInt(parts[1]), key -> new ArrayList<>())
                    .add(new Visit(Long.parseLong(parts[0]), server, parts[2]));
            calls++;
        }
        byKey.values().forEach(visits -> visits.sort(Comparator.comparingLong(Visit::micros)));
    }

    long calls() {
        return calls;
    }

    int keys() {
        return byKey.size();
    }

    /** Keys that were called with from more than one process. */
    long shared() {
        return byKey.values().stream()
                .filter(visits -> visits.stream().map(Visit::process).distinct().count() > 1)
                .count();
    }

    Map<Integer, String> last() {
        Map<Integer, String> last = new HashMap<>();
        byKey.forEach((key, visits) -> last.put(key, visits.get(visits.size() - 1).server));
        return last;
    }

    /** How many keys each server had when the run ended. */
    Map<String, Integer> spread() {
        Map<String, Integer> spread = new TreeMap<>();
        last().values().forEach(server -> spread.merge(server, 1, Integer::sum));
        return spread;
    }

    long moves() {
        return byKey.values().stream().mapToLong(KeyLog::changes).sum();
    }

    private static long changes(List<Visit> visits) {
        long changes = 0;
        for (int i = 1; i < visits.size(); i++) {
            changes += visits.get(i).server.equals(visits.get(i - 1).server) ? 0 : 1;
        }
        return changes;
    }

    /**
     * What broke the rule: a key's server changes only if that was killed since the key's last call there.
     *
     * @param kills which server was killed when
     */
    List<String> violations(Map<String, List<Kill>> kills) {
        List<String> found = new ArrayList<>();
        byKey.forEach((key, visits) -> {
            for (int i = 1; i < visits.size(); i++) {
                Visit before = visits.get(i - 1);
                Visit after = visits.get(i);
                boolean excused = kills.getOrDefault(before.server, List.of()).stream()
                        .anyMatch(kill -> before.micros <= kill.gone && kill.sent <= after.micros);
                if (!before.server.equals(after.server) && !excused) {
                    found.add("key " + key + ": " + before + " and then " + after);
                }
            }
        });
        return found;
    }

    Set<String> processes() {
        Set<String> all = new HashSet<>();
        byKey.values().forEach(visits -> visits.forEach(visit -> all.add(visit.process)));
        return all;
    }
}
