package io.lb4j.okhttp.rules;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import okhttp3.MediaType;
import okhttp3.Request;
import okhttp3.RequestBody;
import org.jspecify.annotations.Nullable;

/** A request as conditions look at it: what several of them want is worked out once. */
final class Subject {
    final Request request;

    /** The service, as URLs spell it. */
    final String service;

    /** As routes compare paths. */
    final String path;

    final RandomGenerator random;

    Subject(Request request, RandomGenerator random) {
        this.request = request;
        this.service = request.url().host();
        this.path = Paths.normal(request.url().encodedPath());
        this.random = random;
    }

    /** Of the body, which is what will be sent, or else of the header; null if neither says it. */
    @Nullable
    String contentType() {
        RequestBody body = request.body();
        MediaType type = body == null ? null : body.contentType();
        return type == null ? request.header("Content-Type") : type.toString();
    }

    /** The value of a cookie in the request's own header, without quotes; null if it isn't there. */
    @Nullable
    String cookie(String name) {
        List<String> all = cookies(request, name);
        return all.isEmpty() ? null : all.get(0);
    }

    /** The values of all cookies with this name. */
    static List<String> cookies(Request request, String name) {
        List<String> found = new ArrayList<>();
        List<String> headers = request.headers("Cookie");
        for (String header : headers) {
            for (String pair : header.split(";", -1)) {
                int equals = pair.indexOf('=');
                if (equals >= 0 && pair.substring(0, equals).trim().equals(name)) {
                    found.add(unquoted(pair.substring(equals + 1).trim()));
                }
            }
        }
        return found;
    }

    private static String unquoted(String value) {
        return value.length() >= 2 && value.startsWith("\"") && value.endsWith("\"")
                ? value.substring(1, value.length() - 1)
                : value;
    }
}
