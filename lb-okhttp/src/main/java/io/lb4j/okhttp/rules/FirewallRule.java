package io.lb4j.okhttp.rules;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import okhttp3.Headers;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okio.Utf8;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link Firewall} asks of the calls to some hosts, or to all: methods, paths, sizes, a rate. Immutable and thread-safe.
 *
 * <pre>{@code
 * FirewallRule.named("no admin").hosts("orders").denyPaths("/admin").maxBodyBytes(1 << 20).build()
 * }</pre>
 *
 * <p>Methods and paths are also looked for in the headers by which frameworks let a request be another one:
 * {@code X-HTTP-Method-Override} and its like, {@code X-Original-URL}, {@code X-Rewrite-URL}.
 */
public final class FirewallRule {
    private static final List<String> METHOD_HEADERS =
            List.of("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override");
    private static final List<String> PATH_HEADERS = List.of("X-Original-URL", "X-Rewrite-URL");
    private static final int MAX_SHOWN = 200;

    /** As HTTP/1.1 writes a header: a colon, a space, the end of the line. */
    private static final int HEADER_OVERHEAD = 4;

    private final String name;
    private final Set<String> hosts;
    private final Set<String> allowedMethods;
    private final Set<String> deniedMethods;
    private final List<String> allowedPaths;
    private final List<String> deniedPaths;
    private final int maxHeaders;
    private final int maxHeaderBytes;
    private final long maxBodyBytes;
    private final @Nullable RateLimit rateLimit;

    private FirewallRule(Builder builder) {
        this.name = builder.name;
        this.hosts = Set.copyOf(builder.hosts);
        this.allowedMethods = new TreeSet<>(builder.allowedMethods);
        this.deniedMethods = new TreeSet<>(builder.deniedMethods);
        this.allowedPaths = List.copyOf(builder.allowedPaths);
        this.deniedPaths = List.copyOf(builder.deniedPaths);
        this.maxHeaders = builder.maxHeaders;
        this.maxHeaderBytes = builder.maxHeaderBytes;
        this.maxBodyBytes = builder.maxBodyBytes;
        this.rateLimit = builder.rateLimit;
    }

    /**
     * A builder of a rule with this name, by which errors and counts tell it from others.
     *
     * @throws IllegalArgumentException unless 1 to 100 printable characters
     */
    public static Builder named(String name) {
        return new Builder(name);
    }

    /** The rule's name. */
    public String name() {
        return name;
    }

    /** How many calls it lets pass in a time; null for any number. */
    public @Nullable RateLimit rateLimit() {
        return rateLimit;
    }

    /** The largest body in bytes; {@code Long.MAX_VALUE} for any. */
    long maxBodyBytes() {
        return maxBodyBytes;
    }

    /** By the URL and by a {@code Host} header, as either may be what the server believes. */
    boolean isFor(Request request) {
        if (hosts.isEmpty() || hosts.contains(undotted(request.url().host()))) {
            return true;
        }
        List<String> named = request.headers("Host");
        for (int i = 0; i < named.size(); i++) {
            HttpUrl authority = HttpUrl.parse("http://" + named.get(i));
            if (authority == null || hosts.contains(undotted(authority.host()))) {
                return true;
            }
        }
        return false;
    }

    /** A dot at the end makes another name of it, and leads to the same host. */
    private static String undotted(String host) {
        return host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
    }

    /** Why this request may not pass, but for its rate and a body whose length nobody knows; null if it may. */
    @Nullable
    String refusal(Request request) {
        String why = methodRefusal(request);
        if (why == null && (!allowedPaths.isEmpty() || !deniedPaths.isEmpty())) {
            why = pathRefusal(request);
        }
        if (why == null && request.headers().size() > maxHeaders) {
            why = "headers: " + request.headers().size() + " (expected: at most " + maxHeaders + ")";
        }
        return why == null ? headerBytesRefusal(request) : why;
    }

    private @Nullable String methodRefusal(Request request) {
        if (allowedMethods.isEmpty() && deniedMethods.isEmpty()) {
            return null;
        }
        if (isRefused(request.method())) {
            return "method: '" + shown(request.method()) + "' (expected: " + expectedMethods() + ")";
        }
        for (String header : METHOD_HEADERS) {
            List<String> values = request.headers(header);
            for (int i = 0; i < values.size(); i++) {
                if (isRefused(values.get(i).trim())) {
                    return "method: another one in header " + header + " (expected: " + expectedMethods() + ")";
                }
            }
        }
        return null;
    }

    /** Methods are case-sensitive, but not to every server. */
    private boolean isRefused(String method) {
        return (!allowedMethods.isEmpty() && !allowedMethods.contains(method))
                || (!deniedMethods.isEmpty() && deniedMethods.contains(method.toUpperCase(Locale.ROOT)));
    }

    private String expectedMethods() {
        return allowedMethods.isEmpty() ? "none of " + deniedMethods : "one of " + allowedMethods;
    }

    private @Nullable String pathRefusal(Request request) {
        String path = request.url().encodedPath();
        String why = pathRefusal(path, "'" + shown(path) + "'");
        for (int h = 0; why == null && h < PATH_HEADERS.size(); h++) {
            List<String> values = request.headers(PATH_HEADERS.get(h));
            for (int i = 0; why == null && i < values.size(); i++) {
                why = pathRefusal(pathOf(values.get(i)), "another one in header " + PATH_HEADERS.get(h));
            }
        }
        return why;
    }

    private static String pathOf(String value) {
        HttpUrl url = HttpUrl.parse(value);
        String path = url == null ? value : url.encodedPath();
        return path.startsWith("/") ? path : "/" + path;
    }

    @Nullable
    String pathRefusal(String path, String what) {
        Set<String> readings = PathReadings.of(Paths.normal(path));
        if (readings == null) {
            return "path: " + what + " (expected: one whose meaning can be told); servers may take it for many others";
        }
        for (String each : readings) {
            String denied = prefix(PathReadings.folded(each), deniedPaths);
            if (denied != null) {
                return "path: " + what + ", or what a server may take it for, is below '" + denied
                        + "' (expected: none of " + deniedPaths + ")";
            }
            if (!allowedPaths.isEmpty() && prefix(each, allowedPaths) == null) {
                return "path: " + what
                        + ", or what a server may take it for, is below none of the allowed (expected: below one of "
                        + allowedPaths + ")";
            }
        }
        return null;
    }

    private static @Nullable String prefix(String path, List<String> prefixes) {
        for (int i = 0; i < prefixes.size(); i++) {
            if (Paths.isBelow(path, prefixes.get(i))) {
                return prefixes.get(i);
            }
        }
        return null;
    }

    private @Nullable String headerBytesRefusal(Request request) {
        if (maxHeaderBytes == Integer.MAX_VALUE) {
            return null;
        }
        Headers headers = request.headers();
        long bytes = 0;
        for (int i = 0; i < headers.size(); i++) {
            bytes += Utf8.size(headers.name(i)) + Utf8.size(headers.value(i)) + HEADER_OVERHEAD;
        }
        return bytes > maxHeaderBytes ? "header bytes: " + bytes + " (expected: at most " + maxHeaderBytes + ")" : null;
    }

    static String shown(String text) {
        return text.length() <= MAX_SHOWN ? text : text.substring(0, MAX_SHOWN) + "...";
    }

    @Override
    public String toString() {
        return "firewall rule '" + name + "'";
    }

    /** Collects what a rule asks. Not thread-safe. */
    public static final class Builder {
        private final String name;
        private final List<String> hosts = new ArrayList<>();
        private final List<String> allowedMethods = new ArrayList<>();
        private final List<String> deniedMethods = new ArrayList<>();
        private final List<String> allowedPaths = new ArrayList<>();
        private final List<String> deniedPaths = new ArrayList<>();
        private int maxHeaders = Integer.MAX_VALUE;
        private int maxHeaderBytes = Integer.MAX_VALUE;
        private long maxBodyBytes = Long.MAX_VALUE;
        private @Nullable RateLimit rateLimit;

        private Builder(String name) {
            if (name.isBlank()
                    || name.length() > 100
                    || name.chars().anyMatch(Character::isISOControl)
                    || name.equals(Firewall.HOSTS)) {
                throw new IllegalArgumentException(
                        "name: '" + name + "' (expected: 1 to 100 printable characters, and not '" + Firewall.HOSTS
                                + "', which is the list of hosts)");
            }
            this.name = name;
        }

        /**
         * Adds hosts, services or others, that it is for; default all.
         *
         * @throws IllegalArgumentException if no URL can have such a host
         */
        public Builder hosts(String... values) {
            for (String each : values) {
                hosts.add(undotted(ServiceNames.canonical("hosts", each)));
            }
            return this;
        }

        /** Adds methods of which a call must have one; default any. Case matters. */
        public Builder allowMethods(String... values) {
            return methods("allowMethods", values, allowedMethods);
        }

        /** Adds methods that no call may have, in whatever case; default none. */
        public Builder denyMethods(String... values) {
            return methods("denyMethods", values, deniedMethods);
        }

        private Builder methods(String what, String[] values, List<String> all) {
            for (String each : values) {
                if (each.isEmpty()
                        || !each.chars().allMatch(c -> c > ' ' && c < 127)
                        || !each.equals(each.toUpperCase(Locale.ROOT))) {
                    throw new IllegalArgumentException(
                            what + ": '" + each + "' (expected: a method in upper case, such as GET)");
                }
                all.add(each);
            }
            return this;
        }

        /**
         * Adds paths at or below which every call must be, whatever a server makes of its path; default any. Case matters.
         *
         * @throws IllegalArgumentException if it is not a plain path: begins with /, without escapes, dot segments, query
         */
        public Builder allowPaths(String... values) {
            Arrays.stream(values).map(each -> path("allowPaths", each)).forEach(allowedPaths::add);
            return this;
        }

        /**
         * Adds paths at or below which no call may be, whatever a server makes of its path, in whatever case; default none.
         *
         * @throws IllegalArgumentException as {@link #allowPaths}
         */
        public Builder denyPaths(String... values) {
            Arrays.stream(values)
                    .map(each -> PathReadings.folded(path("denyPaths", each)))
                    .forEach(deniedPaths::add);
            return this;
        }

        private static String path(String what, String value) {
            Set<String> readings = value.startsWith("/") ? PathReadings.of(value) : null;
            if (readings == null
                    || readings.size() > 1
                    || value.indexOf('%') >= 0
                    || value.indexOf('?') >= 0
                    || value.indexOf('#') >= 0) {
                throw new IllegalArgumentException(
                        what + ": '" + value
                                + "' (expected: a plain path that begins with /, without escapes, dot segments, parameters and query)");
            }
            return value.length() > 1 && value.endsWith("/") ? value.substring(0, value.length() - 1) : value;
        }

        /**
         * Sets how many headers a call may have, those that OkHttp adds included; default any number.
         *
         * @throws IllegalArgumentException unless positive
         */
        public Builder maxHeaders(int value) {
            this.maxHeaders = (int) positive("maxHeaders", value);
            return this;
        }

        /**
         * Sets how large all headers may be together, in bytes as HTTP/1.1 writes them; default any size.
         *
         * @throws IllegalArgumentException unless positive
         */
        public Builder maxHeaderBytes(int value) {
            this.maxHeaderBytes = (int) positive("maxHeaderBytes", value);
            return this;
        }

        /**
         * Sets how large a body may be, in bytes; default any size. One that says it is larger is not sent; one that doesn't say how large it is, is
         * broken off when it gets there.
         *
         * @throws IllegalArgumentException if negative
         */
        public Builder maxBodyBytes(long value) {
            if (value < 0) {
                throw new IllegalArgumentException("maxBodyBytes: " + value + " (expected: >= 0)");
            }
            this.maxBodyBytes = value;
            return this;
        }

        /** Sets how many calls may be made in a time; default null, any number. A call with its attempts and redirects is one. */
        public Builder rateLimit(@Nullable RateLimit value) {
            this.rateLimit = value;
            return this;
        }

        private static long positive(String what, long value) {
            if (value < 1) {
                throw new IllegalArgumentException(what + ": " + value + " (expected: >= 1)");
            }
            return value;
        }

        /** Builds the rule. */
        public FirewallRule build() {
            return new FirewallRule(this);
        }
    }
}
