package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceInstance;
import io.lb4j.balancer.LoadBalancerListener;
import io.lb4j.health.OutlierDetection;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Servers that are many times slower than the others, and one that never answers, over real sockets. */
class SlowInstanceTest extends Fixture {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private final Map<String, String> reasons = new ConcurrentHashMap<>();

    private final LoadBalancerListener listener = new LoadBalancerListener() {
        @Override
        public void onEjected(String service, ServiceInstance instance, String reason, Duration time) {
            reasons.putIfAbsent(instance.id(), reason);
        }
    };

    @Test
    void slowOneAndBlackHole_areOutBeforeTheFirstTimeout() throws IOException {
        Backend slow = backend("slow", Wire.H1);
        slow.answers(slow.response(200).headersDelay(700, TimeUnit.MILLISECONDS).build());
        RawServer blackHole = closing(new RawServer("black-hole", server -> (connection, socket) -> {
            while (true) {
                server.readRequest(socket);
            }
        }));
        discovery.set(
                "orders",
                backend("a", Wire.H1).instance(),
                backend("b", Wire.H1).instance(),
                backend("c", Wire.H1).instance(),
                slow.instance(),
                blackHole.instance());
        LoadBalancedClient client =
                closing(lb(base(Wire.H1).readTimeout(TIMEOUT).build())
                        .strategy(BY_TURNS)
                        .listener(listener)
                        .defaults(settings -> settings.outlierDetection(
                                OutlierDetection.builder().latencyFactor(10).build()))
                        .build());
        ExecutorService callers = Executors.newCachedThreadPool(task -> {
            Thread thread = new Thread(task, "caller");
            thread.setDaemon(true);
            return thread;
        });
        closing(callers::shutdownNow);
        await().atMost(TIMEOUT.minusSeconds(20))
                .pollInterval(Duration.ofMillis(10))
                .until(() -> {
                    callers.execute(() -> {
                        try {
                            body(client, get(Wire.H1));
                        } catch (IOException e) {
                            // Those that hang when the test is over.
                        }
                    });
                    return reasons.keySet().containsAll(Set.of("slow", "black-hole"));
                });
        assertThat(reasons).containsOnlyKeys("slow", "black-hole");
        assertThat(reasons.get("slow")).contains("% of its calls took longer than");
        assertThat(report(client, "slow").failures()).isZero();
        assertThat(report(client, "black-hole").failures()).isZero();
    }
}
