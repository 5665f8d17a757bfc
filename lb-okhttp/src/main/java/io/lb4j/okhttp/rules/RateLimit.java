package io.lb4j.okhttp.rules;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How many calls may be made in a time: for each value of a header or a cookie, or all together. Immutable and thread-safe.
 *
 * @param calls in {@code per}; 1 to 1,000,000
 * @param per 1 ms to 24 h, and not less than a microsecond for each call
 * @param burst how many may come at once after a pause; 1 to {@code calls}
 * @param header whose value is the key, or null
 * @param cookie whose value is the key, or null
 */
public record RateLimit(
        int calls,
        Duration per,
        int burst,
        @Nullable String header,
        @Nullable String cookie) {
    private static final Duration SHORTEST = Duration.ofMillis(1);
    private static final Duration LONGEST = Duration.ofHours(24);

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if out of range, or both a header and a cookie are named
     */
    public RateLimit {
        Objects.requireNonNull(per, "per");
        check(calls >= 1 && calls <= 1_000_000, "calls", calls, "1 to 1000000");
        check(per.compareTo(SHORTEST) >= 0 && per.compareTo(LONGEST) <= 0, "per", per, "1 ms to 24 h");
        check(per.toNanos() / calls >= 1000, "per", per, "at least a microsecond for each of " + calls + " calls");
        check(burst >= 1 && burst <= calls, "burst", burst, "1 to " + calls + ", the number of calls");
        check(header == null || !header.isBlank(), "byHeader", "'" + header + "'", "the name of a header");
        check(cookie == null || !cookie.isBlank(), "byCookie", "'" + cookie + "'", "the name of a cookie");
        check(header == null || cookie == null, "byCookie", "'" + cookie + "'", "a header or a cookie, not both");
    }

    /** So many calls in this time, as many of them at once, and no key: all calls share it. */
    public static RateLimit of(int calls, Duration per) {
        return new RateLimit(calls, per, calls, null, null);
    }

    /** The same with so many at once. */
    public RateLimit withBurst(int value) {
        return new RateLimit(calls, per, value, header, cookie);
    }

    /** The same for each value of this header. Calls without it share one limit. */
    public RateLimit byHeader(String name) {
        return new RateLimit(calls, per, burst, Objects.requireNonNull(name, "byHeader"), null);
    }

    /** The same for each value of this cookie in the request's own header. Calls without it share one limit. */
    public RateLimit byCookie(String name) {
        return new RateLimit(calls, per, burst, null, Objects.requireNonNull(name, "byCookie"));
    }

    private static void check(boolean ok, String name, Object value, String rule) {
        if (!ok) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: " + rule + ")");
        }
    }

    @Override
    public String toString() {
        return calls + " calls in " + per + (burst == calls ? "" : ", " + burst + " at once")
                + (header == null ? "" : ", for each value of header " + header)
                + (cookie == null ? "" : ", for each value of cookie " + cookie);
    }
}
