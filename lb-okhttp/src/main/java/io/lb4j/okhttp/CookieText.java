package io.lb4j.okhttp;

import org.jspecify.annotations.Nullable;

/** What a cookie's value says. */
final class CookieText {
    private CookieText() {}

    /** The value without the quotes around it; null if nothing is left. */
    static @Nullable String of(String value) {
        int last = value.length() - 1;
        String bare =
                last >= 1 && value.charAt(0) == '"' && value.charAt(last) == '"' ? value.substring(1, last) : value;
        return bare.isEmpty() ? null : bare;
    }
}
