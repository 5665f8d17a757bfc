package io.lb4j.okhttp;

import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * Which endpoint of its service a request calls: what a server can fail at by itself, such as {@code GET /orders/{id}}. An instance that
 * fails at one endpoint, while it serves others, then loses the calls to that endpoint only. Called on every call:
 * thread-safe, quick.
 *
 * <p>Names must be few, for each endpoint is judged by the calls to it: the template of a path, not the path.
 *
 * @see io.lb4j.PickRequest#withEndpoint
 */
@FunctionalInterface
public interface EndpointName {

    /**
     * The name of the endpoint.
     *
     * @return the name, or null if the request has none; how it fails then counts for the instance as a whole
     */
    @Nullable
    String of(Request request);

    /**
     * The first of these templates that a request matches; none, and it has no endpoint. Each is a path, with {@code {name}}
     * for a segment that varies and {@code {name...}} for all that is left, as in
     * {@link io.lb4j.okhttp.rules.PathTemplate}, after a method and a space if it is for that method only:
     *
     * <pre>{@code
     * EndpointName.templates("GET /orders/{id}", "POST /orders", "/reports/{path...}")
     * }</pre>
     *
     * <p>Escapes that need not be ({@code %61}) are the characters that they stand for; a slash at the end makes no
     * difference.
     *
     * @param templates the most special first
     * @throws IllegalArgumentException if there are none, one is there twice, or one can't be read
     */
    static EndpointName templates(String... templates) {
        return new TemplateNames(List.of(templates));
    }

    /**
     * A name by what the request is tagged with, as Retrofit tags its requests with their {@code Invocation}.
     *
     * @param tag the type under which the request is tagged
     * @param name makes the name of it; null is none
     */
    static <T> EndpointName tag(Class<T> tag, Function<? super T, ? extends @Nullable String> name) {
        Objects.requireNonNull(tag, "tag");
        Objects.requireNonNull(name, "name");
        return request -> {
            T value = request.tag(tag);
            return value == null ? null : name.apply(value);
        };
    }
}
