package io.lb4j.discovery.zookeeper;

import io.lb4j.Scheduler;
import io.lb4j.ServiceDiscovery;
import io.lb4j.discovery.internal.Backoff;
import io.lb4j.discovery.internal.Durations;
import io.lb4j.discovery.internal.ServiceWatches;
import io.lb4j.discovery.internal.SharedRandom;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Instances that registered in ZooKeeper in the layout of Curator's service discovery (curator-x-discovery), by Curator, by
 * Spring Cloud, or by a {@link ZooKeeperRegistrar}: a node below {@code /services/orders} each, with JSON in it. Needs
 * Curator's framework on the path, and ZooKeeper 3.6 or later.
 *
 * <p>One watch per service tells of every change, which is read within milliseconds; an idle session costs a heartbeat every
 * few seconds, however many services are watched. While there is no connection the last list stays in force, and after
 * it all is read again. A service without a node is unknown; a node that can't be understood is left out and told as a complaint.
 *
 * <p>Thread-safe. Holds the threads of one session from the first watch on. {@link #close()} ends them.
 */
public final class ZooKeeperDiscovery implements ServiceDiscovery {
    /** Below which node services are, unless told otherwise: {@code /services}. */
    public static final String DEFAULT_BASE_PATH = "/services";

    /** How long a server may say nothing before another is tried, unless told otherwise: two thirds of 15 s. */
    public static final Duration DEFAULT_SESSION_TIMEOUT = Duration.ofSeconds(15);

    private final ZooKeeperClient zooKeeper;
    private final ServiceWatches watches;

    private ZooKeeperDiscovery(Builder builder) {
        this.zooKeeper = new ZooKeeperClient("ZooKeeperDiscovery", builder.address());
        String basePath = ZooKeeperClient.path("basePath", builder.basePath);
        ZooKeeperWatch.Settings settings = new ZooKeeperWatch.Settings(
                zooKeeper,
                ConcurrentHashMap.newKeySet(),
                builder.sessionTimeout,
                builder.scheduler,
                Backoff.standard(builder.random),
                builder.preferTls);
        this.watches = new ServiceWatches(
                toString(),
                service -> new ZooKeeperWatch(service, basePath, ZooKeeperClient.service(basePath, service), settings));
    }

    /**
     * Watches below {@link #DEFAULT_BASE_PATH}, everything else at its default.
     *
     * @param servers {@code host:port}, several separated by commas, and a path to have everything below if wanted, as
     *     {@code 10.0.0.1:2181,10.0.0.2:2181/apps}
     * @throws IllegalArgumentException if they aren't that
     * @throws IllegalStateException without Curator
     */
    public static ZooKeeperDiscovery of(String servers) {
        return builder(servers).build();
    }

    /** A builder with every setting but the servers at its default. */
    public static Builder builder(String servers) {
        return new Builder(servers);
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if no node can be named so
     */
    @Override
    public Watch watch(String service, Listener listener) {
        return watches.watch(service, listener);
    }

    @Override
    public void close() {
        watches.close();
        zooKeeper.close();
    }

    @Override
    public String toString() {
        return "ZooKeeperDiscovery[" + zooKeeper + "]";
    }

    /** Collects the settings of a {@link ZooKeeperDiscovery}. Not thread-safe. */
    public static final class Builder {
        private final String servers;
        private String basePath = DEFAULT_BASE_PATH;
        private @Nullable String authorization;
        private boolean preferTls;
        private Duration sessionTimeout = DEFAULT_SESSION_TIMEOUT;
        private Scheduler scheduler = Scheduler.shared();
        private RandomGenerator random = new SharedRandom();

        private Builder(String servers) {
            this.servers = Objects.requireNonNull(servers, "servers");
        }

        private ZooKeeperClient.Address address() {
            return new ZooKeeperClient.Address(servers, authorization);
        }

        /** Sets below which node services are; default {@link #DEFAULT_BASE_PATH}, as with Spring Cloud. */
        public Builder basePath(String value) {
            this.basePath = Objects.requireNonNull(value, "basePath");
            return this;
        }

        /**
         * Sets as whom to ask; default nobody. It is sent in the clear unless ZooKeeper's own settings
         * ({@code zookeeper.client.secure}, {@code zookeeper.ssl.*}) say TLS.
         *
         * @param value scheme and credentials, as {@code digest:user:password}
         */
        public Builder authorization(String value) {
            this.authorization = Objects.requireNonNull(value, "authorization");
            return this;
        }

        /** Sets whether an instance with a port for TLS and another one is called over TLS; default false. */
        public Builder preferTls(boolean value) {
            this.preferTls = value;
            return this;
        }

        /**
         * Sets the session's time-out, which the servers may change; default {@link #DEFAULT_SESSION_TIMEOUT}. A server that says
         * nothing for two thirds of it is given up.
         *
         * @throws IllegalArgumentException unless 1 s to 10 minutes
         */
        public Builder sessionTimeout(Duration value) {
            this.sessionTimeout =
                    Durations.check("sessionTimeout", value, Duration.ofSeconds(1), Duration.ofMinutes(10));
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
         * @throws IllegalArgumentException if servers, base path or authorization are malformed
         * @throws IllegalStateException without Curator
         */
        public ZooKeeperDiscovery build() {
            return new ZooKeeperDiscovery(this);
        }
    }
}
