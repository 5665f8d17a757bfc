package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceInstance;
import io.lb4j.Strategy;
import io.lb4j.balancer.InstanceReport;
import io.lb4j.health.OutlierDetection;
import io.lb4j.retry.RetryPolicy;
import io.lb4j.testing.ManualDiscovery;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicInteger;
import mockwebserver3.MockResponse;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;

/** Servers, a discovery and a client over them, taken down after each test. */
abstract class Fixture {
    /** The first in discovery's order, so that a test knows who is asked first. */
    static final Strategy FIRST = eligible -> request -> eligible.get(0);

    /** By turns, from the first. */
    static final Strategy BY_TURNS = eligible -> {
        AtomicInteger next = new AtomicInteger();
        return request -> eligible.get(Integer.remainderUnsigned(next.getAndIncrement(), eligible.size()));
    };

    private static final RetryPolicy QUICK =
            RetryPolicy.builder().delays(Duration.ZERO, Duration.ZERO).build();

    final ManualDiscovery discovery = new ManualDiscovery();
    private final Deque<AutoCloseable> closeables = new ArrayDeque<>();

    @AfterEach
    void closeAll() throws Exception {
        while (!closeables.isEmpty()) {
            closeables.pop().close();
        }
    }

    <T extends AutoCloseable> T closing(T value) {
        closeables.push(value);
        return value;
    }

    Backend backend(String name, Wire wire) {
        return closing(new Backend(name, wire));
    }

    /** Says that {@code orders} has these instances. */
    void orders(Backend... backends) {
        ServiceInstance[] all = new ServiceInstance[backends.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = backends[i].instance();
        }
        discovery.set("orders", all);
    }

    OkHttpClient.Builder base(Wire wire) {
        OkHttpClient.Builder builder = wire.client();
        OkHttpClient client = builder.build();
        closing(() -> {
            client.dispatcher().executorService().shutdownNow();
            client.connectionPool().evictAll();
        });
        return client.newBuilder();
    }

    /** Always the first instance, retries at once, nobody ejected. */
    LoadBalancedClient.Builder lb(OkHttpClient base) {
        return LoadBalancedClient.builder(base)
                .discovery(discovery)
                .strategy(FIRST)
                .defaults(settings -> settings.retry(QUICK)
                        .retryBudget(10, 1000)
                        .outlierDetection(OutlierDetection.OFF)
                        .firstSnapshotTimeout(Duration.ofSeconds(2)));
    }

    LoadBalancedClient lb(Wire wire) {
        return closing(lb(base(wire).build()).build());
    }

    static Request get(Wire wire) {
        return new Request.Builder().url(wire.url("orders/path")).build();
    }

    /** Makes the call and returns the body. */
    static String body(LoadBalancedClient client, Request request) throws IOException {
        try (Response response = client.newCall(request).execute()) {
            return response.body().string();
        }
    }

    static InstanceReport report(LoadBalancedClient client, String id) {
        return client.balancer("orders").instances().stream()
                .filter(each -> each.instance().id().equals(id))
                .findFirst()
                .orElseThrow();
    }

    /** Waits until nothing is in flight, then checks what was counted for an instance. */
    static void assertCounted(LoadBalancedClient client, String id, long calls, long failures) {
        assertIdle(client);
        InstanceReport report = report(client, id);
        assertThat(report.calls()).as("calls of %s", id).isEqualTo(calls);
        assertThat(report.failures()).as("failures of %s", id).isEqualTo(failures);
    }

    static void assertIdle(LoadBalancedClient client) {
        await().atMost(Duration.ofSeconds(5))
                .pollInterval(Duration.ofMillis(5))
                .untilAsserted(() -> assertThat(client.balancer("orders").instances())
                        .allSatisfy(each -> assertThat(each.inFlight()).isZero()));
    }

    /** An answer that sends elsewhere. */
    static MockResponse redirect(int status, String location) {
        return new MockResponse.Builder()
                .code(status)
                .setHeader("Location", location)
                .build();
    }
}
