package io.lb4j.okhttp;

import io.lb4j.XxHash64;
import java.util.List;
import java.util.OptionalLong;
import okhttp3.Cookie;
import okhttp3.CookieJar;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** A cookie by which the servers of a service know their sessions, and by which we know which instance has which. Immutable and thread-safe. */
final class SessionCookie {
    private final String name;
    private final AffinityKey sent;

    SessionCookie(String name) {
        this.name = name;
        this.sent = AffinityKey.cookie(name);
    }

    /**
     * The session that a request belongs to.
     *
     * @param url as it is on the wire, which decides about secure cookies
     * @param jar of the call: if it has any for the URL, they are sent instead of the request's own
     */
    OptionalLong session(Request request, HttpUrl url, CookieJar jar) {
        List<Cookie> kept = jar.loadForRequest(url);
        if (kept.isEmpty()) {
            return sent.hash(request);
        }
        // OkHttp sends these, and none of the request's own. Of two that match, a server believes the first: the one
        // with the longest path.
        for (Cookie each : kept) {
            if (each.name().equals(name)) {
                return hash(each.value());
            }
        }
        return OptionalLong.empty();
    }

    /** The session that this answer begins; empty if it begins none. */
    OptionalLong begun(Response answer) {
        Response received = answer.networkResponse();
        if (received == null) {
            // From the cache: the session of the day it was stored.
            return OptionalLong.empty();
        }
        String last = null;
        List<String> all = received.headers("Set-Cookie");
        for (int i = 0; i < all.size(); i++) {
            String value = valueOf(all.get(i));
            last = value == null ? last : value;
        }
        if (last == null) {
            return OptionalLong.empty();
        }
        OptionalLong session = hash(last);
        // Many servers say with each answer what they were told.
        return session.equals(sent.hash(received.request())) ? OptionalLong.empty() : session;
    }

    private @Nullable String valueOf(String setCookie) {
        int equals = setCookie.indexOf('=');
        int end = setCookie.indexOf(';');
        if (equals < 0 || !setCookie.substring(0, equals).trim().equals(name)) {
            return null;
        }
        return setCookie
                .substring(equals + 1, end < 0 ? setCookie.length() : end)
                .trim();
    }

    /** As {@link AffinityKey#cookie} hashes it. */
    private static OptionalLong hash(String value) {
        String text = CookieText.of(value);
        return text == null ? OptionalLong.empty() : OptionalLong.of(XxHash64.hash(text));
    }

    @Override
    public String toString() {
        return name;
    }
}
