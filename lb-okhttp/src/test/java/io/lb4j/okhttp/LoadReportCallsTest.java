package io.lb4j.okhttp;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpContext;
import com.sun.net.httpserver.HttpServer;
import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.ServiceInstance;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Tracker;
import io.lb4j.server.LoadReporter;
import io.lb4j.server.LoadReportingFilter;
import java.io.File;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import mockwebserver3.MockResponse;
import okhttp3.Cache;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What instances say of their load, on its way from their answers to the strategy. */
class LoadReportCallsTest extends Fixture {
    private static final String HEADER = "endpoint-load-metrics";

    private final List<String> seen = new CopyOnWriteArrayList<>();
    private final StateKey<Recorder> key = StateKey.create("recorder");

    /** The first instance, all of whose reports are kept. */
    private final Strategy recording = eligible -> {
        for (int i = 0; i < eligible.size(); i++) {
            String id = eligible.get(i).instance().id();
            eligible.get(i).tracker(key, () -> new Recorder(id));
        }
        return request -> eligible.get(0);
    };

    private final class Recorder implements Tracker {
        private final String id;

        Recorder(String id) {
            this.id = id;
        }

        @Override
        public void onLoadReport(LoadReport report, long nowNanos) {
            seen.add(id + " " + report.toText());
        }

        @Override
        public void onEnd(Outcome outcome, long startNanos, long nowNanos) {
            seen.add(id + " " + outcome.kind());
        }
    }

    private LoadBalancedClient client(Wire wire) {
        return closing(lb(base(wire).build()).strategy(recording).build());
    }

    private static MockResponse saying(Backend backend, int status, String report) {
        return backend.response(status).setHeader(HEADER, report).build();
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void report_inAnAnswer_reachesTheStrategyBeforeTheEnd(Wire wire) throws Exception {
        Backend a = backend("a", wire);
        a.answers(saying(a, 200, "TEXT named_metrics.in_flight=3"));
        orders(a);
        LoadBalancedClient client = client(wire);

        try (Response response = client.newCall(get(wire)).execute()) {
            assertThat(seen).containsExactly("a named_metrics.in_flight=3");
            assertThat(response.header(HEADER)).isEqualTo("TEXT named_metrics.in_flight=3");
        }
        assertIdle(client);
        assertThat(seen).containsExactly("a named_metrics.in_flight=3", "a SUCCESS");
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void report_inAFailedAnswer_countsAsWell(Wire wire) throws Exception {
        Backend a = backend("a", wire);
        Backend b = backend("b", wire);
        a.answers(saying(a, 503, "JSON {\"cpuUtilization\":0.99}"));
        b.answers(saying(b, 200, "TEXT cpu_utilization=0.5"));
        orders(a, b);

        assertThat(body(client(wire), get(wire))).isEqualTo("b");
        assertThat(seen).contains("a cpu_utilization=0.99", "b cpu_utilization=0.5");
        assertThat(seen.indexOf("a cpu_utilization=0.99")).isLessThan(seen.indexOf("b cpu_utilization=0.5"));
    }

    @Test
    void report_ofAPostThatFails_counts() throws Exception {
        Backend a = backend("a", Wire.H1);
        a.answers(saying(a, 500, "TEXT eps=7"));
        orders(a);
        Request post =
                get(Wire.H1).newBuilder().post(RequestBody.create("x", null)).build();

        try (Response response = client(Wire.H1).newCall(post).execute()) {
            assertThat(response.code()).isEqualTo(500);
        }
        assertThat(seen).contains("a eps=7");
    }

    @Test
    void report_thatCantBeRead_breaksNothing() throws Exception {
        Backend a = backend("a", Wire.H1);
        orders(a);
        LoadBalancedClient client = client(Wire.H1);

        for (String junk :
                new String[] {"TEXT many", "JSON {", "BIN AAAA", "TEXT eps=1" + ",x=1".repeat(3000), "junk"}) {
            a.answers(saying(a, 200, junk));
            assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        }
        assertIdle(client);
        assertThat(seen).containsOnly("a SUCCESS").hasSize(5);
    }

    @Test
    void report_thatAnotherHostSends_isNotTheInstances() throws Exception {
        Backend stranger = backend("stranger", Wire.H1);
        stranger.answers(saying(stranger, 200, "TEXT eps=9"));
        Backend a = backend("a", Wire.H1);
        a.answers(a.response(302)
                .setHeader("Location", "http://127.0.0.1:" + stranger.port() + "/")
                .build());
        orders(a);

        assertThat(body(client(Wire.H1), get(Wire.H1))).isEqualTo("stranger");
        assertThat(seen).noneMatch(each -> each.contains("eps"));
    }

    @Test
    void report_thatTheCacheKept_isNotReadAgain(@TempDir File directory) throws Exception {
        Backend a = backend("a", Wire.H1);
        a.answers(a.response(200)
                .setHeader(HEADER, "TEXT eps=1")
                .setHeader("ETag", "v1")
                .setHeader("Cache-Control", "max-age=0")
                .build());
        orders(a);
        LoadBalancedClient client = closing(
                lb(base(Wire.H1).cache(closing(new Cache(directory, 1 << 20))).build())
                        .strategy(recording)
                        .build());

        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        // Valid still, says a server that reports nothing now.
        a.answers(new MockResponse.Builder().code(304).build());
        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        a.answers(new MockResponse.Builder()
                .code(304)
                .setHeader(HEADER, "TEXT eps=2")
                .build());
        assertThat(body(client, get(Wire.H1))).isEqualTo("a");

        assertThat(seen.stream().filter(each -> each.contains("eps"))).containsExactly("a eps=1", "a eps=2");
    }

    @Test
    void reporter_behindARealServer_isHeardOfTheOthers() throws Exception {
        LoadReporter reporter =
                LoadReporter.builder().format(LoadReporter.Format.JSON).build();
        CountDownLatch arrived = new CountDownLatch(3);
        CountDownLatch go = new CountDownLatch(1);
        ExecutorService threads = Executors.newCachedThreadPool();
        closing(threads::shutdownNow);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        closing(() -> server.stop(0));
        closing(go::countDown);
        server.setExecutor(threads);
        HttpContext context = server.createContext("/", exchange -> {
            if (exchange.getRequestURI().getPath().equals("/slow")) {
                arrived.countDown();
                awaitQuietly(go);
            }
            byte[] bytes = "hello".getBytes(UTF_8);
            exchange.sendResponseHeaders(200, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
        context.getFilters().add(new LoadReportingFilter(reporter));
        server.start();
        discovery.set(
                "orders",
                ServiceInstance.builder("127.0.0.1", server.getAddress().getPort())
                        .id("real")
                        .build());
        LoadBalancedClient client = client(Wire.H1);
        for (int i = 0; i < 3; i++) {
            client.newCall(new Request.Builder().url("http://orders/slow").build())
                    .enqueue(new Closing());
        }
        arrived.await();

        assertThat(body(client, get(Wire.H1))).isEqualTo("hello");
        assertThat(seen.get(0)).startsWith("real ").contains("named_metrics.in_flight=3");
        go.countDown();
        assertIdle(client);
        assertThat(body(client, get(Wire.H1))).isEqualTo("hello");
        assertThat(seen).anyMatch(each -> each.contains("named_metrics.latency_ms=") && each.contains("in_flight=0"));
    }

    private static final class Closing implements Callback {
        @Override
        public void onFailure(Call call, java.io.IOException e) {}

        @Override
        public void onResponse(Call call, Response response) {
            response.close();
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
