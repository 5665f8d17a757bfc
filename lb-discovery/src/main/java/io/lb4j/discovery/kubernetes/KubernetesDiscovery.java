package io.lb4j.discovery.kubernetes;

import io.lb4j.Scheduler;
import io.lb4j.ServiceDiscovery;
import io.lb4j.Ticker;
import io.lb4j.discovery.DiscoveryUri;
import io.lb4j.discovery.internal.Backoff;
import io.lb4j.discovery.internal.Durations;
import io.lb4j.discovery.internal.JsonCalls;
import io.lb4j.discovery.internal.ReadAndFollow;
import io.lb4j.discovery.internal.ServiceWatches;
import io.lb4j.discovery.internal.SharedRandom;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.random.RandomGenerator;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * Instances of services in Kubernetes, as the EndpointSlices of {@code discovery.k8s.io/v1} list them: the pods
 * themselves, past the service's virtual address. A service is spelled {@code service}, {@code service:port} or {@code
 * namespace/service:port}; the port is a name or a number of the pods, and may be left out where there is one only.
 *
 * <p>Slices are listed once and then watched from that version, so that a change is known within milliseconds; a version
 * that is too old leads to a new list. All slices of a service make one list. Endpoints that are ready take calls; one that is
 * terminating but still serves is drained, and takes calls only while none is ready, as with kube-proxy; one that isn't ready is
 * listed with weight 0; others are left out.
 *
 * <p>A server that is down, hangs, refuses, or answers with errors or garbage leaves the last good list in force. It is asked
 * again after a wait with full jitter that grows up to 5 s; each distinct trouble is logged once and told once until all is
 * well again.
 *
 * <p>Thread-safe. Each watched service holds one daemon thread. {@link #close()} ends them.
 */
public final class KubernetesDiscovery implements ServiceDiscovery {
    /** How long a watch lasts before the next one goes on, unless told otherwise: 1 minute. */
    public static final Duration DEFAULT_WATCH_TIME = Duration.ofMinutes(1);

    /** The metadata of an instance that isn't ready: {@code notReady}, or {@code terminating}. */
    public static final String CONDITION = SliceMerger.CONDITION;

    private final JsonCalls calls;
    private final ServiceWatches watches;

    private KubernetesDiscovery(Builder builder) {
        HttpUrl url = JsonCalls.url(builder.url);
        DiscoveryUri.Secret token = builder.token;
        if (token != null && !JsonCalls.keepsSecrets(url)) {
            throw new IllegalArgumentException(
                    "Kubernetes: " + builder.url + " with a token (expected: https, or a loopback address)");
        }
        this.calls = new JsonCalls("Kubernetes", url, request -> authorize(request, token), builder.client);
        String namespace = builder.namespace;
        SliceMerger.Rules rules = new SliceMerger.Rules(builder.preferIpv6, builder.secure, builder.zone, builder.node);
        Duration watchTime = builder.watchTime;
        ReadAndFollow.Settings settings = new ReadAndFollow.Settings(
                builder.scheduler,
                Ticker.system(),
                Backoff.standard(builder.random),
                builder.margin,
                watchTime.plus(builder.margin));
        this.watches = new ServiceWatches(toString(), service -> {
            ServiceName name = ServiceName.parse(service, namespace);
            return new ReadAndFollow(
                    calls.toString(),
                    service,
                    new ServiceSlices(calls, name, rules, builder.margin, watchTime),
                    settings);
        });
    }

    private static void authorize(Request.Builder request, DiscoveryUri.@Nullable Secret token) throws IOException {
        if (token != null) {
            request.header("Authorization", "Bearer " + token.read());
        }
    }

    /**
     * Watches the cluster that this process runs in, as the account of its pod: address, certificates, token and
     * namespace are where Kubernetes puts them. The token is read anew for each question, since it is rotated.
     *
     * @throws IllegalStateException outside of a pod
     * @throws IllegalArgumentException if the cluster's certificates can't be read
     */
    public static KubernetesDiscovery inCluster() {
        return inClusterBuilder().build();
    }

    /**
     * A builder with all settings as for {@link #inCluster()}.
     *
     * @throws IllegalStateException outside of a pod
     * @throws IllegalArgumentException if the cluster's certificates can't be read
     */
    public static Builder inClusterBuilder() {
        return builder(InCluster.HERE);
    }

    static Builder builder(InCluster place) {
        return new Builder(place.url())
                .client(place.client())
                .token(place.token())
                .namespace(place.namespace());
    }

    /**
     * Watches through an API server that asks for no token, as {@code kubectl proxy} is one, everything else at its default.
     *
     * @param url as {@code http://127.0.0.1:8001}
     * @throws IllegalArgumentException if it isn't one
     */
    public static KubernetesDiscovery of(String url) {
        return builder(url).build();
    }

    /** A builder with every setting but the API server's URL at its default. */
    public static Builder builder(String url) {
        return new Builder(url);
    }

    /**
     * {@inheritDoc}
     *
     * @param service {@code service}, {@code service:port} or {@code namespace/service:port}
     * @throws IllegalArgumentException if it isn't spelled like that
     */
    @Override
    public Watch watch(String service, Listener listener) {
        return watches.watch(service, listener);
    }

    @Override
    public void close() {
        watches.close();
        calls.close();
    }

    @Override
    public String toString() {
        return "KubernetesDiscovery[" + calls + "]";
    }

    /** Collects the settings of a {@link KubernetesDiscovery}. Not thread-safe. */
    public static final class Builder {
        private final String url;
        private DiscoveryUri.@Nullable Secret token;
        private @Nullable OkHttpClient client;
        private String namespace = "default";
        private boolean preferIpv6;
        private boolean secure;
        private @Nullable String zone;
        private @Nullable String node;
        private Duration watchTime = DEFAULT_WATCH_TIME;
        private Duration margin = Duration.ofSeconds(5);
        private Scheduler scheduler = Scheduler.shared();
        private RandomGenerator random = new SharedRandom();

        private Builder(String url) {
            this.url = Objects.requireNonNull(url, "url");
        }

        /**
         * Sets the token to show; default none. It is asked for anew with each question, without waiting for others, and sent over
         * HTTPS or to a loopback address only.
         */
        public Builder token(DiscoveryUri.Secret value) {
            this.token = Objects.requireNonNull(value, "token");
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
         * Sets the namespace of services that are spelled without; default {@code default}.
         *
         * @throws IllegalArgumentException if it is no name of one
         */
        public Builder namespace(String value) {
            this.namespace = ServiceName.namespace(value);
            return this;
        }

        /**
         * Sets whether addresses of IPv6 are used where a service has both; default false. A server that has both is one instance,
         * with one share of the calls and one state of health.
         */
        public Builder preferIpv6(boolean value) {
            this.preferIpv6 = value;
            return this;
        }

        /**
         * Sets whether all instances speak TLS; default false, so that it is as their port says: by {@code appProtocol: https}
         * or {@code kubernetes.io/wss}, or without an {@code appProtocol} by the name {@code https} or {@code https-…}.
         */
        public Builder secure(boolean value) {
            this.secure = value;
            return this;
        }

        /**
         * Sets the zone this process runs in, so that hints of topology-aware routing count: where every ready endpoint has
         * some, and one is for this zone, the others get priority 1. Default none, so that they are metadata only.
         */
        public Builder zone(String value) {
            this.zone = Objects.requireNonNull(value, "zone");
            return this;
        }

        /**
         * Sets the node this process runs on, so that hints for nodes count in the same way: the priority of an instance grows by 1
         * if it isn't for this node, and by 1 if it isn't for the zone. Default none. A pod learns its node from its
         * specification only, say by a variable from the field {@code spec.nodeName}.
         */
        public Builder node(String value) {
            this.node = Objects.requireNonNull(value, "node");
            return this;
        }

        /**
         * Sets how long a watch lasts; default {@link #DEFAULT_WATCH_TIME}. A connection that died without a word is noticed
         * some seconds after its end.
         *
         * @throws IllegalArgumentException unless 1 s to 1 hour
         */
        public Builder watchTime(Duration value) {
            this.watchTime = Durations.check("watchTime", value, Duration.ofSeconds(1), Duration.ofHours(1));
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
        public KubernetesDiscovery build() {
            return new KubernetesDiscovery(this);
        }
    }
}
