package io.lb4j.faults;

import io.lb4j.ServiceInstance;
import io.lb4j.balancer.InstanceReport;
import io.lb4j.balancer.LoadBalancerListener;
import io.lb4j.health.OutlierDetection;
import io.lb4j.okhttp.LoadBalancedClient;
import io.lb4j.testing.ManualDiscovery;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
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
    static final Duration ATTEMPT_TIMEOUT = Duration.ofMillis(500);
    static final int LOCAL_FAILURES = 3;
    static final Duration CALL_TIMEOUT = Duration.ofSeconds(3);

    final ManualDiscovery discovery = new ManualDiscovery();
    /** When each instance was first ejected, by {@link System#nanoTime()}. */
    final Map<String, Long> ejectedAt = new ConcurrentHashMap<>();

    private final LoadBalancedClient balanced;
    private final boolean secure;
    private final OkHttpClient base;
    private final OkHttpClient rotation;
    private final AtomicInteger turn = new AtomicInteger();
    private volatile List<ServiceInstance> listed = List.of();

    Clients(boolean http2, @Nullable Certificates certificates) throws IOException, GeneralSecurityException {
        secure = certificates != null;
        OkHttpClient.Builder builder = new OkHttpClient.Builder()
                .protocols(List.of(http2 ? Protocol.H2_PRIOR_KNOWLEDGE : Protocol.HTTP_1_1))
                .connectTimeout(CONNECT_TIMEOUT)
                .callTimeout(CALL_TIMEOUT);
        if (certificates != null) {
            certificates.trust(builder);
        }
        base = builder.build();
        balanced = LoadBalancedClient.builder(base)
                .discovery(discovery)
                .defaults(settings -> settings.attemptTimeout(ATTEMPT_TIMEOUT)
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
                .readTimeout(ATTEMPT_TIMEOUT)
                .dispatcher(unlimited)
                .connectionPool(new ConnectionPool(50, 1, TimeUnit.MINUTES))
                .addInterceptor(chain -> inTurn(chain, listed, turn))
                .build();
    }

    /** What a client does that has a list and nothing else. */
    static Response inTurn(Chain chain, List<ServiceInstance> all, AtomicInteger turn) throws IOException {
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
    void list(List<ServiceInstance> instances) {
        discovery.set("orders", instances);
        if (!instances.isEmpty()) {
            listed = List.copyOf(instances);
        }
    }

    Caller balanced() {
        return new Caller("lb-", secure ? "https" : "http", balanced);
    }

    Caller plain() {
        return new Caller("plain-", secure ? "https" : "http", rotation);
    }

    /** Attempts of the balanced client so far. */
    long attempts() {
        long sum = 0;
        for (InstanceReport each : balanced.balancer("orders").instances()) {
            sum += each.calls();
        }
        return sum;
    }

    List<ServiceInstance> fleet() {
        return fleet(secure);
    }

    static List<ServiceInstance> fleet(boolean secure) {
        List<ServiceInstance> all = new ArrayList<>();
        for (int i = 0; i < Fleet.SIZE; i++) {
            all.add(instance(Fleet.name(i), Fleet.address(i), secure));
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
        for (OkHttpClient each : List.of(base, rotation)) {
            each.dispatcher().executorService().shutdownNow();
            each.connectionPool().evictAll();
        }
    }
}
