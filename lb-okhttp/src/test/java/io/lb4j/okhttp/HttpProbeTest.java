package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import io.lb4j.Scheduler;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.InstanceReport;
import io.lb4j.health.HealthCheck;
import io.lb4j.health.Probe;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ServerSocket;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import mockwebserver3.RecordedRequest;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HttpProbeTest extends Fixture {

    private static Probe.Result probe(Probe probe, ServiceInstance instance) throws Exception {
        return probe.probe(instance, Duration.ofSeconds(15))
                .toCompletableFuture()
                .get(20, TimeUnit.SECONDS);
    }

    @Test
    void probe_byItself_asksTheInstanceUnderItsOwnName() throws Exception {
        Backend a = backend("a", Wire.H1);

        assertThat(probe(HttpProbe.get("/health?deep=1"), a.instance()))
                .isEqualTo(new Probe.Result(
                        true, "status 200 of GET http://" + a.instance().authority() + "/health?deep=1"));

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

        assertThat(probe(HttpProbe.get("/").boundTo("orders", tls(proxied)), a.instance())
                        .healthy())
                .isTrue();
    }

    @Test
    void probe_statuses_areHealthyIfExpected() throws Exception {
        Backend a = backend("a", Wire.H1).answersStatus(429);
        String asked = "GET http://" + a.instance().authority() + "/";
        Probe picky = HttpProbe.builder("/")
                .expectedStatus(429)
                .expectedStatuses(201, 204)
                .expectedStatus(205)
                .build();
        assertThat(probe(HttpProbe.get("/"), a.instance()))
                .isEqualTo(new Probe.Result(false, "status 429 of " + asked + " (expected: 200-299)"));
        assertThat(probe(picky, a.instance()).healthy()).isTrue();
        a.answersStatus(200);
        assertThat(probe(picky, a.instance()).detail())
                .isEqualTo("status 200 of " + asked + " (expected: 201-205, 429)");
        assertThat(picky).hasToString("GET / (expected: 201-205, 429)");

        a.answers(a.response(302).setHeader("Location", "/ok").build());
        assertThat(probe(HttpProbe.get("/"), a.instance()).detail()).startsWith("status 302 of ");
    }

    @Test
    void probe_head_readsNoBody() throws Exception {
        Backend a = backend("a", Wire.H1);
        assertThat(probe(HttpProbe.builder("/health").head().build(), a.instance()))
                .isEqualTo(new Probe.Result(
                        true, "status 200 of HEAD http://" + a.instance().authority() + "/health"));
        assertThat(a.takeRequest().getMethod()).isEqualTo("HEAD");
    }

    @Test
    void probe_headers_areSent_andHostIsTheAuthority() throws Exception {
        Backend a = backend("a", Wire.H1);
        Probe probe = HttpProbe.builder("/")
                .header("X-Probe", "1")
                .header("X-Probe", "2")
                .header("Host", "health.internal:81")
                .build();
        assertThat(probe(probe, a.instance()).healthy()).isTrue();
        RecordedRequest request = a.takeRequest();
        assertThat(request.getHeaders().values("X-Probe")).containsExactly("1", "2");
        assertThat(request.getHeaders().values("Host")).containsExactly("health.internal:81");
    }

    @Test
    void probe_body_mustContainWhatIsExpected_withinItsFirstBytes() throws Exception {
        Backend a = backend("a", Wire.H1);
        Probe up = HttpProbe.builder("/").expectedBody("\"status\":\"UP\"").build();
        a.answers(a.response(200).body("{\"status\":\"UP\"}").build());
        assertThat(probe(up, a.instance()).healthy()).isTrue();
        a.answers(a.response(200)
                .body("{\"status\":\n\"DOWN\"}" + "x".repeat(500))
                .build());
        assertThat(probe(up, a.instance()).detail())
                .startsWith("body of GET http://" + a.instance().authority() + "/: '{\"status\": \"DOWN\"}xxx")
                .endsWith("x...' (expected: to match \"status\":\"UP\" within 1024 bytes)")
                .hasSizeLessThan(250);

        Probe deep = HttpProbe.builder("/")
                .expectedBody(Pattern.compile("u+p$"))
                .maxBody(2000)
                .build();
        a.answers(a.response(200).body(".".repeat(1998) + "up").build());
        assertThat(probe(deep, a.instance()).healthy()).isTrue();
        a.answers(a.response(200).body(".".repeat(1999) + "up").build());
        assertThat(probe(deep, a.instance()).healthy()).isFalse();
        a.answers(a.response(503).body("up").build());
        assertThat(probe(deep, a.instance()).detail()).startsWith("status 503");
    }

    @Test
    void probe_bodyInAnotherCharset_isReadInIt() throws Exception {
        RawServer latin = closing(new RawServer("latin", server -> (connection, socket) -> {
            server.readRequest(socket);
            RawServer.send(
                    socket,
                    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=ISO-8859-1\r\n"
                            + "Content-Length: 4\r\n\r\ngr\u00fcn");
        }));
        assertThat(probe(HttpProbe.builder("/").expectedBody("gr\u00fcn").build(), latin.instance())
                        .healthy())
                .isTrue();
    }

    @Test
    void probe_patternThatOverflowsTheStack_isUnhealthyAndSaysSo() throws Exception {
        Backend a = backend("a", Wire.H1);
        a.answers(a.response(200).body("ab".repeat(30_000)).build());
        Probe probe = HttpProbe.builder("/")
                .expectedBody(Pattern.compile("(a|b)*c"))
                .maxBody(65_536)
                .build();
        assertThat(probe(probe, a.instance()).healthy()).isFalse();
    }

    @Test
    void probe_port_isTheOneGivenOrInTheMetadata() throws Exception {
        Backend calls = backend("calls", Wire.H1).answersStatus(500);
        Backend health = backend("health", Wire.H1);
        assertThat(probe(HttpProbe.builder("/").port(health.port()).build(), calls.instance())
                        .healthy())
                .isTrue();
        Probe known = HttpProbe.builder("/").portFromMetadata("health-port").build();
        assertThat(probe(
                                known,
                                calls.instance().toBuilder()
                                        .metadata(Map.of("health-port", String.valueOf(health.port())))
                                        .build())
                        .detail())
                .isEqualTo("status 200 of GET http://127.0.0.1:" + health.port() + "/");
        assertThat(probe(known, calls.instance()).healthy()).isFalse();
        ServiceInstance odd = calls.instance().toBuilder()
                .metadata(Map.of("health-port", "none"))
                .build();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> known.probe(odd, Duration.ofSeconds(1)))
                .withMessage("metadata health-port: 'none' (expected: 1 to 65535)");
    }

    @ParameterizedTest
    @EnumSource(
            value = Wire.class,
            names = {"H1_TLS", "H2_TLS"})
    void probe_host_isInTheRequestAndTheHandshakeAndTheCertificate(Wire wire) throws Exception {
        Backend a = backend("a", wire);
        OkHttpClient client = base(wire).build();
        Probe named = HttpProbe.builder("/").host("Orders.Internal").build().boundTo("orders", tls(client));
        assertThat(probe(named, a.instance()).healthy()).isTrue();
        RecordedRequest request = a.takeRequest();
        assertThat(request.getUrl().host()).isEqualTo("orders.internal");
        assertThat(request.getHandshakeServerNames()).containsExactly("orders.internal");

        Probe each = HttpProbe.builder("/").hostFromMetadata("name").build().boundTo("orders", tls(client));
        ServiceInstance stranger =
                a.instance().toBuilder().metadata(Map.of("name", "stranger")).build();
        assertThat(probe(each, stranger).detail())
                .startsWith("GET https://" + a.instance().authority() + "/: SSLPeerUnverifiedException: ")
                .contains("stranger");
        assertThat(probe(each, a.instance()).healthy()).as("else the service's").isTrue();
    }

    @Test
    void probe_ofAServerWithoutTls_overIt_andTheOtherWayRound() throws Exception {
        Backend plain = backend("plain", Wire.H1);
        Backend tls = backend("tls", Wire.H1_TLS);
        OkHttpClient client = base(Wire.H1_TLS).build();
        Probe overTls = HttpProbe.builder("/").secure(true).build().boundTo("orders", tls(client));
        assertThat(probe(overTls, plain.instance()).healthy()).isFalse();
        assertThat(probe(overTls, tls.instance()).healthy()).isTrue();
        Probe without = HttpProbe.builder("/").secure(false).build().boundTo("orders", tls(client));
        assertThat(probe(without, tls.instance()).healthy()).isFalse();
        assertThat(probe(without, plain.instance()).healthy()).isTrue();
    }

    @Test
    void probe_trouble_isUnhealthyWithTheReason() throws Exception {
        ServiceInstance refusing = RetryTest.refusing("a");
        assertThat(probe(HttpProbe.get("/"), refusing).detail())
                .startsWith("GET http://" + refusing.authority() + "/: ConnectException: ");

        RawServer garbage = closing(new RawServer("garbage", server -> (connection, socket) -> {
            server.readRequest(socket);
            RawServer.send(socket, "SSH-2.0-OpenSSH_9.6\r\n\r\n");
        }));
        assertThat(probe(HttpProbe.get("/"), garbage.instance()).detail()).contains("ProtocolException: ");

        RawServer silent = closing(new RawServer("silent", server -> (connection, socket) -> {
            server.readRequest(socket);
            Thread.sleep(30_000);
        }));
        assertThat(HttpProbe.get("/")
                        .probe(silent.instance(), Duration.ofMillis(200))
                        .toCompletableFuture()
                        .get(20, TimeUnit.SECONDS))
                .isEqualTo(new Probe.Result(
                        false,
                        "no answer within PT0.2S to GET http://"
                                + silent.instance().authority() + "/"));
    }

    @Test
    void probe_bodyThatBreaksOff_orStaysAway_isUnhealthyWhateverItsStatus() throws Exception {
        String head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nUP";
        RawServer breaking = closing(new RawServer("breaking", server -> (connection, socket) -> {
            server.readRequest(socket);
            RawServer.send(socket, head);
        }));
        assertThat(probe(HttpProbe.get("/"), breaking.instance()).detail())
                .startsWith("status 200 of GET http://" + breaking.instance().authority()
                        + "/, but its body broke off: ProtocolException: ");

        RawServer slow = closing(new RawServer("slow", server -> (connection, socket) -> {
            server.readRequest(socket);
            RawServer.send(socket, head);
            Thread.sleep(30_000);
        }));
        assertThat(HttpProbe.get("/")
                        .probe(slow.instance(), Duration.ofMillis(300))
                        .toCompletableFuture()
                        .get(20, TimeUnit.SECONDS)
                        .healthy())
                .isFalse();
    }

    @Test
    void probe_endlessBody_isCutOff() throws Exception {
        Backend a = backend("a", Wire.H1);
        a.answers(a.response(200).body("x".repeat(10_000_000)).build());

        assertThat(probe(HttpProbe.get("/"), a.instance()).healthy()).isTrue();
    }

    @Test
    void probes_asManyAsCanBeUnderWay_waitForNobody() throws Exception {
        Backend a = backend("a", Wire.H1);
        List<CompletableFuture<Probe.Result>> hanging = new ArrayList<>();
        try (ServerSocket silent = new ServerSocket(0, 1000, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}))) {
            ServiceInstance hole = ServiceInstance.of("127.0.0.1", silent.getLocalPort());
            for (int i = 0; i < 255; i++) {
                hanging.add(
                        HttpProbe.get("/").probe(hole, Duration.ofMinutes(5)).toCompletableFuture());
            }
            assertThat(HttpProbe.get("/")
                            .probe(a.instance(), Duration.ofSeconds(30))
                            .toCompletableFuture()
                            .get(40, TimeUnit.SECONDS)
                            .healthy())
                    .isTrue();
            assertThat(hanging).noneMatch(CompletableFuture::isDone);
        } finally {
            hanging.forEach(each -> each.cancel(true));
        }
    }

    @Test
    void probe_badInput_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HttpProbe.get("health"))
                .withMessage("path: 'health' (expected: one that begins with /)");
        HttpProbe.Builder builder = HttpProbe.builder("/");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.expectedStatus(100))
                .withMessage("expectedStatuses: 100 to 100 (expected: within 200 to 599, in order)");
        assertThatIllegalArgumentException().isThrownBy(() -> builder.expectedStatuses(300, 299));
        assertThatIllegalArgumentException().isThrownBy(() -> builder.expectedStatuses(200, 600));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.maxBody(0))
                .withMessage("maxBody: 0 (expected: 1 to 65536)");
        assertThatIllegalArgumentException().isThrownBy(() -> builder.maxBody(65_537));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.port(0))
                .withMessage("port: 0 (expected: 1 to 65535)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.host("a b"))
                .withMessage("host: 'a b' (expected: a host name, as in a URL)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.head().expectedBody("UP").build())
                .withMessage("expectedBody: UP of HEAD (expected: of GET)");
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
        assertThat(report(client, "a").reason())
                .startsWith("status 503 of GET ")
                .endsWith("/health (expected: 200-299)");
        assertThat(report(client, "b").state()).isEqualTo(InstanceReport.State.ELIGIBLE);
        assertThat(body(client, get(wire))).isEqualTo("b");
        RecordedRequest request = a.takeRequest();
        assertThat(request.getUrl().host()).isEqualTo("orders");
        assertThat(request.getHeaders().get("Not-For-Probes")).isNull();
        if (wire.tls) {
            assertThat(request.getHandshakeServerNames()).containsExactly("orders");
        }
    }

    private static TlsSource tls(OkHttpClient client) {
        return new TlsSource(TlsSettings.perInstance(), client, client, Scheduler.shared(), Clock.systemUTC());
    }
}
