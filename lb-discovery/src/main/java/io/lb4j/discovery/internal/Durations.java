package io.lb4j.discovery.internal;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Checks of durations that users set, and their spelling on the wire: {@code 500ms}, {@code 15s}, {@code 2m}. */
public final class Durations {
    private static final Pattern SPELLING = Pattern.compile("(\\d{1,9})(ms|s|m)");

    private Durations() {}

    public static Duration check(String name, Duration value, Duration min, Duration max) {
        if (value.compareTo(min) < 0 || value.compareTo(max) > 0) {
            throw new IllegalArgumentException(
                    name + ": " + spelled(value) + " (expected: " + spelled(min) + " to " + spelled(max) + ")");
        }
        return value;
    }

    public static Duration parse(String name, String text) {
        Matcher matcher = SPELLING.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    name + ": " + text + " (expected: a whole number and ms, s or m, as in 15s)");
        }
        long amount = Long.parseLong(matcher.group(1));
        return switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(amount);
            case "s" -> Duration.ofSeconds(amount);
            default -> Duration.ofMinutes(amount);
        };
    }

    public static String spelled(Duration value) {
        if (value.toMillisPart() != 0 || value.isZero()) {
            return value.toMillis() + "ms";
        }
        return value.toSecondsPart() != 0 ? value.toSeconds() + "s" : value.toMinutes() + "m";
    }
}
