package io.lb4j.discovery.dns;

import io.lb4j.Scheduler;
import io.lb4j.ServiceDiscovery;
import io.lb4j.discovery.internal.AddressRange;
import io.lb4j.discovery.internal.Backoff;
import io.lb4j.discovery.internal.DaemonThreads;
import io.lb4j.discovery.internal.Durations;
import io.lb4j.discovery.internal.OptionalJar;
import io.lb4j.discovery.internal.ServiceWatches;
import io.lb4j.discovery.internal.SharedRandom;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Instances that DNS knows: with a {@linkplain Builder#port port} the addresses of a name (A, AAAA), without one its services
 * (SRV), with priorities and weights. Needs dnsjava on the path.
 *
 * <p>A name is asked for again when the shortest time to live of everything that led to the answer is over, at least every
 * {@link #DEFAULT_MAX_TTL} and at most every {@link #DEFAULT_MIN_TTL}; a no holds as long as its zone says (RFC 2308). An
 * answer that doesn't fit into a datagram is asked for over TCP. Servers are asked one after the other until one answers.
 *
 * <p>The priorities of SRV records become ranks: the lowest is 0, the next one 1, whatever the numbers. Weights are taken over,
 * divided among the addresses of a target; where a priority has records of weight 0 and others, those of 0 get one part in the
 * sum and one, as by the algorithm of RFC 2782, since to a balancer 0 means none.
 *
 * <p>A name that doesn't exist is an unknown service, one without such records has no instances. Servers that are down or
 * answer with errors leave the last list in force; they are asked again after a wait with full jitter that grows up to 5 s. So do
 * the targets of SRV records that can't be looked up.
 *
 * <p>Thread-safe. Questions block a daemon thread of this discovery each; {@link #close()} ends them.
 */
public final class DnsDiscovery implements ServiceDiscovery {
    /** How often a name is asked for at most, unless told otherwise: every second. */
    public static final Duration DEFAULT_MIN_TTL = Duration.ofSeconds(1);

    /** How often a name is asked for at least, unless told otherwise: every 5 minutes. */
    public static final Duration DEFAULT_MAX_TTL = Duration.ofMinutes(5);

    /** How long a server may take, unless told otherwise: 2 s over UDP, and as long again over TCP. */
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(2);

    /** The metadata of an instance that an SRV record names: the target's name. */
    public static final String TARGET = "target";

    private static final int DNS_PORT = 53;

    /** IPv6 alone, or in brackets, or IPv4; the last two with a port. */
    private static final Pattern SERVER = Pattern.compile(
            "([0-9a-fA-F:.]*:[0-9a-fA-F.]*:[0-9a-fA-F:.]*)|(?:\\[([0-9a-fA-F:.]+)]|([0-9.]+))(?::(\\d{1,5}))?");

    private final DnsExchange exchange;
    private final ExecutorService workers;
    private final ServiceWatches watches;
    private final String name;

    /** Which addresses of a name count. */
    public enum Family {
        /**
         * Those of IPv4, or if the name has none those of IPv6. A server that has both is one instance then, with one share of
         * the calls and one state of health.
         */
        PREFER_IPV4,
        /** Those of IPv4. */
        IPV4,
        /** Those of IPv6. */
        IPV6,
        /** All, each an instance of its own. */
        BOTH
    }

    private DnsDiscovery(Builder builder) {
        if (builder.minTtl.compareTo(builder.maxTtl) > 0) {
            throw new IllegalArgumentException("minTtl: " + Durations.spelled(builder.minTtl)
                    + " (expected: at most maxTtl, " + Durations.spelled(builder.maxTtl) + ")");
        }
        OptionalJar.require("DnsDiscovery", "org.xbill.DNS.Message", "dnsjava:dnsjava");
        this.exchange = new DnsExchange(builder.timeout);
        DnsResolver resolver = new DnsResolver(exchange, builder.servers, builder.search);
        this.name = "DnsDiscovery[" + resolver + "]";
        this.workers = DaemonThreads.pool("lb4j-dns");
        DnsWatch.Settings settings = new DnsWatch.Settings(
                resolver,
                new Targets.Rules(builder.port, builder.family, builder.secure),
                workers,
                builder.scheduler,
                builder.minTtl,
                builder.maxTtl,
                Backoff.standard(builder.random));
        UnaryOperator<String> naming = builder.naming;
        this.watches = new ServiceWatches(name, service -> {
            String asked = naming.apply(service);
            DnsResolver.absolute(asked);
            return new DnsWatch(service, asked, settings);
        });
    }

    /**
     * Asks these servers for SRV records, everything else at its default.
     *
     * @param servers IP addresses, with {@code :port} unless it is 53, as {@code 127.0.0.1:5353} or {@code [::1]:5353}; none for
     *     those of this machine
     * @throws IllegalArgumentException if one isn't that
     * @throws IllegalStateException without dnsjava
     */
    public static DnsDiscovery of(String... servers) {
        return builder(servers).build();
    }

    /**
     * A builder with every setting but the servers at its default.
     *
     * @param servers as for {@link #of}
     * @throws IllegalArgumentException if one isn't an address
     */
    public static Builder builder(String... servers) {
        return new Builder(Arrays.stream(servers).map(DnsDiscovery::server).toList());
    }

    private static InetSocketAddress server(String text) {
        Matcher matcher = SERVER.matcher(text);
        InetAddress address = null;
        int port = DNS_PORT;
        if (matcher.matches()) {
            address = AddressRange.literal(Stream.of(1, 2, 3)
                    .map(matcher::group)
                    .filter(Objects::nonNull)
                    .findFirst()
                    .orElse(""));
            port = matcher.group(4) == null ? DNS_PORT : Integer.parseInt(matcher.group(4));
        }
        if (address == null || port < 1 || port > 65_535) {
            throw new IllegalArgumentException("DNS server: '" + text
                    + "' (expected: an IP address, and its port unless that is 53, as 127.0.0.1:5353 or [::1]:5353)");
        }
        return new InetSocketAddress(address, port);
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if it is no name that DNS can be asked for
     */
    @Override
    public Watch watch(String service, Listener listener) {
        return watches.watch(service, listener);
    }

    @Override
    public void close() {
        watches.close();
        exchange.close();
        workers.shutdown();
    }

    @Override
    public String toString() {
        return name;
    }

    /** Collects the settings of a {@link DnsDiscovery}. Not thread-safe. */
    public static final class Builder {
        private final List<InetSocketAddress> servers;
        private int port;
        private Family family = Family.PREFER_IPV4;
        private boolean secure;
        private UnaryOperator<String> naming = UnaryOperator.identity();
        private @Nullable List<String> search;
        private Duration minTtl = DEFAULT_MIN_TTL;
        private Duration maxTtl = DEFAULT_MAX_TTL;
        private Duration timeout = DEFAULT_TIMEOUT;
        private Scheduler scheduler = Scheduler.shared();
        private RandomGenerator random = new SharedRandom();

        private Builder(List<InetSocketAddress> servers) {
            this.servers = servers;
        }

        /**
         * Sets the port of all instances, and so that names are asked for addresses; default none, so that they are asked for
         * SRV records.
         *
         * @throws IllegalArgumentException unless 1 to 65535
         */
        public Builder port(int value) {
            if (value < 1 || value > 65_535) {
                throw new IllegalArgumentException("port: " + value + " (expected: 1 to 65535)");
            }
            this.port = value;
            return this;
        }

        /** Sets which addresses of a name count; default {@link Family#PREFER_IPV4}. */
        public Builder family(Family value) {
            this.family = Objects.requireNonNull(value, "family");
            return this;
        }

        /** Sets whether the instances speak TLS, which DNS doesn't say; default false. */
        public Builder secure(boolean value) {
            this.secure = value;
            return this;
        }

        /**
         * Sets which name stands for a service, as {@code service -> "_" + service + "._tcp.example.org"}; default the service's own
         * name. A name that ends with a dot is asked for as it is, any other also with the domains of the search list.
         */
        public Builder naming(UnaryOperator<String> value) {
            this.naming = Objects.requireNonNull(value, "naming");
            return this;
        }

        /**
         * Sets the search list; default this machine's if its servers are asked, and none otherwise. It is tried before the name
         * itself if that has fewer dots than this machine's {@code ndots}, usually 1, and after it otherwise.
         *
         * @throws IllegalArgumentException if one is no domain
         */
        public Builder search(String... domains) {
            this.search = List.of(domains);
            return this;
        }

        /**
         * Sets how long an answer holds at least; default {@link #DEFAULT_MIN_TTL}.
         *
         * @throws IllegalArgumentException unless 100 ms to 1 hour
         */
        public Builder minTtl(Duration value) {
            this.minTtl = Durations.check("minTtl", value, Duration.ofMillis(100), Duration.ofHours(1));
            return this;
        }

        /**
         * Sets how long an answer holds at most; default {@link #DEFAULT_MAX_TTL}.
         *
         * @throws IllegalArgumentException unless 100 ms to 24 hours
         */
        public Builder maxTtl(Duration value) {
            this.maxTtl = Durations.check("maxTtl", value, Duration.ofMillis(100), Duration.ofHours(24));
            return this;
        }

        /**
         * Sets how long a server may take, over UDP and if need be again over TCP; default {@link #DEFAULT_TIMEOUT}. A question over
         * UDP is repeated after half of it.
         *
         * @throws IllegalArgumentException unless 10 ms to 30 s
         */
        public Builder timeout(Duration value) {
            this.timeout = Durations.check("timeout", value, Duration.ofMillis(10), Duration.ofSeconds(30));
            return this;
        }

        /** Sets who runs the timers, which never block; default {@link Scheduler#shared()}. */
        public Builder scheduler(Scheduler value) {
            this.scheduler = Objects.requireNonNull(value, "scheduler");
            return this;
        }

        /** Sets where jitter comes from, which must be thread-safe; default the running thread's own. */
        public Builder random(RandomGenerator value) {
            this.random = Objects.requireNonNull(value, "random");
            return this;
        }

        /**
         * Builds the discovery. It asks nothing before it is watched.
         *
         * @throws IllegalArgumentException if {@code minTtl} is above {@code maxTtl}, or the search list has what is no domain
         * @throws IllegalStateException without dnsjava
         */
        public DnsDiscovery build() {
            return new DnsDiscovery(this);
        }
    }
}
