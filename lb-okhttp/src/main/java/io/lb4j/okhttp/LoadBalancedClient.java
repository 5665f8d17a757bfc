package io.lb4j.okhttp;

import io.lb4j.PickRequest;
import io.lb4j.Scheduler;
import io.lb4j.ServiceDiscovery;
import io.lb4j.Strategy;
import io.lb4j.Subset;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.balancer.LoadBalancerListener;
import io.lb4j.okhttp.rules.DenialListener;
import io.lb4j.okhttp.rules.Firewall;
import io.lb4j.okhttp.rules.Route;
import io.lb4j.okhttp.rules.RouteDecision;
import io.lb4j.okhttp.rules.RouteReport;
import io.lb4j.okhttp.rules.TrafficRules;
import io.lb4j.okhttp.rules.TrafficRulesFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import okhttp3.Call;
import okhttp3.Dispatcher;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import org.jspecify.annotations.Nullable;

/**
 * Makes OkHttp calls to services: the URL's host is the name of a service, and each call goes to one of its instances.
 *
 * <pre>{@code
 * try (LoadBalancedClient client = LoadBalancedClient.builder().discovery(discovery).build();
 *         Response response = client.newCall(new Request.Builder().url("http://orders/42").build()).execute()) {
 *     System.out.println(response.body().string());
 * }
 * }</pre>
 *
 * <p>A URL's host is a service if it was named with {@link Builder#service}, or if it has no dot and is neither
 * {@code localhost} nor an address. Calls to all other hosts are made by the OkHttp client this one was built from, as if
 * it were called itself. The URL's port is part of the {@code Host} header, the cookies and the cache key, and doesn't
 * say where the call goes: that is the instance's port.
 *
 * <p>Calls are OkHttp's own: cancelling, time-outs, tags, events, cookies, cache, authentication and interceptors work
 * as they always do, and anything that takes a {@link Call.Factory} (Retrofit) or a {@link WebSocket.Factory} takes
 * this. Thread-safe.
 *
 * <p>Owns its balancers and its connections to instances, and ends them on {@link #close()}; the discovery and the
 * OkHttp client stay the caller's, if it is the caller's.
 */
public final class LoadBalancedClient implements Call.Factory, WebSocket.Factory, AutoCloseable {
    private final Services services;
    private final Transport transport;
    private final OkHttpClient balanced;
    private final OkHttpClient others;

    /** Whether the base client is ours to close. */
    private final boolean ownsBase;

    private LoadBalancedClient(Services services, boolean ownsBase) {
        this.services = services;
        this.ownsBase = ownsBase;
        this.transport = services.transport();
        this.balanced = transport.services(new LoadBalancerInterceptor(services, transport, true));
        this.others = transport.others(new LoadBalancerInterceptor(services, transport, false));
    }

    /** A builder over a new OkHttp client with OkHttp's defaults. */
    public static Builder builder() {
        return new Builder(new OkHttpClient(), true);
    }

    /**
     * A builder over an OkHttp client of the caller's: its time-outs, TLS, interceptors, cookie jar, cache, event
     * listeners and executor are used; its proxies, its connection pool and its
     * {@link OkHttpClient#retryOnConnectionFailure()} are not, for calls to services. A dispatcher with OkHttp's default
     * limits, 64 calls at a time and 5 for each host, is not either, since a service is one host: see
     * {@link #dispatcher()}.
     */
    public static Builder builder(OkHttpClient base) {
        return new Builder(base, false);
    }

    /**
     * A new call, to be executed or enqueued.
     *
     * @throws IllegalStateException if this client is closed
     */
    @Override
    public Call newCall(Request request) {
        return client(request).newCall(request);
    }

    /**
     * A new WebSocket; it counts as a call in flight until it is closed.
     *
     * @throws IllegalStateException if this client is closed
     */
    @Override
    public WebSocket newWebSocket(Request request, WebSocketListener listener) {
        return client(request).newWebSocket(request, listener);
    }

    private OkHttpClient client(Request request) {
        if (services.isClosed()) {
            throw new IllegalStateException(this + " (expected: open); it was closed before this call");
        }
        return services.isService(request.url().host()) ? balanced : others;
    }

    /**
     * The balancer of a service, to explain or list its instances; started if it was not yet.
     *
     * @param service the name, as in URLs
     * @throws IllegalArgumentException if URLs with this host are not for a service
     * @throws IllegalStateException if this client is closed, or knows too many services already
     */
    public LoadBalancer balancer(String service) {
        return service(service).balancer();
    }

    private Service service(String service) {
        String host = Hosts.canonical(service);
        checkService(host, service);
        try {
            return services.get(host);
        } catch (IOException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    private void checkService(String host, String name) {
        if (!services.isService(host)) {
            throw new IllegalArgumentException("service: '" + name
                    + "' (expected: a name given to Builder.service, or one without a dot other than localhost)");
        }
    }

    /**
     * Explains where a call like this would go and why, without making it: which of the rules applies and why those before it don't,
     * what becomes of the request, and what is thought of each instance. The strategy is asked for a pick, so a rotation moves on by
     * one. A call that is drawn at random is drawn for the occasion.
     *
     * @throws IOException if the routes would send the call round in a circle, or this client is closed or knows too many services
     * @throws IllegalArgumentException if the URL names no service
     */
    public RequestExplanation explain(Request request) throws IOException {
        checkService(request.url().host(), request.url().host());
        LiveRules rules = services.rules();
        RouteDecision decision = rules == null ? null : rules.current().decide(request);
        List<String> lines = rules == null ? List.of() : rules.current().explain(request);
        Request sent = decision == null ? request : decision.request();
        Service service = services.get(sent.url().host());
        PickRequest pick = service.pickRequest(sent, transport.base.cookieJar());
        Subset subset = decision == null ? null : decision.subset();
        return new RequestExplanation(
                lines,
                decision == null
                        ? List.of()
                        : decision.routes().stream().map(Route::name).toList(),
                sent,
                service.balancer().explain(subset == null ? pick : pick.within(subset)));
    }

    /** What came of each route of the rules in force, in their order; empty without rules. */
    public List<RouteReport> routes() {
        LiveRules rules = services.rules();
        return rules == null ? List.of() : rules.reports();
    }

    /** How many calls each rule of the firewall in force denied, by its name; empty without one. */
    public Map<String, Long> denials() {
        LiveRules rules = services.rules();
        Firewall firewall = rules == null ? null : rules.current().firewall();
        return firewall == null ? Map.of() : firewall.denials();
    }

    /**
     * What the TLS of a service is made with at the moment, and when that expires.
     *
     * @param service the name, as in URLs
     * @throws IllegalArgumentException if URLs with this host are not for a service
     * @throws IllegalStateException if this client is closed, or knows too many services already
     */
    public TlsReport tls(String service) {
        return service(service).endpoints().tlsReport();
    }

    /**
     * The same as an interceptor, for an OkHttp client that has to stay one. Add it last, to a client built from the one
     * this was built from: {@code base.newBuilder().addInterceptor(client.interceptor()).build()}. Further attempts are
     * made with the settings of {@code base}.
     *
     * <p>An interceptor can't change everything, so this client is better where it can be used: with the interceptor
     * alone, TLS to a service whose name has no dot sends no server name, OkHttp repeats a call once by itself that is
     * answered with 503 and {@code Retry-After: 0}, and its dispatcher makes 5 asynchronous calls for each service at a
     * time unless told otherwise.
     */
    public Interceptor interceptor() {
        return new LoadBalancerInterceptor(services, transport, false);
    }

    /**
     * What runs enqueued calls to services, for its limits, counts and {@link Dispatcher#cancelAll()}. It is the base
     * client's own if that has limits other than OkHttp's defaults; else one on the same executor, with 512 calls at a
     * time, to one service or to many.
     */
    public Dispatcher dispatcher() {
        return balanced.dispatcher();
    }

    /**
     * Ends the balancers and closes idle connections to instances. Calls in flight finish, but are not repeated any
     * more; new ones get an {@link IllegalStateException}, calls made but not begun an {@link IOException}. Idempotent. The OkHttp client is
     * closed too if it was made by {@link #builder()}.
     */
    @Override
    public void close() {
        services.close();
        if (ownsBase) {
            // OkHttp's threads are no daemons: idle, they would keep the JVM alive for another minute.
            transport.base.dispatcher().executorService().shutdown();
            transport.base.connectionPool().evictAll();
        }
    }

    @Override
    public String toString() {
        return "LoadBalancedClient[" + services + "]";
    }

    /** Collects a client's parts and settings. Not thread-safe. */
    public static final class Builder {
        private final OkHttpClient base;
        private final boolean ownsBase;
        private final List<Consumer<? super ServiceSettings.Builder>> defaults = new ArrayList<>();
        private final Map<String, List<Consumer<? super ServiceSettings.Builder>>> own = new HashMap<>();
        private final Map<String, String> names = new LinkedHashMap<>();
        private final List<LoadBalancerListener> listeners = new ArrayList<>();
        private Scheduler scheduler = Scheduler.shared();
        private int maxUnnamed = Services.MAX_UNNAMED;
        private @Nullable ServiceDiscovery discovery;
        private final List<DenialListener> denialListeners = new ArrayList<>();
        private @Nullable Function<List<DenialListener>, LiveRules> rules;

        private Builder(OkHttpClient base, boolean ownsBase) {
            this.base = Objects.requireNonNull(base, "base");
            this.ownsBase = ownsBase;
        }

        /** Sets where instances come from; required. It stays open when the client is closed. */
        public Builder discovery(ServiceDiscovery value) {
            this.discovery = Objects.requireNonNull(value, "discovery");
            return this;
        }

        /** Sets how instances are chosen where a service doesn't say; short for {@link #defaults}. */
        public Builder strategy(Strategy value) {
            Objects.requireNonNull(value, "strategy");
            return defaults(settings -> settings.strategy(value));
        }

        /**
         * Names a service, which starts when the client is built instead of on its first call, and may have a name with
         * dots.
         *
         * @throws IllegalArgumentException if no URL can have such a host
         */
        public Builder service(String name) {
            return service(name, settings -> {});
        }

        /**
         * Names a service and says how its calls differ from the {@linkplain #defaults defaults}.
         *
         * @throws IllegalArgumentException if no URL can have such a host
         */
        public Builder service(String name, Consumer<? super ServiceSettings.Builder> settings) {
            Objects.requireNonNull(settings, "settings");
            String host = Hosts.canonical(name);
            names.put(host, name);
            own.computeIfAbsent(host, each -> new ArrayList<>()).add(settings);
            return this;
        }

        /** Changes the settings that every service starts from. */
        public Builder defaults(Consumer<? super ServiceSettings.Builder> settings) {
            this.defaults.add(Objects.requireNonNull(settings, "settings"));
            return this;
        }

        /** Adds a listener to the balancers of all services; default none. */
        public Builder listener(LoadBalancerListener value) {
            this.listeners.add(Objects.requireNonNull(value, "listener"));
            return this;
        }

        /**
         * Sets where calls to services go if not to the service that they name; default none. The rules must name services of
         * this client, or it is not built.
         */
        public Builder rules(TrafficRules value) {
            Objects.requireNonNull(value, "rules");
            this.rules = listeners -> LiveRules.of(value, listeners);
            return this;
        }

        /**
         * The same as a file says, whenever it changes. Rules that name something else than services of this client are refused: at first
         * the client is not built, later it keeps those it has. The file stays the caller's, to be closed after the client.
         */
        public Builder rules(TrafficRulesFile value) {
            Objects.requireNonNull(value, "rules");
            this.rules = listeners -> LiveRules.of(value, listeners);
            return this;
        }

        /** Adds a listener to the calls that a firewall among the {@linkplain #rules rules} denies; default none. */
        public Builder denialListener(DenialListener value) {
            this.denialListeners.add(Objects.requireNonNull(value, "denialListener"));
            return this;
        }

        /** Sets what runs background work; default {@link Scheduler#shared()}. Never shut down. */
        public Builder scheduler(Scheduler value) {
            this.scheduler = Objects.requireNonNull(value, "scheduler");
            return this;
        }

        /** For tests, which would need as many connections. */
        Builder maxUnnamed(int value) {
            this.maxUnnamed = value;
            return this;
        }

        /**
         * Builds the client and starts the balancers of the services that were named.
         *
         * @throws IllegalStateException if discovery is missing, or OkHttp is older than 5.4
         * @throws IllegalArgumentException if rules send calls to what is no service
         */
        public LoadBalancedClient build() {
            OkHttpVersion.check(Interceptor.Chain.class);
            if (discovery == null) {
                throw new IllegalStateException(
                        "LoadBalancedClient: discovery is missing (expected: set before build)");
            }
            Map<String, ServiceSettings> settings = new HashMap<>();
            own.forEach((host, each) -> settings.put(host, settings(each)));
            LiveRules live = rules == null ? null : rules.apply(List.copyOf(denialListeners));
            return new LoadBalancedClient(
                    new Services(
                            new Services.Settings(
                                    discovery,
                                    settings(List.of()),
                                    List.copyOf(listeners),
                                    scheduler,
                                    maxUnnamed,
                                    live),
                            isService -> new Transport(base, isService, live != null),
                            Map.copyOf(names),
                            settings),
                    ownsBase);
        }

        private ServiceSettings settings(List<Consumer<? super ServiceSettings.Builder>> more) {
            ServiceSettings.Builder builder = new ServiceSettings.Builder();
            defaults.forEach(each -> each.accept(builder));
            more.forEach(each -> each.accept(builder));
            return builder.build();
        }
    }
}
