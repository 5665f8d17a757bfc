package io.lb4j.okhttp.rules;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import okhttp3.HttpUrl;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link Firewall} asks of the calls to some hosts, or to all: methods, paths, sizes, a rate. Immutable and thread-safe.
 *
 * <pre>{@code
 * FirewallRule.named("no admin").hosts("orders").denyPaths("/admin").maxBodyBytes(1 << 20).build()
 * }</pre>
 *
 * <p>Methods and paths are also looked for where frameworks let a request be another one than its first line says: {@code X-HTTP-Method-Override} and its
 * like, a parameter {@code _method}, {@code X-Original-URL}, {@code X-Rewrite-URL}, WebDAV's {@code Destination}.
 */
public final class FirewallRule {
    private final String name;
    private final Set<String> hosts;
    private final Set<String> allowedMethods;
    private final Set<String> deniedMethods;
    private final List<String> allowedPaths;
    private final List<String> deniedPaths;
    private final List<String> deniedHeaders;
    private final int maxUrlBytes;
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
        this.deniedHeaders = List.copyOf(builder.deniedHeaders);
        this.maxUrlBytes = builder.maxUrlBytes;
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
    String refusal(Inspection asked) {
        String why = methodRefusal(asked);
        if (why == null && (!allowedPaths.isEmpty() || !deniedPaths.isEmpty())) {
            why = pathRefusal(asked);
        }
        return why == null ? headerRefusal(asked) : why;
    }

    private @Nullable String methodRefusal(Inspection asked) {
        if (allowedMethods.isEmpty() && deniedMethods.isEmpty()) {
            return null;
        }
        String method = asked.request.method();
        if (isRefused(method)) {
            return "method: '" + Inspection.shown(method) + "' (expected: " + expectedMethods() + ")";
        }
        List<Disguises.Found> others = asked.otherMethods();
        for (int i = 0; i < others.size(); i++) {
            if (isRefused(others.get(i).value())) {
                return "method: another one in " + others.get(i).where() + " (expected: " + expectedMethods() + ")";
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

    private @Nullable String pathRefusal(Inspection asked) {
        List<Inspection.PathAsked> paths = asked.paths();
        for (int i = 0; i < paths.size(); i++) {
            String why = pathRefusal(paths.get(i));
            if (why != null) {
                return why;
            }
        }
        return null;
    }

    @Nullable
    String pathRefusal(Inspection.PathAsked path) {
        List<String> readings = path.readings();
        if (readings == null) {
            return "path: " + path.what()
                    + " (expected: one whose meaning can be told); servers may take it for many others";
        }
        for (int i = 0; i < readings.size(); i++) {
            String denied = deniedBy(path.folded().get(i));
            if (denied != null) {
                return "path: " + path.what() + ", or what a server may take it for, is below '" + denied
                        + "' (expected: none of " + deniedPaths + ")";
            }
            if (!allowedPaths.isEmpty() && !isAllowed(readings.get(i))) {
                return "path: " + path.what()
                        + ", or what a server may take it for, is below none of the allowed (expected: below one of "
                        + allowedPaths + ")";
            }
        }
        return null;
    }

    private @Nullable String deniedBy(String path) {
        for (int i = 0; i < deniedPaths.size(); i++) {
            if (Paths.isBelow(path, deniedPaths.get(i)) || isWithSuffix(path, deniedPaths.get(i))) {
                return deniedPaths.get(i);
            }
        }
        return null;
    }

    /** Frameworks that let a suffix choose the format take {@code /admin.json} for {@code /admin}. */
    private static boolean isWithSuffix(String path, String denied) {
        int end = denied.length();
        return path.length() > end && path.charAt(end) == '.' && path.startsWith(denied) && path.indexOf('/', end) < 0;
    }

    private boolean isAllowed(String path) {
        for (int i = 0; i < allowedPaths.size(); i++) {
            if (Paths.isBelow(path, allowedPaths.get(i))) {
                return true;
            }
        }
        return false;
    }

    private @Nullable String headerRefusal(Inspection asked) {
        Request request = asked.request;
        for (int i = 0; i < deniedHeaders.size(); i++) {
            if (!Disguises.values(request, deniedHeaders.get(i)).isEmpty()) {
                return "header " + deniedHeaders.get(i) + " (expected: none of " + deniedHeaders + ")";
            }
        }
        if (asked.urlBytes() > maxUrlBytes) {
            return "URL bytes: " + asked.urlBytes() + " (expected: at most " + maxUrlBytes + ")";
        }
        if (request.headers().size() > maxHeaders) {
            return "headers: " + request.headers().size() + " (expected: at most " + maxHeaders + ")";
        }
        return maxHeaderBytes < Integer.MAX_VALUE && asked.headerBytes() > maxHeaderBytes
                ? "header bytes: " + asked.headerBytes() + " (expected: at most " + maxHeaderBytes + ")"
                : null;
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
        private final List<String> deniedHeaders = new ArrayList<>();
        private int maxUrlBytes = Integer.MAX_VALUE;
        private int maxHeaders = Integer.MAX_VALUE;
        private int maxHeaderBytes = Integer.MAX_VALUE;
        private long maxBodyBytes = Long.MAX_VALUE;
        private @Nullable RateLimit rateLimit;

        private Builder(String name) {
            if (name.isBlank()
                    || name.length() > 100
                    || name.chars().anyMatch(Character::isISOControl)
                    || Firewall.OWN.contains(name)) {
                throw new IllegalArgumentException("name: '" + name
                        + "' (expected: 1 to 100 printable characters, and none of " + Firewall.OWN
                        + ", which are the firewall's own)");
            }
            this.name = name;
        }

        /**
         * Adds hosts, services or others, that it is for; default all.
         *
         * @throws IllegalArgumentException if no URL can have such a host
         */
        public Builder hosts(String... values) {
            for (String each : some("hosts", values)) {
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
            for (String each : some(what, values)) {
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
            Arrays.stream(some("allowPaths", values))
                    .map(each -> path("allowPaths", each))
                    .forEach(allowedPaths::add);
            return this;
        }

        /**
         * Adds paths at or below which no call may be, whatever a server makes of its path, in whatever case; default none.
         *
         * @throws IllegalArgumentException as {@link #allowPaths}
         */
        public Builder denyPaths(String... values) {
            Arrays.stream(some("denyPaths", values))
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
         * Adds headers that no call may have, in whatever case and with whatever marks: {@code Upgrade}, say, behind which nobody sees what is sent; default
         * none.
         *
         * @throws IllegalArgumentException if no header can have such a name
         */
        public Builder denyHeaders(String... values) {
            for (String each : some("denyHeaders", values)) {
                if (!RequestForm.isToken(each)) {
                    throw new IllegalArgumentException("denyHeaders: '" + each + "' (expected: a header's name)");
                }
                deniedHeaders.add(each);
            }
            return this;
        }

        /**
         * Sets how long path and query may be together, in bytes as they are sent; default any length.
         *
         * @throws IllegalArgumentException unless positive
         */
        public Builder maxUrlBytes(int value) {
            this.maxUrlBytes = (int) positive("maxUrlBytes", value);
            return this;
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

        private static String[] some(String what, String[] values) {
            if (values.length == 0) {
                throw new IllegalArgumentException(
                        what + ": none (expected: at least one); leave it away to ask nothing");
            }
            return values;
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
