package io.lb4j.discovery.internal;

import java.util.Collection;
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
}
