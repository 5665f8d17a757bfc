package io.lb4j.discovery.eureka;

import io.lb4j.Scheduler;
import io.lb4j.ServiceDiscovery;
import io.lb4j.Ticker;
import io.lb4j.discovery.DiscoveryUri;
import io.lb4j.discovery.internal.Backoff;
import io.lb4j.discovery.internal.Durations;
import io.lb4j.discovery.internal.ServiceWatches;
import io.lb4j.discovery.internal.SharedRandom;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.random.RandomGenerator;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/**
 * Instances that a Eureka server knows, Netflix's or Spring Cloud's. Eureka pushes nothing: it is asked every {@link
 * #DEFAULT_INTERVAL} for what changed, once for all services that are watched, and for everything at first and whenever the
 * number of instances that it sends along says that a change was missed.
 *
 * <p>A service's name is that of an application, or a virtual address ({@link Builder#byVip}); case doesn't matter. An instance
 * that is {@code UP} is listed, one that is {@code OUT_OF_SERVICE} too, with weight 0, so that it drains; all others aren't. Of
 * the metadata, {@code weight}, {@code zone} and {@code priority} mean what they mean here; without {@code zone}, Amazon's
 * availability zone is it.
 *
 * <p>Of several servers one is asked until it fails, and then the next one. When none answers, the last good list stays in
 * force, and they are asked again after waits with full jitter that grow up to 5 s; each distinct trouble is logged once and
 * told once until all is well again. A server that has lost its memory lists those alone that have registered again since: the
 * others are kept for {@link #DEFAULT_KEEP_FORGOTTEN} unless it says that they have left. An instance that can't be understood
 * is left out and told as a complaint. An application that has never been there is unknown; one that has gone has an empty
 * list, which a balancer that had some doubts for a while.
 *
 * <p>Thread-safe. Holds one daemon thread while it asks. {@link #close()} ends it.
 */
public final class EurekaDiscovery implements ServiceDiscovery {
    /**
     * How long to wait from one answer to the next question, unless told otherwise: 30 s, as Eureka's own client. Servers keep
     * an answer for as long by default, so that asking more often seldom tells more.
     */
    public static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(30);

    /**
     * How long to keep instances that a server has forgotten, unless told otherwise: 90 s. They notice when they renew their
     * leases, after 30 s, and the server may keep an answer for as long.
     */
    public static final Duration DEFAULT_KEEP_FORGOTTEN = Duration.ofSeconds(90);

    /** The metadata of an instance that isn't {@code UP}: {@code OUT_OF_SERVICE}. */
    public static final String STATUS = "eureka-status";

    private final EurekaServers servers;
    private final ServiceWatches watches;

    private EurekaDiscovery(Builder builder) {
        this.servers = new EurekaServers(builder.urls, builder.login, builder.client, builder.random);
        EurekaRegistry registry = new EurekaRegistry(
                servers,
                new EurekaRegistry.Settings(
                        builder.scheduler,
                        builder.ticker,
                        Backoff.standard(builder.random),
                        builder.interval,
                        builder.patience,
                        builder.keepForgotten,
                        new EurekaEntry.Choice(builder.preferTls, builder.preferIp)));
        boolean byVip = builder.byVip;
        this.watches = new ServiceWatches(toString(), service -> new EurekaWatch(service, byVip, registry));
    }

    /**
     * Watches what these servers know, everything else at its default.
     *
     * @param urls as {@code http://127.0.0.1:8761}; {@code /eureka} is added where there is no path
     * @throws IllegalArgumentException if there is none, or one is malformed or has a user and password
     */
    public static EurekaDiscovery of(String... urls) {
        return builder(urls).build();
    }

    /**
     * A builder with every setting but the servers at its default.
     *
     * @param urls as for {@link #of}
     */
    public static Builder builder(String... urls) {
        return new Builder(List.of(urls));
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if the name is blank
     */
    @Override
    public Watch watch(String service, Listener listener) {
        if (service.isBlank()) {
            throw new IllegalArgumentException("service: '" + service + "' (expected: a name)");
        }
        return watches.watch(service, listener);
    }

    @Override
    public void close() {
        watches.close();
        servers.close();
    }

    @Override
    public String toString() {
        return "EurekaDiscovery[" + servers + "]";
    }

    /** Collects the settings of a {@link EurekaDiscovery}. Not thread-safe. */
    public static final class Builder {
        private final List<String> urls;
        private @Nullable EurekaLogin login;
        private @Nullable OkHttpClient client;
        private boolean byVip;
        private boolean preferTls = true;
        private boolean preferIp;
        private Duration interval = DEFAULT_INTERVAL;
        private Duration keepForgotten = DEFAULT_KEEP_FORGOTTEN;
        private Duration patience = Duration.ofSeconds(10);
        private Scheduler scheduler = Scheduler.shared();
        private Ticker ticker = Ticker.system();
        private RandomGenerator random = new SharedRandom();

        private Builder(List<String> urls) {
            this.urls = urls;
        }

        /**
         * Sets who asks, by basic authentication; default nobody. Both are sent over HTTPS or to a loopback address only.
         *
         * @param password asked anew for each question
         * @throws IllegalArgumentException if the user is empty or has a colon
         */
        public Builder login(String user, DiscoveryUri.Secret password) {
            this.login = new EurekaLogin(user, password);
            return this;
        }

        /**
         * Sets the client to start from, for TLS, client certificates or a proxy; default a new one. Its connection pool is
         * used, its dispatcher and time-outs are not. It is not closed.
         */
        public Builder client(OkHttpClient value) {
            this.client = Objects.requireNonNull(value, "client");
            return this;
        }

        /**
         * Sets whether a service's name is a virtual address, secure or not, that instances say they answer to; default false:
         * it is the name of an application. Spring Cloud's are the same, unless an application sets its own.
         */
        public Builder byVip(boolean value) {
            this.byVip = value;
            return this;
        }

        /**
         * Sets whether an instance with a port for TLS and another one, both in use, is called over TLS; default true, as Spring
         * Cloud does.
         */
        public Builder preferTls(boolean value) {
            this.preferTls = value;
            return this;
        }

        /** Sets whether instances are called at their IP address; default false: at their host name. */
        public Builder preferIp(boolean value) {
            this.preferIp = value;
            return this;
        }

        /**
         * Sets how long to wait from one answer to the next question, a quarter less at random; default {@link
         * #DEFAULT_INTERVAL}.
         *
         * @throws IllegalArgumentException unless 100 ms to 10 minutes
         */
        public Builder interval(Duration value) {
            this.interval = Durations.check("interval", value, Duration.ofMillis(100), Duration.ofMinutes(10));
            return this;
        }

        /**
         * Sets how long to keep instances that a server doesn't list any more without having said that they left; default
         * {@link #DEFAULT_KEEP_FORGOTTEN}. Zero believes it at once.
         *
         * @throws IllegalArgumentException unless 0 to 10 minutes
         */
        public Builder keepForgotten(Duration value) {
            this.keepForgotten = Durations.check("keepForgotten", value, Duration.ZERO, Duration.ofMinutes(10));
            return this;
        }

        /** For tests: what an answer may take, by all servers together. */
        Builder patience(Duration value) {
            this.patience = value;
            return this;
        }

        /** Sets who runs the timers, which never block; default {@link Scheduler#shared()}. */
        public Builder scheduler(Scheduler value) {
            this.scheduler = Objects.requireNonNull(value, "scheduler");
            return this;
        }

        /** For tests: what time it is. */
        Builder ticker(Ticker value) {
            this.ticker = value;
            return this;
        }

        /** Sets where jitter and the server asked first come from, which must be thread-safe; default the running thread's own. */
        public Builder random(RandomGenerator value) {
            this.random = Objects.requireNonNull(value, "random");
            return this;
        }

        /**
         * Builds the discovery. It asks nothing before it is watched.
         *
         * @throws IllegalArgumentException if there is no URL, one is malformed or has a user and password, or a password would be
         *     sent in the clear
         */
        public EurekaDiscovery build() {
            return new EurekaDiscovery(this);
        }
    }
}
