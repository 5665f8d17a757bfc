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
            int fromA = skipZeros(a, i);
            int fromB = skipZeros(b, j);
            i = endOfDigits(a, fromA);
            j = endOfDigits(b, fromB);
            int order = compareNumbers(a, fromA, i, b, fromB, j);
            if (order != 0) {
                return order;
            }
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

    private static int skipZeros(String text, int from) {
        int at = from;
        while (at < text.length() && text.charAt(at) == '0') {
            at++;
        }
        return at;
    }

    /** Numbers without leading zeros, of any length. */
    private static int compareNumbers(String a, int fromA, int toA, String b, int fromB, int toB) {
        int order = Integer.compare(toA - fromA, toB - fromB);
        for (int k = 0; order == 0 && k < toA - fromA; k++) {
            order = Character.compare(a.charAt(fromA + k), b.charAt(fromB + k));
        }
        return order;
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }
}
