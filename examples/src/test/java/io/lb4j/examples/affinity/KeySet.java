package io.lb4j.examples.affinity;

import java.util.ArrayList;
import java.util.List;

/** Keys as a process is told of them: {@code 0-9000:1} are those from 0 to 8,999 that leave 1 when divided by 4. */
final class KeySet {
    /** A key is used by two processes of so many. */
    static final int PARTS = 4;

    private KeySet() {}

    static List<Integer> parse(String text) {
        List<Integer> keys = new ArrayList<>();
        for (String range : text.split(",", -1)) {
            String[] parts = range.split("[-:]", -1);
            for (int key = Integer.parseInt(parts[0]); key < Integer.parseInt(parts[1]); key++) {
                if (parts.length < 3 || key % PARTS == Integer.parseInt(parts[2])) {
                    keys.add(key);
                }
            }
        }
        return keys;
    }
}
