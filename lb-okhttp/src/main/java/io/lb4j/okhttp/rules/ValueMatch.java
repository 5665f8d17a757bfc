package io.lb4j.okhttp.rules;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a header, a query parameter or a cookie has to be. Values are compared exactly, upper and lower case included.
 * Immutable and thread-safe.
 */
public final class ValueMatch {
    private static final ValueMatch PRESENT = new ValueMatch(Kind.PRESENT, Set.of(), "is there");
    private static final ValueMatch ABSENT = new ValueMatch(Kind.ABSENT, Set.of(), "is not there");

    private enum Kind {
        ANY_OF,
        PREFIX,
        SUFFIX,
        PRESENT,
        ABSENT
    }

    private final Kind kind;
    private final Set<String> texts;
    private final String description;

    private ValueMatch(Kind kind, Set<String> texts, String description) {
        this.kind = kind;
        this.texts = texts;
        this.description = description;
    }

    /**
     * One of these values.
     *
     * @throws IllegalArgumentException if there are none
     */
    public static ValueMatch is(String... values) {
        if (values.length == 0) {
            throw new IllegalArgumentException("values: none (expected: at least one)");
        }
        List<String> all = List.of(values);
        return new ValueMatch(
                Kind.ANY_OF, Set.copyOf(all), all.size() == 1 ? "is '" + all.get(0) + "'" : "is one of " + all);
    }

    /** A value that begins so. */
    public static ValueMatch beginsWith(String prefix) {
        return new ValueMatch(Kind.PREFIX, Set.of(prefix), "begins with '" + prefix + "'");
    }

    /** A value that ends so. */
    public static ValueMatch endsWith(String suffix) {
        return new ValueMatch(Kind.SUFFIX, Set.of(suffix), "ends with '" + suffix + "'");
    }

    /** Any value, the empty one, too. */
    public static ValueMatch isPresent() {
        return PRESENT;
    }

    /** No value: the request doesn't have it. */
    public static ValueMatch isAbsent() {
        return ABSENT;
    }

    /** @param value null if the request doesn't have it */
    boolean test(@Nullable String value) {
        return switch (kind) {
            case PRESENT -> value != null;
            case ABSENT -> value == null;
            case ANY_OF -> value != null && texts.contains(value);
            case PREFIX -> value != null && value.startsWith(text());
            case SUFFIX -> value != null && value.endsWith(text());
        };
    }

    private String text() {
        return texts.iterator().next();
    }

    @Override
    public String toString() {
        return description;
    }
}
