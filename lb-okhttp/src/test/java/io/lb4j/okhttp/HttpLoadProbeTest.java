package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.LoadProbe;
import io.lb4j.LoadReport;
import io.lb4j.ServiceInstance;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HttpLoadProbeTest extends Fixture {
    private static final Duration LONG = Duration.ofSeconds(5);
    private static final String HEADER = "endpoint-load-metrics";

    private static LoadReport ask(LoadProbe probe, Backend backend) throws Exception {
        return ask(probe, backend.instance(), LONG);
    }

    private static LoadReport ask(LoadProbe probe, ServiceInstance instance, Duration timeout) throws Exception {
        try {
            return probe.probe(instance, timeout).toCompletableFuture().get(10, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw (Exception) e.getCause();
        }
    }

    @Test
    void probe_answeredWithAHeader_isItsReport() throws Exception {
        Backend a = backend("a", Wire.H1);
        HttpLoadProbe probe = HttpLoadProbe.get("/load?x=1");

        for (MockResponse answer : List.of(
                new MockResponse.Builder()
                        .code(204)
                        .setHeader(HEADER, "TEXT named_metrics.in_flight=3")
                        .build(),
                new MockResponse.Builder()
                        .code(503)
                        .setHeader(HEADER, "JSON {\"namedMetrics\":{\"in_flight\":3}}")
                        .body("busy")
                        .build(),
                new MockResponse.Builder()
                        .setHeader("Content-Type", "application/json; charset=utf-8")
                        .body("{\"named_metrics\":{\"in_flight\":3}}")
                        .build())) {
            a.answers(answer);
            assertThat(ask(probe, a).inFlight()).isEqualTo(3);
        }
        assertThat(a.requests()).hasSize(3).allSatisfy(each -> {
            assertThat(each.getMethod()).isEqualTo("GET");
            assertThat(each.getTarget()).isEqualTo("/load?x=1");
            assertThat(each.getConnectionIndex()).as("one connection").isZero();
        });
        assertThat(probe.targetCount()).isEqualTo(1);
        assertThat(probe).hasToString("GET /load?x=1 for load");
    }

    @Test
    void probe_answeredWithoutAReport_fails() {
        Backend a = backend("a", Wire.H1);
        HttpLoadProbe probe = HttpLoadProbe.get("/load");

        assertThatThrownBy(() -> ask(probe, a))
                .isInstanceOf(IOException.class)
                .hasMessage("HTTP 200 without a load report");
        a.answers(new MockResponse.Builder().code(404).body("{}").build());
        assertThatThrownBy(() -> ask(probe, a)).hasMessage("HTTP 404 without a load report");
        a.answers(new MockResponse.Builder().setHeader(HEADER, "junk").build());
        assertThatThrownBy(() -> ask(probe, a)).hasMessageContaining("'junk' (expected: one that begins with");
        a.answers(new MockResponse.Builder()
                .setHeader("Content-Type", "application/json")
                .body("{\"eps\":1," + " ".repeat(9000) + "}")
                .build());
        assertThatThrownBy(() -> ask(probe, a)).hasMessageContaining("a longer body (expected: at most 8192 bytes)");
        a.answers(new MockResponse.Builder()
                .code(302)
                .setHeader("Location", "/elsewhere")
                .build());
        assertThatThrownBy(() -> ask(probe, a)).hasMessage("HTTP 302 without a load report");
        assertThatIllegalArgumentException().isThrownBy(() -> HttpLoadProbe.get("load"));
    }

    @Test
    void probe_nobodyAnswers_failsInTime() throws Exception {
        HttpLoadProbe probe = HttpLoadProbe.get("/load");
        Backend gone = backend("gone", Wire.H1);
        ServiceInstance instance = gone.instance();
        gone.close();
        assertThatThrownBy(() -> ask(probe, instance, LONG)).isInstanceOf(IOException.class);

        Backend slow = backend("slow", Wire.H1);
        slow.answers(slow.response(200).headersDelay(3, TimeUnit.SECONDS).build());
        assertThatThrownBy(() -> ask(probe, slow.instance(), Duration.ofMillis(50)))
                .isInstanceOf(InterruptedIOException.class);
    }

    @Test
    void probe_serverClosedTheKeptConnection_asksOverANewOne() throws Exception {
        Backend a = backend("a", Wire.H1);
        MockResponse report = new MockResponse.Builder()
                .code(204)
                .setHeader(HEADER, "TEXT eps=1")
                .build();
        a.answers(report.newBuilder()
                .onResponseEnd(new mockwebserver3.SocketEffect.CloseSocket())
                .build());
        HttpLoadProbe probe = HttpLoadProbe.get("/load");

        for (int i = 0; i < 20; i++) {
            assertThat(ask(probe, a).eps()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void probe_ofAServicesStrategy_asksInItsName(Wire wire) throws Exception {
        Backend a = backend("a", wire);
        a.answers(a.response(200).setHeader(HEADER, "TEXT eps=4").build());
        orders(a);
        AtomicReference<LoadProbe> given = new AtomicReference<>();
        OkHttpClient base = base(wire)
                .addInterceptor(chain -> chain.proceed(chain.request()
                        .newBuilder()
                        .header("Not-For-Probes", "1")
                        .build()))
                .build();
        LoadBalancedClient client = closing(lb(base).service(
                        "orders",
                        settings -> settings.strategy(HttpLoadProbe.get("/load"), probe -> {
                            given.set(probe);
                            return FIRST;
                        }))
                .build());

        assertThat(ask(given.get(), a).eps()).isEqualTo(4);
        RecordedRequest request = a.takeRequest();
        assertThat(request.getUrl().host()).isEqualTo("orders");
        assertThat(request.getTarget()).isEqualTo("/load");
        assertThat(request.getHeaders().get("Not-For-Probes")).isNull();
        if (wire.tls) {
            assertThat(request.getHandshakeServerNames()).containsExactly("orders");
        }
        assertThat(body(client, get(wire))).isEqualTo("a");
        assertThat(report(client, "a").calls()).as("a probe is no call").isEqualTo(1);
    }

    @Test
    void probes_moreThanCanBe_failAtOnce() throws Exception {
        Backend slow = backend("slow", Wire.H1);
        CountDownLatch go = new CountDownLatch(1);
        closing(go::countDown);
        slow.answers(request -> {
            try {
                go.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return slow.response(200).setHeader(HEADER, "TEXT eps=1").build();
        });
        HttpLoadProbe probe = HttpLoadProbe.get("/load");
        List<CompletableFuture<LoadReport>> all = new ArrayList<>();
        for (int i = 0; i < 600; i++) {
            all.add(probe.probe(slow.instance(), Duration.ofSeconds(50)).toCompletableFuture());
        }

        List<CompletableFuture<LoadReport>> refused = all.subList(512, 600);
        assertThat(refused).allMatch(CompletableFuture::isCompletedExceptionally);
        assertThatThrownBy(() -> refused.get(0).get())
                .hasMessageContaining("load probes: 512 are under way (expected: fewer)");
        go.countDown();
        for (CompletableFuture<LoadReport> each : all.subList(0, 512)) {
            assertThat(each.get(30, TimeUnit.SECONDS).eps()).isEqualTo(1);
        }
    }
}
