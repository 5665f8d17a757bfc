package io.lb4j.okhttp;

import io.lb4j.okhttp.rules.PathTemplate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/** Endpoints by the templates of their methods and paths. */
final class TemplateNames implements EndpointName {
    private final List<Endpoint> endpoints;

    /**
     * A template.
     *
     * @param method null if any
     */
    private record Endpoint(String name, @Nullable String method, PathTemplate path) {}

    TemplateNames(List<String> templates) {
        check(!templates.isEmpty(), "", "at least one template");
        List<Endpoint> all = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (String template : templates) {
            check(names.add(template), template, "each template once");
            all.add(endpoint(template));
        }
        this.endpoints = List.copyOf(all);
    }

    private static Endpoint endpoint(String template) {
        int space = template.indexOf(' ');
        check(space != 0 && template.indexOf(' ', space + 1) < 0, template, "a path, or a method, a space and a path");
        String method = space < 0 ? null : template.substring(0, space);
        return new Endpoint(template, method, PathTemplate.of(withoutLastSlash(template.substring(space + 1))));
    }

    private static String withoutLastSlash(String path) {
        return path.length() > 1 && path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    }

    private static void check(boolean ok, String template, String rule) {
        if (!ok) {
            throw new IllegalArgumentException("templates: '" + template + "' (expected: " + rule + ")");
        }
    }

    @Override
    public @Nullable String of(Request request) {
        String path = withoutLastSlash(request.url().encodedPath());
        for (int i = 0; i < endpoints.size(); i++) {
            Endpoint each = endpoints.get(i);
            if ((each.method == null || each.method.equals(request.method())) && each.path.matches(path)) {
                return each.name;
            }
        }
        return null;
    }

    @Override
    public String toString() {
        return endpoints.stream().map(Endpoint::name).toList().toString();
    }
}
