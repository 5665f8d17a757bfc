package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceInstance;
import io.lb4j.balancer.InstanceReport;
import io.lb4j.health.HealthCheck;
import io.lb4j.health.Probe;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import mockwebserver3.RecordedRequest;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HttpProbeTest extends Fixture {

    private static Probe.Result probe(Probe probe, ServiceInstance instance) throws Exception {
        return probe.probe(instance, Duration.ofSeconds(2))
                .toCompletableFuture()
                .get(5, TimeUnit.SECONDS);
    }

    @Test
    void probe_byItself_asksTheInstanceUnderItsOwnName() throws Exception {
        Backend a = backend("a", Wire.H1);

        assertThat(probe(HttpProbe.get("/health?deep=1"), a.instance())).isEqualTo(new Probe.Result(true, "HTTP 200"));

        RecordedRequest request = a.takeRequest();
        assertThat(request.getTarget()).isEqualTo("/health?deep=1");
        assertThat(request.getHeaders().get("Host")).isEqualTo("127.0.0.1:" + a.port());
    }

    @Test
    void probe_behindAProxy_asksTheInstanceAllTheSame() throws Exception {
        Backend a = backend("a", Wire.H1);
        OkHttpClient proxied = base(Wire.H1)
                .proxy(new Proxy(
                        Proxy.Type.HTTP,
                        new InetSocketAddress(
                                InetAddress.getLoopbackAddress(),
                                RetryTest.refusing("proxy").port())))
                .build();

        assertThat(probe(HttpProbe.get("/").boundTo("orders", proxied), a.instance()))
                .isEqualTo(new Probe.Result(true, "HTTP 200"));
    }

    @Test
    void probe_statuses_areHealthyIfExpected() throws Exception {
        Backend a = backend("a", Wire.H1).answersStatus(429);
        Probe picky = HttpProbe.get("/").expecting(Set.of(204, 429));
        assertThat(probe(HttpProbe.get("/"), a.instance())).isEqualTo(new Probe.Result(false, "HTTP 429"));
        assertThat(probe(picky, a.instance()).healthy()).isTrue();
        a.answersStatus(200);
        assertThat(probe(picky, a.instance()).healthy()).isFalse();
        assertThat(picky).hasToString("GET / expecting [204, 429]");

        a.answers(a.response(302).setHeader("Location", "/ok").build());
        assertThat(probe(HttpProbe.get("/"), a.instance()).detail()).isEqualTo("HTTP 302");
    }

    @Test
    void probe_trouble_isUnhealthyWithTheReason() throws Exception {
        assertThat(probe(HttpProbe.get("/"), RetryTest.refusing("a")).healthy()).isFalse();

        Backend silent = backend("b", Wire.H1);
        silent.answers(silent.response(200).headersDelay(20, TimeUnit.SECONDS).build());
        Probe.Result late = HttpProbe.get("/")
                .probe(silent.instance(), Duration.ofMillis(200))
                .toCompletableFuture()
                .get(5, TimeUnit.SECONDS);
        assertThat(late).isEqualTo(new Probe.Result(false, "timeout"));
    }

    @Test
    void probe_endlessBody_isCutOff() throws Exception {
        Backend a = backend("a", Wire.H1);
        a.answers(a.response(200).body("x".repeat(10_000_000)).build());

        assertThat(probe(HttpProbe.get("/"), a.instance()).healthy()).isTrue();
    }

    @Test
    void probe_badInput_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HttpProbe.get("health"))
                .withMessage("path: 'health' (expected: one that begins with /)");
        assertThatIllegalArgumentException().isThrownBy(() -> HttpProbe.get("/").expecting(Set.of()));
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void check_inASettings_asksInTheServicesName(Wire wire) throws Exception {
        Backend a = backend("a", wire);
        a.answers(request -> request.getTarget().equals("/health") ? a.named(503) : a.named(200));
        Backend b = backend("b", wire);
        orders(a, b);
        HealthCheck check = HealthCheck.builder(HttpProbe.get("/health"))
                .interval(Duration.ofMillis(50))
                .unhealthyInterval(Duration.ofMillis(50))
                .build();
        LoadBalancedClient client = closing(lb(base(wire)
                        .addInterceptor(chain -> chain.proceed(chain.request()
                                .newBuilder()
                                .header("Not-For-Probes", "1")
                                .build()))
                        .build())
                .service("orders", settings -> settings.healthCheck(check))
                .build());

        await().atMost(Duration.ofSeconds(10))
                .until(() -> report(client, "a").state() == InstanceReport.State.UNHEALTHY);
        assertThat(report(client, "a").reason()).contains("HTTP 503");
        assertThat(report(client, "b").state()).isEqualTo(InstanceReport.State.ELIGIBLE);
        assertThat(body(client, get(wire))).isEqualTo("b");
        RecordedRequest request = a.takeRequest();
        assertThat(request.getUrl().host()).isEqualTo("orders");
        assertThat(request.getHeaders().get("Not-For-Probes")).isNull();
        if (wire.tls) {
            assertThat(request.getHandshakeServerNames()).containsExactly("orders");
        }
    }
}
