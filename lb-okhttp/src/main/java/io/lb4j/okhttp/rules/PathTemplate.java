package io.lb4j.okhttp.rules;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A path with names in place of segments: {@code /orders/{id}/items} is every path of three segments of which the first
 * is {@code orders} and the last {@code items}. A name stands for one segment that is not empty; the last may be
 * {@code {name...}}, which stands for all that is left, one segment or more. Immutable and thread-safe.
 *
 * <p>Paths are compared as URLs spell them, but that an escaped character which needs no escape ({@code %61}) is the
 * character ({@code a}), as RFC 3986 §6.2.2.2 says. Matching makes no garbage, unless the path has such escapes.
 */
public final class PathTemplate {
    private static final String REST = "...";

    private final String template;
    private final List<Segment> segments;

    /**
     * A segment.
     *
     * @param text what it is, or what it is called
     * @param named whether it is a name
     */
    private record Segment(String text, boolean named) {}

    /** Whether the last segment stands for all that is left. */
    private final boolean open;

    private PathTemplate(String template, List<Segment> segments, boolean open) {
        this.template = template;
        this.segments = List.copyOf(segments);
        this.open = open;
    }

    /**
     * Reads a template.
     *
     * @throws IllegalArgumentException if it doesn't begin with a slash, or its braces are not as above
     */
    public static PathTemplate of(String template) {
        check(template.startsWith("/"), template, "begins with /");
        check(template.indexOf('?') < 0 && template.indexOf('#') < 0, template, "a path, without query and fragment");
        List<Segment> segments = new ArrayList<>();
        Set<String> names = new HashSet<>();
        boolean open = false;
        for (String part : template.substring(1).split("/", -1)) {
            check(!open, template, "nothing behind {name...}");
            if (part.startsWith("{") && part.endsWith("}")) {
                String name = part.substring(1, part.length() - 1);
                if (name.endsWith(REST)) {
                    open = true;
                    name = name.substring(0, name.length() - REST.length());
                }
                check(isName(name), template, "names of letters, digits and _ in its braces");
                check(names.add(name), template, "each name once");
                segments.add(new Segment(name, true));
            } else {
                check(part.indexOf('{') < 0 && part.indexOf('}') < 0, template, "braces around a whole segment");
                segments.add(new Segment(Paths.normal(part), false));
            }
        }
        return new PathTemplate(template, segments, open);
    }

    private static boolean isName(String name) {
        return !name.isEmpty() && name.chars().allMatch(c -> c == '_' || Character.isLetterOrDigit(c));
    }

    private static void check(boolean ok, String template, String rule) {
        if (!ok) {
            throw new IllegalArgumentException("pathTemplate: '" + template + "' (expected: " + rule + ")");
        }
    }

    /** Its names, in order. */
    public List<String> names() {
        return segments.stream().filter(Segment::named).map(Segment::text).toList();
    }

    /**
     * Whether it is this path.
     *
     * @param encodedPath as in a URL, without query
     */
    public boolean matches(String encodedPath) {
        return match(Paths.normal(encodedPath), null);
    }

    /**
     * What its names stand for in this path, as the URL spells it.
     *
     * @param encodedPath as in a URL, without query
     * @return the segments by their names, or null if it doesn't match
     */
    public @Nullable Map<String, String> variables(String encodedPath) {
        Map<String, String> found = new LinkedHashMap<>();
        return match(Paths.normal(encodedPath), found) ? found : null;
    }

    /** @param path normal */
    boolean match(String path, @Nullable Map<String, String> found) {
        if (path.isEmpty() || path.charAt(0) != '/') {
            return false;
        }
        int at = 1;
        int last = segments.size() - 1;
        for (int i = 0; i <= last; i++) {
            Segment segment = segments.get(i);
            int slash = open && i == last ? -1 : path.indexOf('/', at);
            int end = slash < 0 ? path.length() : slash;
            if (segment.named) {
                if (end == at) {
                    return false;
                }
                if (found != null) {
                    found.put(segment.text, path.substring(at, end));
                }
            } else if (segment.text.length() != end - at || !path.startsWith(segment.text, at)) {
                return false;
            }
            if (slash < 0) {
                return i == last;
            }
            at = end + 1;
        }
        return false;
    }

    /** The path that comes of it with these in place of the names. */
    String expand(Map<String, String> values) {
        StringBuilder path = new StringBuilder();
        for (Segment segment : segments) {
            path.append('/').append(segment.named ? values.getOrDefault(segment.text, "") : segment.text);
        }
        return path.toString();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof PathTemplate that && template.equals(that.template);
    }

    @Override
    public int hashCode() {
        return template.hashCode();
    }

    /** The template as it was given. */
    @Override
    public String toString() {
        return template;
    }
}
