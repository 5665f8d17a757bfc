package io.lb4j.discovery.decorator;

import io.lb4j.discovery.internal.AddressRange;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import okhttp3.Dns;
import org.jspecify.annotations.Nullable;

/**
 * Which addresses callers may be sent to, so that a poisoned registry can't aim them at what only this machine can reach:
 * the metadata service of its cloud, which hands out credentials to whoever asks from here.
 *
 * <p>Refused by default are addresses that are unspecified, multicast, broadcast or link-local, and the metadata services
 * of the large clouds, in every spelling that something on the way to a socket may understand: {@code 169.254.169.254},
 * {@code 0xa9fea9fe}, {@code ::ffff:169.254.169.254}, NAT64, 6to4 and the others. Private and loopback addresses are what
 * instances usually have, and are allowed.
 *
 * <p>A host name says nothing until it is resolved, and may say something else each time. {@link GuardedDiscovery} lets names
 * pass unless {@link Builder#hostNames} says otherwise, except for those of metadata services; what they resolve to is
 * guarded by {@link #dns}, where the connection is made. Immutable.
 */
public final class AddressGuard {
    /** Refused unless allowed explicitly. */
    private static final List<AddressRange> DEFAULT = ranges(
            "0.0.0.0/8", // this host, RFC 1122; a connection to it ends at this machine
            "169.254.0.0/16", // link-local, RFC 3927; metadata services of AWS, Azure, Google, OpenStack
            "224.0.0.0/4", // multicast, RFC 5771
            "255.255.255.255", // broadcast, RFC 919
            "100.100.100.200", // metadata service of Alibaba
            "192.0.0.192", // metadata service of Oracle
            "168.63.129.16", // platform service of Azure
            "::", // unspecified, RFC 4291
            "fe80::/10", // link-local, RFC 4291
            "ff00::/8", // multicast, RFC 4291
            "fd00:ec2::/32", // metadata and other services of AWS
            "fd20:ce::254"); // metadata service of Google

    private static final Set<String> NAMES = Set.of(
            "metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal");

    private static final AddressGuard STANDARD = builder().build();

    private final List<AddressRange> allowed;
    private final List<AddressRange> denied;
    private final boolean hostNames;

    private AddressGuard(Builder builder) {
        this.allowed = List.copyOf(builder.allowed);
        this.denied = List.copyOf(builder.denied);
        this.hostNames = builder.hostNames;
    }

    /** The guard with every setting at its default. */
    public static AddressGuard standard() {
        return STANDARD;
    }

    /** A builder with every setting at its default. */
    public static Builder builder() {
        return new Builder();
    }

    /** Why the host of an instance is refused; null if it isn't. Doesn't ask DNS. */
    public @Nullable String objection(String host) {
        Set<InetAddress> readings = HostReadings.of(host);
        if (readings == null) {
            return "host: " + host + " (expected: a name or an address, not something between)";
        }
        if (readings.isEmpty()) {
            return nameObjection(host);
        }
        for (InetAddress reading : readings) {
            String objection = objection(reading);
            if (objection != null) {
                return reading.getHostAddress().equals(host) ? objection : "host: " + host + ", read as " + objection;
            }
        }
        return null;
    }

    private @Nullable String nameObjection(String host) {
        String name = host.toLowerCase(Locale.ROOT);
        while (name.endsWith(".")) {
            name = name.substring(0, name.length() - 1);
        }
        if (!hostNames) {
            return "host: " + host + " (expected: an IP address)";
        }
        return allowed.isEmpty() && NAMES.contains(name)
                ? "host: " + host + " (expected: not the name of a metadata service)"
                : null;
    }

    /** Why an address is refused; null if it isn't. */
    public @Nullable String objection(InetAddress address) {
        String rule = rule(address);
        if (rule != null) {
            return "address: " + address.getHostAddress() + " (expected: " + rule + ")";
        }
        for (InetAddress embedded : HostReadings.embedded(address)) {
            rule = deniedBy(embedded);
            if (rule != null) {
                return "address: " + address.getHostAddress() + ", which stands for " + embedded.getHostAddress()
                        + " (expected: " + rule + ")";
            }
        }
        return null;
    }

    private @Nullable String rule(InetAddress address) {
        if (!allowed.isEmpty() && none(allowed, address)) {
            return "one in " + allowed;
        }
        return deniedBy(address);
    }

    private @Nullable String deniedBy(InetAddress address) {
        for (AddressRange range : denied) {
            if (range.contains(address)) {
                return "none in " + range;
            }
        }
        if (none(allowed, address)) {
            for (AddressRange range : DEFAULT) {
                if (range.contains(address)) {
                    return "none in " + range + ", unless it is allowed";
                }
            }
        }
        return null;
    }

    private static boolean none(List<AddressRange> ranges, InetAddress address) {
        return ranges.stream().noneMatch(range -> range.contains(address));
    }

    /**
     * Guards what names resolve to at the moment of connecting, for an OkHttp client: a name that passed a moment ago may
     * mean something else now. An address that is refused is left out of the answer; if all are, the name doesn't resolve.
     *
     * <pre>{@code
     * new OkHttpClient.Builder().dns(AddressGuard.standard().dns(Dns.SYSTEM))
     * }</pre>
     *
     * @param resolver who resolves
     */
    public Dns dns(Dns resolver) {
        return name -> {
            List<InetAddress> allowedOnes = new ArrayList<>();
            String objection = null;
            for (InetAddress address : resolver.lookup(name)) {
                String against = objection(address);
                if (against == null) {
                    allowedOnes.add(address);
                } else {
                    objection = against;
                }
            }
            if (allowedOnes.isEmpty() && objection != null) {
                throw new UnknownHostException(name + " resolves to what is refused: " + objection);
            }
            return allowedOnes;
        };
    }

    @Override
    public String toString() {
        return "AddressGuard[allowed " + (allowed.isEmpty() ? "all but the default" : allowed) + ", denied " + denied
                + (hostNames ? "" : ", no host names") + "]";
    }

    private static List<AddressRange> ranges(String... spellings) {
        List<AddressRange> ranges = new ArrayList<>();
        for (String spelling : spellings) {
            ranges.add(AddressRange.parse(spelling));
        }
        return List.copyOf(ranges);
    }

    /** Collects the settings of an {@link AddressGuard}. Not thread-safe. */
    public static final class Builder {
        private final List<AddressRange> allowed = new ArrayList<>();
        private final List<AddressRange> denied = new ArrayList<>();
        private boolean hostNames = true;

        private Builder() {}

        /**
         * Adds ranges that are the only ones allowed from now on, also where they are refused by default.
         *
         * @param ranges each an address, or a range as {@code 10.0.0.0/8}
         * @throws IllegalArgumentException if one isn't
         */
        public Builder allow(String... ranges) {
            allowed.addAll(ranges(ranges));
            return this;
        }

        /**
         * Adds ranges that are refused, also where they are allowed.
         *
         * @param ranges each an address, or a range as {@code 10.0.0.0/8}
         * @throws IllegalArgumentException if one isn't
         */
        public Builder deny(String... ranges) {
            denied.addAll(ranges(ranges));
            return this;
        }

        /** Sets whether instances may have a host name in place of an address; default true. */
        public Builder hostNames(boolean value) {
            this.hostNames = value;
            return this;
        }

        /** Builds the guard. */
        public AddressGuard build() {
            return new AddressGuard(this);
        }
    }
}
