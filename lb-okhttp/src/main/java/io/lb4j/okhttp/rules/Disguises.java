package io.lb4j.okhttp.rules;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import okhttp3.Headers;
import okhttp3.HttpUrl;
import okhttp3.Request;

/**
 * Where else than in its first line a request says what it is: headers and parameters by which frameworks let it be another one. Their names are compared
 * as CGI and its heirs do, to which {@code X_Original_URL} is {@code X-Original-URL}.
 */
final class Disguises {
    private static final List<String> METHOD_HEADERS =
            List.of("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Method");

    /** Spring's, Jersey's, Rails' and Laravel's, and the headers' names as gateways take them from a query. */
    private static final List<String> METHOD_PARAMETERS =
            List.of("_method", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override");

    private static final List<String> PATH_HEADERS = List.of(
            "X-Original-URL",
            "X-Original-URI",
            "X-Rewrite-URL",
            "X-Rewrite-URI",
            "X-Override-URL",
            "X-Forwarded-URI",
            "X-Forwarded-Path");

    /** WebDAV's: where a resource is copied or moved to. */
    private static final String DESTINATION = "Destination";

    /**
     * Something that was found.
     *
     * @param where it was, for a message
     */
    record Found(String where, String value) {}

    private Disguises() {}

    /** The methods that it may be taken for, but for its own. */
    static List<Found> methods(Request request) {
        List<Found> found = new ArrayList<>(0);
        Headers headers = request.headers();
        for (int i = 0; i < headers.size(); i++) {
            if (isAny(headers.name(i), METHOD_HEADERS)) {
                addAll(found, "header " + headers.name(i), headers.value(i));
            }
        }
        String query = request.url().encodedQuery();
        if (query != null && couldName(query)) {
            for (String pair : query.split("[&;]", -1)) {
                int equals = pair.indexOf('=');
                String name =
                        decoded(equals < 0 ? pair : pair.substring(0, equals)).trim();
                if (isAny(name, METHOD_PARAMETERS)) {
                    addAll(found, "a parameter of the query", equals < 0 ? "" : decoded(pair.substring(equals + 1)));
                }
            }
        }
        return found;
    }

    /** Most queries have neither an escape nor the word. */
    private static boolean couldName(String query) {
        return query.indexOf('%') >= 0 || query.toLowerCase(Locale.ROOT).contains("method");
    }

    private static void addAll(List<Found> found, String where, String values) {
        for (String each : values.split(",", -1)) {
            found.add(new Found(where, each.trim()));
        }
    }

    private static String decoded(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            // Half an escape: no server takes it for the word either.
            return text;
        }
    }

    /** The paths that it may be taken for, but for its own. */
    static List<Found> paths(Request request) {
        List<Found> found = new ArrayList<>(0);
        Headers headers = request.headers();
        for (int i = 0; i < headers.size(); i++) {
            String value = headers.value(i);
            boolean isPath = isAny(headers.name(i), PATH_HEADERS)
                    || (isAlias(headers.name(i), DESTINATION) && (value.startsWith("/") || value.contains("://")));
            if (isPath) {
                found.add(new Found("header " + headers.name(i), pathOf(value)));
            }
        }
        return found;
    }

    private static String pathOf(String value) {
        HttpUrl url = HttpUrl.parse(value);
        String path = url == null ? value : url.encodedPath();
        return path.startsWith("/") ? path : "/" + path;
    }

    private static boolean isAny(String name, List<String> names) {
        for (int i = 0; i < names.size(); i++) {
            if (isAlias(name, names.get(i))) {
                return true;
            }
        }
        return false;
    }

    /** Whether some server reads this name as that one: letters in any case, and one mark as good as another. */
    static boolean isAlias(String name, String other) {
        if (name.length() != other.length()) {
            return false;
        }
        for (int i = 0; i < name.length(); i++) {
            if (folded(name.charAt(i)) != folded(other.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    private static char folded(char c) {
        if (c >= 'A' && c <= 'Z') {
            return (char) (c | ' ');
        }
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
    }

    /** The values of all headers that may be taken for this one. */
    static List<String> values(Request request, String header) {
        List<String> values = new ArrayList<>(1);
        Headers headers = request.headers();
        for (int i = 0; i < headers.size(); i++) {
            if (isAlias(headers.name(i), header)) {
                values.add(headers.value(i));
            }
        }
        return values;
    }
}
