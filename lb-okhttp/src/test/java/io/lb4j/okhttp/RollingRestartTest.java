package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.ServiceInstance;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every one of ten servers restarts, one after the other, under load: nothing idempotent is lost, and nothing done twice. */
class RollingRestartTest extends Fixture {
    private static final int SERVERS = 10;
    private static final int CALLERS = 4;

    private final Map<String, AtomicInteger> processed = new ConcurrentHashMap<>();
    private final List<RestartingServer> servers = new ArrayList<>();
    private final AtomicInteger ids = new AtomicInteger();
    private final AtomicInteger gets = new AtomicInteger();
    private final AtomicInteger posts = new AtomicInteger();
    private final List<Throwable> failedGets = new ArrayList<>();
    private final List<Throwable> failedPosts = new ArrayList<>();
    private volatile boolean over;

    private void call(LoadBalancedClient client) {
        while (!over) {
            int id = ids.incrementAndGet();
            boolean post = id % 2 == 0;
            Request.Builder request =
                    new Request.Builder().url("http://orders/").header("X-Id", String.valueOf(id));
            if (post) {
                request.post(RequestBody.create(new byte[3]));
            }
            (post ? posts : gets).incrementAndGet();
            try (Response response = client.newCall(request.build()).execute()) {
                assertThat(response.code()).isEqualTo(200);
                assertThat(response.body().string()).isEqualTo("ok");
            } catch (IOException | AssertionError e) {
                List<Throwable> failed = post ? failedPosts : failedGets;
                synchronized (failed) {
                    failed.add(e);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void restartOfEveryServer_losesNothingIdempotentAndDoesNothingTwice(boolean graceful) throws Exception {
        List<ServiceInstance> all = new ArrayList<>();
        for (int i = 0; i < SERVERS; i++) {
            RestartingServer server = closing(new RestartingServer(processed));
            servers.add(server);
            all.add(server.instance("s" + i));
        }
        discovery.set("orders", all);
        // With every default, as an application would have it.
        OkHttpClient base = base(Wire.H1).build();
        LoadBalancedClient client =
                closing(LoadBalancedClient.builder(base).discovery(discovery).build());
        List<Thread> callers = new ArrayList<>();
        for (int i = 0; i < CALLERS; i++) {
            Thread caller = new Thread(() -> call(client));
            caller.start();
            callers.add(caller);
        }
        Thread.sleep(300);
        for (RestartingServer each : servers) {
            if (graceful) {
                each.stopGracefully();
            } else {
                each.kill();
            }
            Thread.sleep(100);
            each.start();
            Thread.sleep(150);
        }
        over = true;
        for (Thread each : callers) {
            each.join();
        }

        assertThat(gets.get()).isGreaterThan(100);
        assertThat(failedGets).as("failed of " + gets + " GETs").isEmpty();
        List<String> twice = new ArrayList<>();
        for (int id = 2; id <= ids.get(); id += 2) {
            AtomicInteger count = processed.get(String.valueOf(id));
            if (count != null && count.get() > 1) {
                twice.add(id + ": " + count);
            }
        }
        assertThat(twice).as("POSTs processed more than once").isEmpty();
        if (graceful) {
            // What remains is what was on its way as its connection was closed: no more than one for each server.
            assertThat(failedPosts).as("failed of " + posts + " POSTs").hasSizeLessThanOrEqualTo(SERVERS);
        }
    }
}
