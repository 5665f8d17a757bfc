package io.lb4j.discovery.etcd;

import io.lb4j.Scheduler;
import io.lb4j.ServiceDiscovery;
import io.lb4j.Ticker;
import io.lb4j.discovery.DiscoveryUri;
import io.lb4j.discovery.internal.Backoff;
import io.lb4j.discovery.internal.Durations;
import io.lb4j.discovery.internal.ReadAndFollow;
import io.lb4j.discovery.internal.ServiceWatches;
import io.lb4j.discovery.internal.SharedRandom;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.random.RandomGenerator;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/**
 * Instances that are kept in etcd (3.4 or later), each under a key {@code prefix + service + "/" + id}, as {@link
 * EtcdRegistrar} puts them there, or gRPC's naming, or who writes {@code host:port}. Asked over the JSON gateway of etcd's v3
 * API, which every member has on its client port.
 *
 * <p>The keys of a service are read once and then followed from that revision, so that a change is known within
 * milliseconds; a stream is opened anew every {@link #DEFAULT_WAIT}, which shows whether the member is still there. If the
 * changes since are compacted away, the member has lost its memory or has fallen behind, all keys are read again.
 *
 * <p>Of several members one is asked until it fails, and then the next one. When none answers, the last good list stays in
 * force, and they are asked again after a wait with full jitter that grows up to 5 s; each distinct trouble is logged once and
 * told once until all is well again. A value that can't be understood is left out and told as a complaint. A service of which
 * there has never been a key is unknown; one whose last key has gone has an empty list.
 *
 * <p>Thread-safe. Each watched service holds one daemon thread. {@link #close()} ends them.
 */
public final class EtcdDiscovery implements ServiceDiscovery {
    /** How long a stream of changes lasts before it is opened anew, unless told otherwise: 30 s. */
    public static final Duration DEFAULT_WAIT = Duration.ofSeconds(30);

    /** What keys of services begin with, unless told otherwise. */
    public static final String DEFAULT_PREFIX = EtcdKeys.PREFIX;

    private final EtcdCluster cluster;
    private final ServiceWatches watches;

    private EtcdDiscovery(Builder builder) {
        this.cluster = new EtcdCluster(builder.urls, builder.login, builder.client, builder.random);
        ReadAndFollow.Settings settings = new ReadAndFollow.Settings(
                builder.scheduler, Ticker.system(), Backoff.standard(builder.random), builder.margin, builder.wait);
        String root = builder.prefix;
        this.watches = new ServiceWatches(toString(), service -> {
            String prefix = EtcdKeys.ofService(root, service);
            return new ReadAndFollow(
                    cluster.toString(), service, new EtcdKeySpace(cluster, prefix, settings.patience()), settings);
        });
    }

    /**
     * Watches the cluster with these members, everything else at its default.
     *
     * @param urls as {@code http://127.0.0.1:2379}
     * @throws IllegalArgumentException if there is none, or one is malformed
     */
    public static EtcdDiscovery of(String... urls) {
        return builder(urls).build();
    }

    /**
     * A builder with every setting but the members at its default.
     *
     * @param urls as for {@link #of}
     */
    public static Builder builder(String... urls) {
        return new Builder(List.of(urls));
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if the name is blank, or begins or ends with a slash
     */
    @Override
    public Watch watch(String service, Listener listener) {
        return watches.watch(service, listener);
    }

    @Override
    public void close() {
        watches.close();
        cluster.close();
    }

    @Override
    public String toString() {
        return "EtcdDiscovery[" + cluster + "]";
    }

    /** Collects the settings of an {@link EtcdDiscovery}. Not thread-safe. */
    public static final class Builder {
        private final List<String> urls;
        private String prefix = DEFAULT_PREFIX;
        private @Nullable EtcdLogin login;
        private @Nullable OkHttpClient client;
        private Duration wait = DEFAULT_WAIT;
        private Duration margin = Duration.ofSeconds(5);
        private Scheduler scheduler = Scheduler.shared();
        private RandomGenerator random = new SharedRandom();

        private Builder(List<String> urls) {
            this.urls = urls;
        }

        /**
         * Sets what keys begin with, before the service's name; default {@link #DEFAULT_PREFIX}. Empty for services of
         * gRPC's naming, whose targets are whole keys.
         *
         * @throws IllegalArgumentException unless it is empty or ends with one slash
         */
        public Builder prefix(String value) {
            this.prefix = EtcdKeys.prefix(value);
            return this;
        }

        /**
         * Sets who asks; default nobody, for a cluster without authentication. Both are sent over HTTPS or to a loopback
         * address only. Logs in again whenever the token that etcd gave has expired.
         *
         * @param password asked anew for each login
         * @throws IllegalArgumentException if the user is empty
         */
        public Builder login(String user, DiscoveryUri.Secret password) {
            this.login = new EtcdLogin(user, password);
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
         * Sets how long a stream of changes lasts; default {@link #DEFAULT_WAIT}. A connection that died without a word is
         * noticed at its end.
         *
         * @throws IllegalArgumentException unless 100 ms to 10 minutes
         */
        public Builder waitTime(Duration value) {
            this.wait = Durations.check("waitTime", value, Duration.ofMillis(100), Duration.ofMinutes(10));
            return this;
        }

        /** For tests: what an answer may take to begin. */
        Builder margin(Duration value) {
            this.margin = value;
            return this;
        }

        /** Sets who runs the timers, which never block; default {@link Scheduler#shared()}. */
        public Builder scheduler(Scheduler value) {
            this.scheduler = Objects.requireNonNull(value, "scheduler");
            return this;
        }

        /** Sets where jitter and the member asked first come from, which must be thread-safe; default the running thread's own. */
        public Builder random(RandomGenerator value) {
            this.random = Objects.requireNonNull(value, "random");
            return this;
        }

        /**
         * Builds the discovery. It asks nothing before it is watched.
         *
         * @throws IllegalArgumentException if there is no URL, one is malformed, or a password would be sent in the clear
         */
        public EtcdDiscovery build() {
            return new EtcdDiscovery(this);
        }
    }
}
