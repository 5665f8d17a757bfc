package io.lb4j;

import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One network location of a service, as discovery describes it. Immutable; two instances are equal when every
 * component is. State that belongs to an instance (in-flight calls, latency, ejections) lives in the balancer under
 * {@link #id()} and survives as long as host and port stay the same.
 *
 * @param id unique within the service, 1 to 255 printable characters without spaces; {@code host:port} if not given
 * @param host host name, IPv4 address or IPv6 address without brackets
 * @param port 1 to 65535
 * @param secure whether the instance speaks TLS; health probes follow it, calls follow their URL
 * @param weight relative share of traffic, 0 to 1,000,000, fractions allowed, default 1; 0 drains: calls in flight
 *     finish, none starts
 * @param zone failure domain, or null if unknown
 * @param priority 0 (default, preferred) to 127; a higher number is used only when lower ones lack healthy instances
 * @param metadata anything else discovery knows, for strategies and filters; never null
 */
public record ServiceInstance(
        String id,
        String host,
        int port,
        boolean secure,
        double weight,
        @Nullable String zone,
        int priority,
        Map<String, String> metadata) {

    /** The metadata of an instance that is about to stop: {@code true}. Kubernetes' name for it. */
    public static final String TERMINATING = "terminating";

    /** Largest accepted {@link #weight()}. */
    public static final double MAX_WEIGHT = 1_000_000;

    /**
     * Checks every component.
     *
     * @throws IllegalArgumentException naming the component, its value and the rule it broke
     */
    public ServiceInstance {
        // First, since an id that was not given is made of it.
        check(isHost(host), "host", host, "a host name, IPv4 address or IPv6 address without brackets");
        check(isName(id, 255), "id", id, "1 to 255 printable characters without spaces");
        check(port >= 1 && port <= 65535, "port", port, "1 to 65535");
        check(weight >= 0 && weight <= MAX_WEIGHT, "weight", weight, "0 to 1000000");
        check(priority >= 0 && priority <= 127, "priority", priority, "0 to 127");
        check(zone == null || isName(zone, 255), "zone", zone, "1 to 255 printable characters without spaces");
        metadata = Map.copyOf(metadata);
    }

    /** An instance with id {@code host:port}, weight 1 and everything else at its default. */
    public static ServiceInstance of(String host, int port) {
        return builder(host, port).build();
    }

    /** A builder with everything but the address at its default. */
    public static Builder builder(String host, int port) {
        return new Builder(host, port);
    }

    /** A builder that starts from this instance's values. */
    public Builder toBuilder() {
        return new Builder(host, port)
                .id(id)
                .secure(secure)
                .weight(weight)
                .zone(zone)
                .priority(priority)
                .metadata(metadata);
    }

    /**
     * Whether the instance gets no new calls: its weight is 0, or its metadata say that it is {@link #TERMINATING}.
     */
    public boolean isDraining() {
        return weight == 0 || "true".equals(metadata.get(TERMINATING));
    }

    /** {@code host:port}, with an IPv6 address in brackets. */
    public String authority() {
        return authority(host, port);
    }

    /** Whether {@code other} is the same network location, whatever else is said of it. */
    public boolean sameLocation(ServiceInstance other) {
        return port == other.port && host.equals(other.host) && secure == other.secure;
    }

    private static String authority(String host, int port) {
        return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
    }

    private static boolean isName(String value, int max) {
        if (value.isEmpty() || value.length() > max) {
            return false;
        }
        return value.chars().allMatch(c -> !Character.isISOControl(c) && !Character.isSpaceChar(c));
    }

    private static boolean isHost(String value) {
        if (!isName(value, 255)) {
            return false;
        }
        if (value.indexOf(':') >= 0) {
            return isIpv6(value);
        }
        return !value.startsWith(".")
                && !value.contains("..")
                && value.chars().allMatch(c -> Character.isLetterOrDigit(c) || c == '.' || c == '-' || c == '_');
    }

    /** As far as it takes to refuse {@code host:port}, the usual slip; the rest is for whoever connects. */
    private static boolean isIpv6(String value) {
        int scope = value.indexOf('%');
        String address = scope < 0 ? value : value.substring(0, scope);
        return scope != value.length() - 1
                && address.indexOf(':') != address.lastIndexOf(':')
                && address.chars().allMatch(c -> Character.digit(c, 16) >= 0 || c == ':' || c == '.');
    }

    private static void check(boolean ok, String name, @Nullable Object value, String rule) {
        if (!ok) {
            throw new IllegalArgumentException("instance " + name + ": " + value + " (expected: " + rule + ")");
        }
    }

    /** Collects the components of a {@link ServiceInstance}. Not thread-safe. */
    public static final class Builder {
        private final String host;
        private final int port;
        private @Nullable String id;
        private boolean secure;
        private double weight = 1;
        private @Nullable String zone;
        private int priority;
        private Map<String, String> metadata = Map.of();

        private Builder(String host, int port) {
            this.host = Objects.requireNonNull(host, "host");
            this.port = port;
        }

        /** Sets the id; default {@code host:port}. */
        public Builder id(String value) {
            this.id = Objects.requireNonNull(value, "id");
            return this;
        }

        /** Sets whether the instance speaks TLS; default false. */
        public Builder secure(boolean value) {
            this.secure = value;
            return this;
        }

        /** Sets the relative share of traffic; default 1, 0 drains. */
        public Builder weight(double value) {
            this.weight = value;
            return this;
        }

        /** Sets the failure domain; default null, unknown. */
        public Builder zone(@Nullable String value) {
            this.zone = value;
            return this;
        }

        /** Sets the priority; default 0, preferred. */
        public Builder priority(int value) {
            this.priority = value;
            return this;
        }

        /** Sets the metadata; default empty. */
        public Builder metadata(Map<String, String> value) {
            this.metadata = Objects.requireNonNull(value, "metadata");
            return this;
        }

        /**
         * Builds the instance.
         *
         * @throws IllegalArgumentException if a component is out of its range
         */
        public ServiceInstance build() {
            return new ServiceInstance(
                    id != null ? id : authority(host, port), host, port, secure, weight, zone, priority, metadata);
        }
    }
}
