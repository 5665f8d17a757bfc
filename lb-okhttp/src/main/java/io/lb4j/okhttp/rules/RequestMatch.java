package io.lb4j.okhttp.rules;

import io.lb4j.XxHash64;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Which requests a rule is for: those of which all conditions hold. Without any condition, all. Immutable and
 * thread-safe.
 */
public final class RequestMatch {
    private final List<Condition> conditions;
    private final Set<String> services;
    private final @Nullable String pathPrefix;
    private final @Nullable PathTemplate pathTemplate;
    private final @Nullable Share share;

    /**
     * A part of the calls.
     *
     * @param percent how much
     * @param by what tells users apart, for people; empty if each call is drawn for itself
     * @param key null if each call is drawn for itself
     */
    private record Share(
            double percent, String by, @Nullable Function<Subject, @Nullable String> key) {
        /** Whether this one is in it. The rule's name is the seed, so that the same users don't fall into every rule. */
        boolean has(Subject subject, long seed) {
            if (key == null) {
                return subject.random.nextDouble() * 100 < percent;
            }
            String value = key.apply(subject);
            return value != null && !value.isEmpty() && (XxHash64.hash(value, seed) >>> 11) * 0x1p-53 * 100 < percent;
        }

        @Override
        public String toString() {
            return percent + " % of " + (key == null ? "calls" : "values of " + by);
        }
    }

    private RequestMatch(Builder builder) {
        List<Condition> all = new ArrayList<>();
        if (!builder.services.isEmpty()) {
            Set<String> names = Set.copyOf(builder.services);
            all.add(new Condition(
                    "service is " + one(builder.services), s -> names.contains(s.service), s -> s.service));
        }
        if (!builder.methods.isEmpty()) {
            Set<String> methods = Set.copyOf(builder.methods);
            all.add(new Condition(
                    "method is " + one(builder.methods),
                    s -> methods.contains(s.request.method()),
                    s -> s.request.method()));
        }
        if (builder.path != null) {
            all.add(builder.path);
        }
        all.addAll(builder.others.values());
        this.conditions = List.copyOf(all);
        this.services = Set.copyOf(builder.services);
        this.pathPrefix = builder.pathPrefix;
        this.pathTemplate = builder.pathTemplate;
        this.share = builder.percent == null
                ? null
                : new Share(builder.percent, builder.stickyBy == null ? "" : builder.stickyBy, builder.key);
    }

    private static String one(Set<String> names) {
        return names.size() == 1 ? names.iterator().next() : "one of " + names;
    }

    /** Every request. */
    public static RequestMatch any() {
        return builder().build();
    }

    /** A builder without conditions. */
    public static Builder builder() {
        return new Builder();
    }

    /** The services it is for, as URLs spell them; empty if for all. */
    Set<String> services() {
        return services;
    }

    /** Whether it says nothing but the service, so that every call to that service matches. */
    boolean isForWholeServices() {
        return share == null && conditions.size() == (services.isEmpty() ? 0 : 1);
    }

    /** Normal; null unless it is by prefix. */
    @Nullable
    String pathPrefix() {
        return pathPrefix;
    }

    @Nullable
    PathTemplate pathTemplate() {
        return pathTemplate;
    }

    boolean matches(Subject subject, long seed) {
        for (int i = 0; i < conditions.size(); i++) {
            if (!conditions.get(i).holds(subject)) {
                return false;
            }
        }
        return share == null || share.has(subject, seed);
    }

    /** Why it doesn't match; null if it does. */
    @Nullable
    String mismatch(Subject subject, long seed) {
        for (Condition each : conditions) {
            if (!each.holds(subject)) {
                return each.why(subject);
            }
        }
        return share == null || share.has(subject, seed) ? null : "not among " + share;
    }

    @Override
    public String toString() {
        String all = conditions.stream().map(Condition::what).collect(Collectors.joining(", "));
        return (all.isEmpty() ? "any request" : all) + (share == null ? "" : ", " + share);
    }

    /** Collects conditions, all of which must hold. Not thread-safe. */
    public static final class Builder {
        private final Set<String> services = new TreeSet<>();
        private final Set<String> methods = new TreeSet<>();
        private final Map<String, Condition> others = new LinkedHashMap<>();
        private @Nullable Condition path;
        private @Nullable String pathPrefix;
        private @Nullable PathTemplate pathTemplate;
        private @Nullable Double percent;
        private @Nullable String stickyBy;
        private @Nullable Function<Subject, @Nullable String> key;

        private Builder() {}

        /**
         * The URL's host is one of these services.
         *
         * @throws IllegalArgumentException if no URL can have such a host
         */
        public Builder service(String... names) {
            for (String name : names) {
                services.add(ServiceNames.canonical("service", name));
            }
            return this;
        }

        /**
         * The method is one of these; upper and lower case differ, as in HTTP.
         *
         * @throws IllegalArgumentException if one is empty or has spaces
         */
        public Builder method(String... names) {
            for (String name : names) {
                check(!name.isEmpty() && name.chars().allMatch(c -> c > ' ' && c < 127), "method", name, "such as GET");
                methods.add(name);
            }
            return this;
        }

        /** The path is this one. */
        public Builder path(String value) {
            String normal = Paths.checked("path", value);
            return onPath(new Condition("path is '" + value + "'", s -> s.path.equals(normal), s -> s.path));
        }

        /** The path is this one or below it: {@code /video} has {@code /video/1}, and {@code /videos} not. */
        public Builder pathPrefix(String value) {
            String normal = Paths.checked("pathPrefix", value);
            onPath(new Condition("path begins with '" + value + "'", s -> Paths.isBelow(s.path, normal), s -> s.path));
            this.pathPrefix = normal;
            return this;
        }

        /**
         * The path is one of these, as {@link PathTemplate} says: {@code /orders/{id}}.
         *
         * @throws IllegalArgumentException if it is none
         */
        public Builder pathTemplate(String value) {
            PathTemplate template = PathTemplate.of(value);
            onPath(new Condition("path is like '" + template + "'", s -> template.match(s.path, null), s -> s.path));
            this.pathTemplate = template;
            return this;
        }

        private Builder onPath(Condition condition) {
            if (path != null) {
                throw new IllegalArgumentException(condition.what() + " (expected: one condition on the path); "
                        + path.what() + " is there already");
            }
            this.path = condition;
            return this;
        }

        /** The first value of a query parameter, decoded. */
        public Builder query(String name, ValueMatch value) {
            return other("query parameter " + name, value, s -> s.request.url().queryParameter(name));
        }

        /** A request header; the last if it is there several times. Cookies are none. */
        public Builder header(String name, ValueMatch value) {
            check(!name.isBlank(), "header", name, "a header's name");
            return other("header " + name, value, s -> s.request.header(name));
        }

        /** A cookie in the request's own {@code Cookie} header. Those that a cookie jar adds are added later. */
        public Builder cookie(String name, ValueMatch value) {
            check(!name.isBlank(), "cookie", name, "a cookie's name");
            return other("cookie " + name, value, s -> s.cookie(name));
        }

        /**
         * The media type of what is sent, without parameters and in any case: {@code application/json}, or
         * {@code video/*} for all of a kind.
         *
         * @throws IllegalArgumentException unless so
         */
        public Builder contentType(String... types) {
            List<String> exact = new ArrayList<>();
            List<String> kinds = new ArrayList<>();
            for (String type : types) {
                String lower = type.toLowerCase(Locale.ROOT);
                int slash = lower.indexOf('/');
                check(
                        slash > 0 && slash < lower.length() - 1 && lower.indexOf(';') < 0,
                        "contentType",
                        type,
                        "such as application/json or video/*, without parameters");
                if (lower.endsWith("/*")) {
                    kinds.add(lower.substring(0, slash + 1));
                } else {
                    exact.add(lower);
                }
            }
            check(types.length > 0, "contentType", "", "at least one");
            others.put(
                    "content type",
                    new Condition(
                            "content type is " + one(new TreeSet<>(Arrays.asList(types))),
                            s -> isOf(s.contentType(), exact, kinds),
                            s -> shown(s.contentType())));
            return this;
        }

        private static boolean isOf(@Nullable String value, List<String> exact, List<String> kinds) {
            if (value == null) {
                return false;
            }
            int semicolon = value.indexOf(';');
            String type = (semicolon < 0 ? value : value.substring(0, semicolon))
                    .trim()
                    .toLowerCase(Locale.ROOT);
            return exact.contains(type) || kinds.stream().anyMatch(type::startsWith);
        }

        private Builder other(String what, ValueMatch value, Function<Subject, @Nullable String> of) {
            Objects.requireNonNull(value, "value");
            others.put(what, new Condition(what + " " + value, s -> value.test(of.apply(s)), s -> shown(of.apply(s))));
            return this;
        }

        private static String shown(@Nullable String value) {
            return value == null ? "none" : "'" + value + "'";
        }

        /**
         * A part of the calls for which all else holds: each is drawn for itself, unless {@link #byHeader} or
         * {@link #byCookie} say whose calls belong together.
         *
         * @throws IllegalArgumentException unless 0 to 100
         */
        public Builder percent(double value) {
            check(value >= 0 && value <= 100, "percent", String.valueOf(value), "0 to 100");
            this.percent = value;
            return this;
        }

        /**
         * With {@link #percent}: calls with the same value of this header are all in the part or none of them, in every
         * process and as long as the rule has its name; when the percentage grows, those that are in it stay. A call without the header is not in it.
         */
        public Builder byHeader(String name) {
            check(!name.isBlank(), "byHeader", name, "a header's name");
            return by("header " + name, s -> s.request.header(name));
        }

        /** The same as {@link #byHeader} for a cookie in the request's own {@code Cookie} header. */
        public Builder byCookie(String name) {
            check(!name.isBlank(), "byCookie", name, "a cookie's name");
            return by("cookie " + name, s -> s.cookie(name));
        }

        private Builder by(String what, Function<Subject, @Nullable String> of) {
            if (stickyBy != null) {
                throw new IllegalArgumentException(
                        "by: " + what + " (expected: one key); it is " + stickyBy + " already");
            }
            this.stickyBy = what;
            this.key = of;
            return this;
        }

        /**
         * Builds the match.
         *
         * @throws IllegalArgumentException if there is a key to draw by, and no percentage
         */
        public RequestMatch build() {
            if (stickyBy != null && percent == null) {
                throw new IllegalArgumentException(
                        "percent: missing (expected: 0 to 100, as there is a key to draw by: " + stickyBy + ")");
            }
            return new RequestMatch(this);
        }

        private static void check(boolean ok, String name, String value, String rule) {
            if (!ok) {
                throw new IllegalArgumentException(name + ": '" + value + "' (expected: " + rule + ")");
            }
        }
    }
}
