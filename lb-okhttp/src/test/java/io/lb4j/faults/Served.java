package io.lb4j.faults;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A line of a server's log: one request that it processed. */
record Served(String server, long epochMillis, String id, String method) {
    /** Lines are {@code seconds.millis id method status}; one that a kill cut short, or that is of no request, is left out. */
    static List<Served> read(String server, Path log) throws IOException {
        List<Served> all = new ArrayList<>();
        if (Files.exists(log)) {
            for (String line : Files.readAllLines(log, StandardCharsets.ISO_8859_1)) {
                String[] words = line.split(" ", -1);
                if (words.length == 4 && words[0].matches("\\d+\\.\\d+")) {
                    all.add(new Served(server, (long) (Double.parseDouble(words[0]) * 1000), words[1], words[2]));
                }
            }
        }
        return all;
    }
}
