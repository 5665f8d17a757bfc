package io.lb4j.okhttp;

import io.lb4j.XxHash64;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.function.Function;
import okhttp3.Cookie;
import okhttp3.CookieJar;
import okhttp3.HttpUrl;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * What of a request decides its instance: under a strategy that keeps keys in place (ring hash, Maglev, rendezvous),
 * requests with equal keys go to the same instance, from every process that sees the same instances. The key's text is
 * hashed with XXH64, so no process has to share anything with another. Called on every call: thread-safe, quick.
 *
 * <p>Headers, cookies, query parameters and {@linkplain #allOf combinations} of them hash as the hash policies of an
 * Envoy route do, so that a caller behind Envoy and a caller with this library agree on an instance.
 */
@FunctionalInterface
public interface AffinityKey {

    /**
     * The key of this request.
     *
     * @return the key, or null if the request has none; it then goes where the strategy likes
     */
    @Nullable
    String of(Request request);

    /**
     * The hash that decides: XXH64 with seed 0 of the key's UTF-8 bytes, unless the key says otherwise.
     *
     * @return the hash, or empty if the request has no key
     */
    default OptionalLong hash(Request request) {
        String key = of(request);
        return key == null ? OptionalLong.empty() : OptionalLong.of(XxHash64.hash(key));
    }

    /**
     * The same key, behind which {@link #allOf} looks no further once there is a hash, be it this key's or one
     * before it. By itself it is no different.
     */
    default AffinityKey terminal() {
        return new TerminalKey(this);
    }

    /**
     * Several keys as one: the hash so far is rotated left by one bit and combined (exclusive or) with that of each
     * next key the request has. Keys that the request lacks are passed over; without any of them it has none.
     *
     * <pre>{@code
     * AffinityKey.allOf(AffinityKey.cookie("session").terminal(), AffinityKey.header("X-User"), AffinityKey.clientAddress())
     * }</pre>
     *
     * @param keys in the order of an Envoy route's {@code hash_policy}
     * @throws IllegalArgumentException if there are none
     */
    static AffinityKey allOf(AffinityKey... keys) {
        return new FoldedKey(List.of(keys));
    }

    /**
     * The value of a request header. Of a header that is there several times all values count, in whatever order they
     * are, as in Envoy; its text is then the values in order, joined by commas.
     */
    static AffinityKey header(String name) {
        return new HeaderKey(name);
    }

    /**
     * The value of a cookie in the request's own {@code Cookie} header, without the quotes around it, if any; an empty
     * value is no key. Cookies that OkHttp's cookie jar is about to add are not among them: they are added after the
     * pick; use {@link #cookie(String, CookieJar)} for those.
     */
    static AffinityKey cookie(String name) {
        Objects.requireNonNull(name, "name");
        return request -> {
            List<String> headers = request.headers("Cookie");
            for (String header : headers) {
                String value = cookieValue(header, name);
                if (value != null) {
                    return CookieText.of(value);
                }
            }
            return null;
        };
    }

    /**
     * The value of a cookie, from the request's own {@code Cookie} header or else from the cookie jar of the client that
     * makes the call.
     *
     * @param jar the client's cookie jar
     */
    static AffinityKey cookie(String name, CookieJar jar) {
        AffinityKey own = cookie(name);
        Objects.requireNonNull(jar, "jar");
        return request -> {
            String value = own.of(request);
            if (value != null) {
                return value;
            }
            for (Cookie cookie : jar.loadForRequest(request.url())) {
                if (cookie.name().equals(name)) {
                    return CookieText.of(cookie.value());
                }
            }
            return null;
        };
    }

    /**
     * The first value of a parameter in the URL's query, not decoded, as in Envoy: of {@code ?user=a%20b} it is
     * {@code a%20b}. A parameter without a value has the empty key.
     *
     * @param name as the URL spells it
     */
    static AffinityKey queryParameter(String name) {
        Objects.requireNonNull(name, "name");
        return request -> {
            String query = request.url().encodedQuery();
            return query == null ? null : parameterValue(query, name);
        };
    }

    /**
     * A segment of the URL's path, decoded: of {@code /pages/home/7}, 0 is {@code pages} and 1 is {@code home}. An
     * empty segment is no key.
     *
     * @param index 0 for the first
     * @throws IllegalArgumentException if negative
     */
    static AffinityKey pathSegment(int index) {
        if (index < 0) {
            throw new IllegalArgumentException("index: " + index + " (expected: >= 0)");
        }
        return request -> {
            HttpUrl url = request.url();
            if (index >= url.pathSize()) {
                return null;
            }
            String segment = url.pathSegments().get(index);
            return segment.isEmpty() ? null : segment;
        };
    }

    /**
     * The address of the client this process acts for: the first hop of the request's {@code X-Forwarded-For} header.
     * No header, no key. The header is whatever the caller put there, so it balances, and must not authorise. Envoy's
     * {@code source_ip} hashes alike if that hop is the address it sees, in the usual spelling.
     */
    static AffinityKey clientAddress() {
        return request -> {
            String header = request.header("X-Forwarded-For");
            if (header == null) {
                return null;
            }
            int comma = header.indexOf(',');
            String first = (comma < 0 ? header : header.substring(0, comma)).trim();
            return first.isEmpty() ? null : first;
        };
    }

    /** Any function of the request, for readers who prefer a name to a bare lambda. */
    static AffinityKey of(Function<? super Request, ? extends @Nullable String> key) {
        Objects.requireNonNull(key, "key");
        return key::apply;
    }

    private static @Nullable String parameterValue(String query, String name) {
        int at = 0;
        while (at < query.length()) {
            int end = query.indexOf('&', at);
            if (end < 0) {
                end = query.length();
            }
            int afterName = at + name.length();
            if (query.startsWith(name, at) && afterName <= end) {
                if (afterName == end) {
                    return "";
                }
                if (query.charAt(afterName) == '=') {
                    return query.substring(afterName + 1, end);
                }
            }
            at = end + 1;
        }
        return null;
    }

    private static @Nullable String cookieValue(String header, String name) {
        int at = 0;
        while (at < header.length()) {
            int end = header.indexOf(';', at);
            if (end < 0) {
                end = header.length();
            }
            int equals = header.indexOf('=', at);
            if (equals >= 0
                    && equals < end
                    && header.substring(at, equals).trim().equals(name)) {
                return header.substring(equals + 1, end).trim();
            }
            at = end + 1;
        }
        return null;
    }
}
