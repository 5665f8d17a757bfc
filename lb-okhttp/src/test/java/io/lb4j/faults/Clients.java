package io.lb4j.faults;

import io.lb4j.ServiceInstance;
import io.lb4j.balancer.LoadBalancerListener;
import io.lb4j.health.OutlierDetection;
import io.lb4j.okhttp.LoadBalancedClient;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import okhttp3.ConnectionPool;
import okhttp3.Dispatcher;
import okhttp3.HttpUrl;
import okhttp3.Interceptor.Chain;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** The two clients that are compared: same time-outs, same list of instances. */
final class Clients implements AutoCloseable {
    static final Duration CONNECT_TIMEOUT = Duration.ofMillis(250);
    static final int LOCAL_FAILURES = 3;
    static final Duration CALL_TIMEOUT = Duration.ofSeconds(3);

    final AttemptLog attempts = new AttemptLog();
    final AttemptLog plainAttempts = new AttemptLog();
    /** When each instance was first ejected, by {@link System#nanoTime()}. */
    final Map<String, Long> ejectedAt = new ConcurrentHashMap<>();

    private final LoadBalancedClient balanced;
    private final boolean secure;
    private final Listing listing;
    private final IntFunction<String> addresses;
    private final OkHttpClient base;
    private final OkHttpClient rotation;
    private final AtomicInteger turn = new AtomicInteger();
    private volatile List<ServiceInstance> listed = List.of();

    Clients(Fault fault, @Nullable Certificates certificates) throws IOException, GeneralSecurityException {
        boolean http2 = fault.kind == Fleet.Kind.HAPROXY_HTTP2;
        secure = certificates != null;
        addresses = fault.relayed ? Relay::address : Fleet::address;
        listing = fault.registered ? Listing.registry() : Listing.manual();
        OkHttpClient.Builder builder = new OkHttpClient.Builder()
                .protocols(List.of(http2 ? Protocol.H2_PRIOR_KNOWLEDGE : Protocol.HTTP_1_1))
                .connectTimeout(CONNECT_TIMEOUT)
                .callTimeout(CALL_TIMEOUT)
                .eventListenerFactory(attempts);
        if (certificates != null) {
            certificates.trust(builder);
        }
        base = builder.build();
        balanced = LoadBalancedClient.builder(base)
                .discovery(listing.discovery())
                .defaults(settings -> settings.attemptTimeout(fault.attemptTimeout)
                        .outlierDetection(OutlierDetection.builder()
                                .consecutiveLocalFailures(LOCAL_FAILURES)
                                .build()))
                .listener(new LoadBalancerListener() {
                    @Override
                    public void onEjected(String service, ServiceInstance instance, String reason, Duration duration) {
                        ejectedAt.putIfAbsent(instance.id(), System.nanoTime());
                    }
                })
                .build();
        Dispatcher unlimited = new Dispatcher();
        unlimited.setMaxRequests(512);
        unlimited.setMaxRequestsPerHost(512);
        rotation = base.newBuilder()
                .readTimeout(fault.attemptTimeout)
                .eventListenerFactory(plainAttempts)
                .dispatcher(unlimited)
                .connectionPool(new ConnectionPool(50, 1, TimeUnit.MINUTES))
                .addInterceptor(chain -> inTurn(chain, listed, turn))
                .build();
    }

    /** What a client does that has a list and nothing else. */
    static Response inTurn(Chain chain, List<ServiceInstance> all, AtomicInteger turn) throws IOException {
        if (all.isEmpty()) {
            throw new IOException("no instances");
        }
        ServiceInstance next = all.get(Integer.remainderUnsigned(turn.getAndIncrement(), all.size()));
        HttpUrl url = chain.request()
                .url()
                .newBuilder()
                .host(next.host())
                .port(next.port())
                .build();
        return chain.proceed(chain.request().newBuilder().url(url).build());
    }

    /** What discovery says from now on, to both. */
    void list(List<ServiceInstance> instances) throws IOException {
        listed = List.copyOf(instances);
        listing.list(instances);
    }

    Caller balanced() {
        return new Caller("lb-", secure ? "https" : "http", balanced);
    }

    Caller plain() {
        return new Caller("plain-", secure ? "https" : "http", rotation);
    }

    List<ServiceInstance> fleet() {
        return fleet(secure, addresses);
    }

    static List<ServiceInstance> fleet(boolean secure, IntFunction<String> addresses) {
        List<ServiceInstance> all = new ArrayList<>();
        for (int i = 0; i < Fleet.SIZE; i++) {
            all.add(instance(Fleet.name(i), addresses.apply(i), secure));
        }
        return all;
    }

    ServiceInstance instance(String id, String address) {
        return instance(id, address, secure);
    }

    private static ServiceInstance instance(String id, String address, boolean secure) {
        return ServiceInstance.builder(address, Fleet.PORT)
                .id(id)
                .secure(secure)
                .build();
    }

    @Override
    public void close() {
        balanced.close();
        listing.close();
        for (OkHttpClient each : List.of(base, rotation)) {
            each.dispatcher().executorService().shutdownNow();
            each.connectionPool().evictAll();
        }
    }
}
