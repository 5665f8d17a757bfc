package io.lb4j.strategy;

import java.io.Serializable;
import java.util.Comparator;

/** Text order in which digits are read as numbers: {@code shard-2} comes before {@code shard-10}. */
final class NumberedOrder implements Comparator<String>, Serializable {
    private static final long serialVersionUID = 1;

    @Override
    public int compare(String a, String b) {
        int i = 0;
        int j = 0;
        while (i < a.length() && j < b.length()) {
            if (!isDigit(a.charAt(i)) || !isDigit(b.charAt(j))) {
                int order = Character.compare(a.charAt(i++), b.charAt(j++));
                if (order != 0) {
                    return order;
                }
                continue;
            }
            int endA = endOfDigits(a, i);
            int endB = endOfDigits(b, j);
            int order = compareNumbers(a.substring(i, endA), b.substring(j, endB));
            if (order != 0) {
                return order;
            }
            i = endA;
            j = endB;
        }
        int order = Integer.compare(a.length() - i, b.length() - j);
        return order != 0 ? order : a.compareTo(b);
    }

    private static int endOfDigits(String text, int from) {
        int end = from;
        while (end < text.length() && isDigit(text.charAt(end))) {
            end++;
        }
        return end;
    }

    private static int compareNumbers(String a, String b) {
        String x = a.replaceFirst("^0+", "");
        String y = b.replaceFirst("^0+", "");
        return x.length() != y.length() ? Integer.compare(x.length(), y.length()) : x.compareTo(y);
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }
}
