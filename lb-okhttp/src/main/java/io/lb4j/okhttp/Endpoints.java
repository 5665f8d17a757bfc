package io.lb4j.okhttp;

import io.lb4j.Candidate;
import io.lb4j.ServiceInstance;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;

/**
 * Where the instances of one service are called: an endpoint is made when its instance is first picked, or before that
 * if it is prewarmed, and ends when discovery drops the instance, says another place of it, or TLS has new material.
 * Thread-safe.
 */
final class Endpoints implements AutoCloseable {
    private final String host;
    private final Transport transport;
    private final TlsSource tls;
    private final Predicate<String> isService;
    private final @Nullable Prewarming prewarming;
    private final Map<Candidate, Endpoint> byCandidate = new ConcurrentHashMap<>();

    /** One object, so that it can be taken back. */
    private final Runnable renewed = this::renewed;

    /** The ids and places of the last snapshot, or null before it. Written on the balancer's thread. */
    private volatile @Nullable Map<String, ServiceInstance> listed;

    /** Set once, before a call goes to an instance that is spoken TLS to. */
    private volatile boolean knowTls;

    /** Set once. */
    private volatile boolean closed;

    /** @param prewarm how many connections to open to each newcomer */
    Endpoints(String host, int prewarm, Transport transport, TlsSource tls, Predicate<String> isService) {
        this.host = host;
        this.transport = transport;
        this.tls = tls;
        this.isService = isService;
        this.prewarming = prewarm == 0 ? null : new Prewarming(prewarm, this::cold, tls);
    }

    /** From now on old connections end when TLS has new material; to be followed by {@link #close()}. */
    void followRenewals() {
        tls.onRenewal(host, renewed);
    }

    void onCall(HttpUrl url) {
        if (prewarming != null) {
            prewarming.onCall(url);
        }
    }

    /** Whether discovery lists more than one instance, or nothing so far. */
    boolean mayBeSeveral() {
        Map<String, ServiceInstance> all = listed;
        return all == null || all.size() > 1;
    }

    /** Whether some instance was ever spoken TLS to. */
    boolean knowTls() {
        return knowTls;
    }

    TlsReport tlsReport() {
        return tls.report();
    }

    Endpoint of(Candidate candidate) {
        Endpoint known = byCandidate.get(candidate);
        return known != null ? known : add(candidate);
    }

    private Endpoint add(Candidate candidate) {
        Endpoint endpoint = byCandidate.computeIfAbsent(candidate, each -> make(each.instance()));
        Map<String, ServiceInstance> all = listed;
        // Picked just before the snapshot that dropped it: serve this call, keep nothing.
        if (closed || (all != null && !endpoint.isAt(all.get(endpoint.id()), tls))) {
            byCandidate.remove(candidate, endpoint);
            endpoint.retire();
        }
        return endpoint;
    }

    private Endpoint make(ServiceInstance instance) {
        Endpoint warm = prewarming == null ? null : prewarming.take(instance);
        return warm != null ? warm : cold(instance);
    }

    private Endpoint cold(ServiceInstance instance) {
        boolean secure = tls.isSecure(instance);
        if (secure) {
            knowTls = true;
        }
        return new Endpoint(host, instance, secure, tls.current(), transport, isService);
    }

    /** Discovery lists these now. On the balancer's thread. */
    void listed(List<ServiceInstance> instances) {
        Map<String, ServiceInstance> byId = new HashMap<>();
        instances.forEach(each -> byId.put(each.id(), each));
        if (!knowTls && instances.stream().anyMatch(tls::isSecure)) {
            knowTls = true;
        }
        Map<String, ServiceInstance> before = listed;
        listed = byId;
        if (prewarming != null) {
            prewarming.newcomers(host, before, byId);
        }
        retireUnless(byId);
    }

    /** What secures connections is new: the next call to each instance opens one, and the old ones end with their calls. */
    private void renewed() {
        Map<String, ServiceInstance> all = listed;
        if (all != null) {
            if (prewarming != null) {
                prewarming.newcomers(host, null, all);
            }
            retireUnless(all);
        }
    }

    private void retireUnless(Map<String, ServiceInstance> all) {
        byCandidate.values().removeIf(endpoint -> {
            boolean gone = !endpoint.isAt(all.get(endpoint.id()), tls);
            if (gone) {
                endpoint.retire();
            }
            return gone;
        });
    }

    @Override
    public void close() {
        closed = true;
        tls.forget(renewed);
        if (prewarming != null) {
            prewarming.newcomers(host, listed, Map.of());
        }
        retireUnless(Map.of());
    }

    @Override
    public String toString() {
        return "Endpoints[" + host + "]";
    }
}
