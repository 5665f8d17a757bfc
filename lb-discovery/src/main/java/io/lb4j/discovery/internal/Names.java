package io.lb4j.discovery.internal;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.stream.Collectors;

/** How messages name what is known. */
public final class Names {
    private static final int SHOWN = 20;

    private Names() {}

    /** {@code one of [a, b]}, cut after some, or a word for none. */
    public static String oneOf(Collection<String> names) {
        if (names.isEmpty()) {
            return "a known service, but none is known";
        }
        String rest = names.size() > SHOWN ? ", and " + (names.size() - SHOWN) + " more" : "";
        return "one of " + names.stream().limit(SHOWN).collect(Collectors.joining(", ", "[", rest + "]"));
    }

    /** {@code (did you mean 'consul'?)} if one of the names is close enough for a slip, else nothing. */
    public static String nearest(String given, Collection<String> names) {
        return names.stream()
                .min(Comparator.comparingInt((String name) -> distance(given, name))
                        .thenComparing(name -> name))
                .filter(name -> distance(given, name) <= Math.max(1, Math.min(3, given.length() / 3)))
                .map(name -> " (did you mean '" + name + "'?)")
                .orElse("");
    }

    /**
     * How many letters have to be added, taken, replaced or swapped with their neighbour (V. Levenshtein 1966, F. Damerau
     * 1964), case not counted.
     */
    private static int distance(String left, String right) {
        String a = left.toLowerCase(Locale.ROOT);
        String b = right.toLowerCase(Locale.ROOT);
        int[][] costs = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    costs[i][j] = i + j;
                    continue;
                }
                int replaced = costs[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                int cost = Math.min(replaced, Math.min(costs[i - 1][j], costs[i][j - 1]) + 1);
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    cost = Math.min(cost, costs[i - 2][j - 2] + 1);
                }
                costs[i][j] = cost;
            }
        }
        return costs[a.length()][b.length()];
    }
}
