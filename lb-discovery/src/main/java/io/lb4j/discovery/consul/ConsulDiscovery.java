package io.lb4j.discovery.consul;

import io.lb4j.Scheduler;
import io.lb4j.ServiceDiscovery;
import io.lb4j.Ticker;
import io.lb4j.discovery.DiscoveryUri.Secret;
import io.lb4j.discovery.internal.Backoff;
import io.lb4j.discovery.internal.Durations;
import io.lb4j.discovery.internal.JsonCalls;
import io.lb4j.discovery.internal.ServiceWatches;
import io.lb4j.discovery.internal.SharedRandom;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.random.RandomGenerator;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/**
 * Instances that a Consul agent knows, by blocking queries of {@code /v1/health/service}: a change is in force within
 * milliseconds. An instance's address is the service's, or its node's where that has none; its id is {@code node/service id},
 * since service ids are a node's own; its weight is that of its worst check, passing or warning; its metadata is the
 * node's and the service's, with {@link #TAGS}, {@link #NODE} and {@link #DATACENTER} besides. Of the metadata, {@code zone},
 * {@code priority}, and {@code secure=true} or {@code scheme=https} mean what they mean here.
 *
 * <p>Consul can't tell an unknown service from one without healthy instances: both are an empty list, which a balancer
 * that had some doubts for a while. While the agent can't be asked, or says that its servers have no leader and lists
 * nobody, the last list stays in force, and it is asked again after waits with full jitter. An agent that has forgotten its
 * index is believed from its first answer on. An entry that can't be understood is left out and told as a complaint.
 *
 * <p>Thread-safe. Each watched service holds one daemon thread, since OkHttp's calls block. {@link #close()} ends them.
 */
public final class ConsulDiscovery implements ServiceDiscovery {
    /** How long a query waits for a change, unless told otherwise: 60 s. */
    public static final Duration DEFAULT_WAIT = Duration.ofSeconds(60);

    /** The metadata of an instance with tags: all of them, separated by commas. */
    public static final String TAGS = "consul-tags";

    /** The metadata of an instance: the node it is on. */
    public static final String NODE = "consul-node";

    /** The metadata of an instance: its datacenter. */
    public static final String DATACENTER = "consul-datacenter";

    private static final Duration MAX_WAIT = Duration.ofMinutes(10);

    private final JsonCalls calls;
    private final ServiceWatches watches;

    private ConsulDiscovery(Builder builder) {
        this.calls = ConsulCalls.open(builder.url, builder.token, builder.client);
        Map<String, String> query = new LinkedHashMap<>();
        if (builder.passing) {
            query.put("passing", "1");
        }
        query.put("stale", "");
        if (builder.consistent) {
            query.remove("stale");
            query.put("consistent", "");
        }
        builder.place.forEach(query::put);
        ConsulWatch.Settings settings = new ConsulWatch.Settings(
                calls,
                builder.scheduler,
                Ticker.system(),
                query,
                builder.tags,
                builder.waitTime,
                builder.margin,
                Backoff.standard(builder.random));
        this.watches = new ServiceWatches(toString(), service -> new ConsulWatch(service, settings));
    }

    /**
     * Watches by the agent at this address, everything else at its default.
     *
     * @param url as {@code http://127.0.0.1:8500}
     * @throws IllegalArgumentException if it isn't one
     */
    public static ConsulDiscovery of(String url) {
        return builder(url).build();
    }

    /** A builder with every setting but the agent's address at its default. */
    public static Builder builder(String url) {
        return new Builder(url);
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if the name is blank, or has a meaning in paths
     */
    @Override
    public Watch watch(String service, Listener listener) {
        return watches.watch(ConsulCalls.name("service", service), listener);
    }

    @Override
    public void close() {
        watches.close();
        calls.close();
    }

    @Override
    public String toString() {
        return "ConsulDiscovery[" + calls + "]";
    }

    /** Collects the settings of a {@link ConsulDiscovery}. Not thread-safe. */
    public static final class Builder {
        private final String url;
        private @Nullable Secret token;
        private @Nullable OkHttpClient client;
        private boolean passing = true;
        private boolean consistent;
        private List<String> tags = List.of();
        private final Map<String, String> place = new LinkedHashMap<>();
        private Duration waitTime = DEFAULT_WAIT;
        private Duration margin = Duration.ofSeconds(5);
        private Scheduler scheduler = Scheduler.shared();
        private RandomGenerator random = new SharedRandom();

        private Builder(String url) {
            this.url = Objects.requireNonNull(url, "url");
        }

        /** Sets the ACL token; default none. It is sent over HTTPS or to a loopback address only. */
        public Builder token(String value) {
            Objects.requireNonNull(value, "token");
            return token(() -> value);
        }

        /** Sets where the ACL token is read, anew for each request, as tokens are rotated; default none. */
        public Builder token(Secret value) {
            this.token = Objects.requireNonNull(value, "token");
            return this;
        }

        /**
         * Sets the client to start from, for TLS or a proxy; default a new one. Its connection pool is used, its dispatcher
         * and time-outs are not. It is not closed.
         */
        public Builder client(OkHttpClient value) {
            this.client = Objects.requireNonNull(value, "client");
            return this;
        }

        /**
         * Sets whether only instances whose checks all pass count; default true. If not, those with warnings and in a
         * critical state are listed as well, for this library's own health to judge.
         */
        public Builder passing(boolean value) {
            this.passing = value;
            return this;
        }

        /**
         * Sets whether answers must be the leader's present state, at the price of its time; default false: any server's,
         * which may lag by some milliseconds, and which is there even without a leader.
         */
        public Builder consistent(boolean value) {
            this.consistent = value;
            return this;
        }

        /** Sets tags that instances must have, all of them; default none. Several need Consul 1.3 or later. */
        public Builder tags(String... value) {
            this.tags = List.of(value);
            return this;
        }

        /** Sets the datacenter to ask for; default the agent's own. */
        public Builder datacenter(String value) {
            place.put("dc", value);
            return this;
        }

        /** Sets the namespace to ask for, which Consul Enterprise has; default the token's. */
        public Builder namespace(String value) {
            place.put("ns", value);
            return this;
        }

        /** Sets the admin partition to ask for, which Consul Enterprise has; default the agent's. */
        public Builder partition(String value) {
            place.put("partition", value);
            return this;
        }

        /**
         * Sets a filter in Consul's expression language ({@code Service.Meta.version == "7"}); default none. It is the
         * agent's to understand; what it refuses is told as a trouble.
         */
        public Builder filter(String value) {
            place.put("filter", value);
            return this;
        }

        /**
         * Sets how long a query waits for a change; default {@link #DEFAULT_WAIT}. An agent that hangs is noticed 5 s and a
         * sixteenth of it after.
         *
         * @throws IllegalArgumentException unless 100 ms to 10 minutes
         */
        public Builder waitTime(Duration value) {
            this.waitTime = Durations.check("waitTime", value, Duration.ofMillis(100), MAX_WAIT);
            return this;
        }

        /** For tests: what an answer may take beyond the wait. */
        Builder margin(Duration value) {
            this.margin = value;
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
         * @throws IllegalArgumentException if the URL is malformed, or the token would be sent in the clear
         */
        public ConsulDiscovery build() {
            return new ConsulDiscovery(this);
        }
    }
}
