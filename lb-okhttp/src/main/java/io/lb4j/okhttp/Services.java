package io.lb4j.okhttp;

import io.lb4j.Scheduler;
import io.lb4j.ServiceDiscovery;
import io.lb4j.Ticker;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.balancer.LoadBalancerListener;
import io.lb4j.health.HealthCheck;
import io.lb4j.okhttp.rules.TrafficRules;
import io.lb4j.retry.Hedging;
import io.lb4j.retry.RetryBudget;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The services of one client: those that were named, and those that URLs name. A URL may come from anywhere, so that
 * the latter are bounded in number, and what is of no use makes room. Thread-safe.
 */
final class Services implements AutoCloseable {
    /** Services that nobody named in advance, each with a balancer and a watch. */
    static final int MAX_UNNAMED = 256;

    private final Settings settings;
    private final Transport transport;
    private final Map<String, Service> named;
    private final @Nullable LiveRules rules;
    private final Map<String, Service> unnamed = new ConcurrentHashMap<>();

    /** By identity: settings have no equality. Guarded by itself. */
    private final Map<TlsSettings, TlsSource> sources = new HashMap<>();

    /** Written under the lock on {@link #unnamed}. */
    private volatile boolean closed;

    /** What services are made of. */
    record Settings(
            ServiceDiscovery discovery,
            ServiceSettings defaults,
            List<LoadBalancerListener> listeners,
            Scheduler scheduler,
            int maxUnnamed,
            @Nullable LiveRules rules) {}

    /**
     * Starts the named services.
     *
     * @param names the names as given, by their spelling in URLs
     * @param own the settings of those that have some
     */
    Services(Settings settings, Transports transports, Map<String, String> names, Map<String, ServiceSettings> own) {
        this.settings = settings;
        this.transport = transports.make(host -> names.containsKey(host) || isUnnamed(host));
        Map<String, Service> all = new HashMap<>();
        try {
            // Also for services that no URL has named yet: what is wrong with files is said now.
            tls(settings.defaults.tls);
            names.forEach((host, name) -> all.put(host, open(host, name, own.getOrDefault(host, settings.defaults))));
        } catch (RuntimeException | Error e) {
            all.values().forEach(Service::close);
            closeSources();
            throw e;
        }
        this.named = Map.copyOf(all);
        this.rules = settings.rules;
        if (rules != null) {
            try {
                rules.start(this, this::declare);
            } catch (RuntimeException | Error e) {
                close();
                throw e;
            }
        }
    }

    /** Null if there are none. */
    @Nullable
    LiveRules rules() {
        return rules;
    }

    /** What a rule may name as a service, for people. */
    String expected() {
        return "one of " + new TreeSet<>(named.keySet())
                + ", as given to Builder.service, or a name without a dot other than localhost";
    }

    /** Tells all services which subsets there are by now; those that come later ask for themselves. */
    private void declare(TrafficRules now) {
        named.forEach((host, each) -> each.balancer().subsets(now.subsets(host)));
        synchronized (unnamed) {
            unnamed.forEach((host, each) -> each.balancer().subsets(now.subsets(host)));
        }
    }

    /** Makes the clients, which have to know what a service is. */
    interface Transports {
        Transport make(Predicate<String> isService);
    }

    Transport transport() {
        return transport;
    }

    Scheduler scheduler() {
        return settings.scheduler;
    }

    /** Whether a URL with this host is for us. */
    boolean isService(String host) {
        return named.containsKey(host) || isUnnamed(host);
    }

    private static boolean isUnnamed(String host) {
        return Hosts.isSingleLabel(host) && !host.equals("localhost");
    }

    boolean isClosed() {
        return closed;
    }

    /**
     * The service that URLs with this host are for.
     *
     * @throws ServiceUnavailableException if there are too many
     * @throws IOException if the client is closed
     */
    Service get(String host) throws IOException {
        if (closed) {
            throw closedError();
        }
        Service service = named.get(host);
        if (service != null) {
            return service;
        }
        service = unnamed.get(host);
        if (service == null) {
            service = open(host);
        }
        service.touch();
        return service;
    }

    private Service open(String host) throws IOException {
        Service evicted = null;
        Service opened;
        synchronized (unnamed) {
            if (closed) {
                throw closedError();
            }
            Service known = unnamed.get(host);
            if (known != null) {
                return known;
            }
            if (unnamed.size() >= settings.maxUnnamed) {
                evicted = leastUseful();
                if (evicted == null) {
                    throw new ServiceUnavailableException(
                            host,
                            "service " + host + " would be one more than the " + settings.maxUnnamed
                                    + " that URLs may name at a time, and all of those are in use (name the services"
                                    + " with LoadBalancedClient.Builder.service, or check where the URLs come from)",
                            null);
                }
                unnamed.remove(evicted.host(), evicted);
            }
            opened = open(host, host, settings.defaults);
            unnamed.put(host, opened);
        }
        if (evicted != null) {
            evicted.close();
        }
        return opened;
    }

    /** One that discovery doesn't know, or one that had no call since somebody last looked (a second chance). */
    private @Nullable Service leastUseful() {
        List<Service> all = new ArrayList<>(unnamed.values());
        for (Service each : all) {
            if (each.isUnknown()) {
                return each;
            }
        }
        Service idle = null;
        for (Service each : all) {
            if (!each.takeUsed() && idle == null && each.isIdle()) {
                idle = each;
            }
        }
        return idle;
    }

    private Service open(String host, String name, ServiceSettings own) {
        TlsSource tls = tlsOf(host, own.tls);
        LoadBalancer.Builder builder = LoadBalancer.builder(name)
                .discovery(settings.discovery)
                .strategy(own.strategy.apply(host, tls))
                .healthCheck(bound(own.healthCheck, host, tls))
                .outlierDetection(own.outlierDetection)
                .slowStart(own.slowStart)
                .concurrencyLimit(own.concurrencyLimit)
                .queue(own.queue)
                .panicThreshold(own.panicThreshold)
                .failTrafficOnPanic(own.failTrafficOnPanic)
                .firstSnapshotTimeout(Duration.ZERO)
                .emptyListGrace(own.emptyListGrace)
                .scheduler(settings.scheduler);
        if (settings.rules != null) {
            builder.subsets(settings.rules.current().subsets(host));
        }
        settings.listeners.forEach(builder::listener);
        RetryBudget budget = new RetryBudget(own.budgetRatio, own.budgetPerSecond, Ticker.system());
        Hedger hedger = own.hedge == null
                ? null
                : new Hedger(host, new Hedging(own.hedge, budget, Ticker.system()), settings.scheduler);
        Endpoints endpoints = new Endpoints(host, own.prewarm, transport, tls, this::isService);
        return new Service(host, own, endpoints, builder, budget, hedger, settings.scheduler);
    }

    private TlsSource tlsOf(String host, TlsSettings own) {
        try {
            return tls(own);
        } catch (IllegalStateException e) {
            throw new IllegalStateException("service " + host + ": " + e.getMessage(), e);
        }
    }

    /** Files are read once, however many services they are for. */
    private TlsSource tls(TlsSettings own) {
        synchronized (sources) {
            TlsSource known = sources.get(own);
            if (known == null) {
                known = new TlsSource(own, transport.base, transport.attempts, settings.scheduler, Clock.systemUTC());
                sources.put(own, known);
            }
            return known;
        }
    }

    private static @Nullable HealthCheck bound(@Nullable HealthCheck check, String host, TlsSource tls) {
        return check != null && check.probe() instanceof HttpProbe probe
                ? check.withProbe(probe.boundTo(host, tls))
                : check;
    }

    int unnamedCount() {
        return unnamed.size();
    }

    private static IOException closedError() {
        String message = "the LoadBalancedClient is closed (expected: open); it was closed before this call";
        return new IOException(message, new IllegalStateException(message));
    }

    @Override
    public String toString() {
        return named.keySet() + (unnamed.isEmpty() ? "" : " and " + unnamed.keySet()) + (closed ? ", closed" : "");
    }

    @Override
    public void close() {
        List<Service> all;
        synchronized (unnamed) {
            closed = true;
            all = new ArrayList<>(unnamed.values());
            unnamed.clear();
        }
        if (rules != null) {
            rules.close();
        }
        all.forEach(Service::close);
        named.values().forEach(Service::close);
        closeSources();
    }

    private void closeSources() {
        synchronized (sources) {
            sources.values().forEach(TlsSource::close);
        }
    }
}
