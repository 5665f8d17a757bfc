package io.lb4j.discovery;

import com.sun.net.httpserver.HttpExchange;
import io.lb4j.discovery.internal.Durations;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Path and query of a request, decoded.
 *
 * @param path its segments
 * @param query its parameters, each at most once
 */
record RegistryRequest(List<String> path, Map<String, String> query) {

    /**
     * Reads a request's target.
     *
     * @throws IllegalArgumentException if it has no path, or a parameter more than once
     */
    static RegistryRequest of(URI uri) {
        String path = uri.getRawPath();
        if (path == null || path.isEmpty()) {
            throw new IllegalArgumentException("path: none (expected: one that begins with /)");
        }
        List<String> segments = Arrays.stream(path.substring(1).split("/", -1))
                .map(RegistryRequest::decoded)
                .toList();
        Map<String, String> query = new LinkedHashMap<>();
        String rawQuery = uri.getRawQuery();
        if (rawQuery != null && !rawQuery.isEmpty()) {
            for (String parameter : rawQuery.split("&", -1)) {
                int equals = parameter.indexOf('=');
                String name = decoded(equals < 0 ? parameter : parameter.substring(0, equals));
                if (query.put(name, equals < 0 ? "" : decoded(parameter.substring(equals + 1))) != null) {
                    throw new IllegalArgumentException("parameter: " + name + " (expected: each at most once)");
                }
            }
        }
        return new RegistryRequest(segments, query);
    }

    private static String decoded(String text) {
        // In a path, and in what clients of ours send, a plus is a plus.
        return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    /** Refuses other methods, and parameters that would be misspelt ones. */
    void allow(HttpExchange exchange, Set<String> methods, Set<String> parameters) throws Refusal {
        if (!methods.contains(exchange.getRequestMethod())) {
            String allowed = String.join(", ", new TreeSet<>(methods));
            exchange.getResponseHeaders().set("Allow", allowed);
            throw new Refusal(405, "method: " + exchange.getRequestMethod() + " (expected: " + allowed + ")");
        }
        for (String name : query.keySet()) {
            if (!parameters.contains(name)) {
                throw new IllegalArgumentException("parameter: " + name + " (expected: "
                        + (parameters.isEmpty() ? "none" : "one of " + new TreeSet<>(parameters)) + ")");
            }
        }
    }

    String service() {
        return RegistryRules.service(path.get(2));
    }

    String id() {
        return RegistryRules.id(path.get(4));
    }

    @Nullable
    String lease() {
        String lease = query.get("lease");
        return lease == null ? null : RegistryRules.lease(lease);
    }

    @Nullable
    String epoch() {
        return query.get("epoch");
    }

    @Nullable
    Long index() {
        String index = query.get("index");
        try {
            return index == null ? null : Long.valueOf(index);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("index: " + index + " (expected: a whole number)", e);
        }
    }

    Duration duration(String name, Duration absent) {
        String value = query.get(name);
        return value == null ? absent : Durations.parse(name, value);
    }
}
