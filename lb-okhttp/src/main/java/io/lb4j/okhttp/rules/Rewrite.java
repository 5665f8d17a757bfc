package io.lb4j.okhttp.rules;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import okhttp3.Headers;
import okhttp3.HttpUrl;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * What a route changes of a request.
 *
 * @param service where it goes, as URLs spell it; null to leave it
 * @param path its new path, made of what the match's template found; null to leave it
 * @param prefix what replaces the match's prefix; null to leave it
 * @param headers in order
 */
record Rewrite(
        @Nullable String service,
        @Nullable PathTemplate path,
        @Nullable String prefix,
        List<HeaderChange> headers) {
    /** Those that OkHttp makes of the URL and the body, and those of one connection. */
    private static final Set<String> NOT_OURS = Set.of(
            "host", "content-length", "content-type", "transfer-encoding", "connection", "upgrade", "keep-alive", "te");

    /**
     * A header to set, add or remove.
     *
     * @param name of the header
     * @param value null to remove it
     * @param keepOthers whether values that are there stay
     */
    record HeaderChange(String name, @Nullable String value, boolean keepOthers) {
        HeaderChange {
            String what = value == null ? "removeHeader" : keepOthers ? "addHeader" : "setHeader";
            if (NOT_OURS.contains(name.toLowerCase(Locale.ROOT))) {
                throw new IllegalArgumentException(what + ": '" + name
                        + "' (expected: another header); this one follows from the URL, the body or the connection");
            }
            try {
                Headers unused = new Headers.Builder()
                        .add(name, value == null ? "" : value)
                        .build();
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(what + ": '" + name + "' (expected: a header's name and value)", e);
            }
        }
    }

    Request apply(Request request, RequestMatch match) {
        HttpUrl url = url(request.url(), match);
        if (headers.isEmpty() && url.equals(request.url())) {
            return request;
        }
        Request.Builder changed = request.newBuilder().url(url);
        for (HeaderChange each : headers) {
            if (each.value == null) {
                changed.removeHeader(each.name);
            } else if (each.keepOthers) {
                changed.addHeader(each.name, each.value);
            } else {
                changed.header(each.name, each.value);
            }
        }
        return changed.build();
    }

    private HttpUrl url(HttpUrl before, RequestMatch match) {
        HttpUrl.Builder url = null;
        if (service != null && !service.equals(before.host())) {
            // The port that the caller named is part of the other service's name.
            url = before.newBuilder().host(service).port(HttpUrl.defaultPort(before.scheme()));
        }
        String newPath = newPath(before.encodedPath(), match);
        if (newPath != null && !newPath.equals(before.encodedPath())) {
            url = (url == null ? before.newBuilder() : url).encodedPath(newPath);
        }
        return url == null ? before : url.build();
    }

    private @Nullable String newPath(String before, RequestMatch match) {
        PathTemplate from = match.pathTemplate();
        if (path != null) {
            Map<String, String> values = from == null ? Map.of() : from.variables(before);
            return path.expand(values == null ? Map.of() : values);
        }
        String old = match.pathPrefix();
        if (prefix == null || old == null) {
            return null;
        }
        String rest = Paths.normal(before).substring(old.length());
        String joined = prefix.endsWith("/") && rest.startsWith("/") ? prefix + rest.substring(1) : prefix + rest;
        return joined.isEmpty() ? "/" : joined;
    }

    /** What it changes, for people. */
    List<String> describe() {
        List<String> all = new ArrayList<>();
        if (service != null) {
            all.add("service becomes " + service);
        }
        if (path != null) {
            all.add("path becomes " + path);
        }
        if (prefix != null) {
            all.add("path prefix becomes " + prefix);
        }
        for (HeaderChange each : headers) {
            all.add("header " + each.name
                    + (each.value == null ? " goes" : (each.keepOthers ? " has also " : " becomes ") + each.value));
        }
        return all;
    }

    /** Checks that the match has what is to be replaced. */
    void check(RequestMatch match) {
        if (path != null && prefix != null) {
            throw new IllegalArgumentException("rewritePath: '" + path + "' (expected: not with rewritePrefix)");
        }
        if (prefix != null && match.pathPrefix() == null) {
            throw new IllegalArgumentException(
                    "rewritePrefix: '" + prefix + "' (expected: a match with pathPrefix, which is what it replaces)");
        }
        if (path != null) {
            PathTemplate from = match.pathTemplate();
            List<String> known = from == null ? List.of() : from.names();
            for (String name : path.names()) {
                if (!known.contains(name)) {
                    throw new IllegalArgumentException("rewritePath: '" + path + "' (expected: names that the match's"
                            + " pathTemplate has, " + (known.isEmpty() ? "which has none" : "one of " + known) + ")");
                }
            }
        }
        Objects.requireNonNull(headers, "headers");
    }
}
