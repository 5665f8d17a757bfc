package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceInstance;
import io.lb4j.health.OutlierDetection;
import io.lb4j.okhttp.rules.Firewall;
import io.lb4j.okhttp.rules.Mirror;
import io.lb4j.okhttp.rules.RequestDeniedException;
import io.lb4j.okhttp.rules.Route;
import io.lb4j.okhttp.rules.TrafficRules;
import io.lb4j.retry.HedgePolicy;
import io.lb4j.retry.RetryPolicy;
import java.io.IOException;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ServerSocketFactory;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSocket;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.ConnectionSpec;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whatever way a request takes to an instance that is to be spoken TLS to, it is spoken TLS to. */
class ServiceTlsPathsTest extends TlsFixture {
    /** Notes the first byte that each connection brings, and says nothing. */
    private RawServer listening(String name, ConcurrentLinkedQueue<Integer> first) throws IOException {
        return closing(new RawServer(name, server -> (connection, socket) -> {
            first.add(socket.getInputStream().read());
            socket.getOutputStream().write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        }));
    }

    @Test
    void everyWay_toAServerThatSpeaksNoTls_beginsWithAHandshake() throws Exception {
        ConcurrentLinkedQueue<Integer> first = new ConcurrentLinkedQueue<>();
        RawServer a = listening("a", first);
        RawServer b = listening("b", first);
        ServiceInstance atA = a.instance().toBuilder().secure(true).build();
        discovery.set("orders", atA, b.instance().toBuilder().secure(true).build());
        discovery.set("shadow", atA);
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .rules(TrafficRules.builder()
                        .route(Route.named("m").mirror(Mirror.to("shadow")).build())
                        .build())
                .defaults(s -> s.tls(trusting().build())
                        .prewarm(1)
                        .hedge(HedgePolicy.builder()
                                .initialDelay(Duration.ofMillis(1))
                                .maxExtraLoad(1)
                                .build()))
                .build());

        for (int i = 0; i < 5; i++) {
            assertThatExceptionOfType(IOException.class).isThrownBy(() -> body(client, get(Wire.H1)));
        }
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> body(
                        client,
                        get(Wire.H1)
                                .newBuilder()
                                .header("Connection", "Upgrade")
                                .header("Upgrade", "websocket")
                                .build()));
        OkHttpClient base = base(Wire.H1).build();
        TlsSource tls = closing(new TlsSource(trusting().always().build(), base, base, time, Clock.systemUTC()));
        ServiceInstance plainly = atA.toBuilder().secure(false).build();
        HttpProbe.get("/")
                .boundTo("orders", tls)
                .probe(plainly, Duration.ofSeconds(10))
                .toCompletableFuture()
                .handle((value, error) -> "")
                .get(20, TimeUnit.SECONDS);
        HttpLoadProbe.get("/")
                .boundTo("orders", tls)
                .probe(plainly, Duration.ofSeconds(10))
                .toCompletableFuture()
                .handle((value, error) -> "")
                .get(20, TimeUnit.SECONDS);

        await().until(() -> client.routes().get(0).mirrorFailures() >= 5);
        // A handshake record; -1 is a connection that was closed before it, as a hedge's may be.
        assertThat(first).hasSizeGreaterThan(10).allMatch(each -> each == 22 || each == -1);
    }

    @Test
    void hedge_isTls() throws Exception {
        MockWebServer slow = server("slow", Certificates.server(ORDERS));
        slow.setDispatcher(dispatcher(request ->
                new MockResponse.Builder().headersDelay(20, TimeUnit.SECONDS).build()));
        MockWebServer b = server("b", Certificates.server(ORDERS, AUTHORITY));
        b.requireClientAuth();
        discovery.set("orders", secure("slow", slow), secure("b", b));
        HedgePolicy policy = HedgePolicy.builder()
                .initialDelay(Duration.ofMillis(60))
                .maxExtraLoad(1)
                .build();
        // In real time, which is what hedges wait for.
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .defaults(s -> s.tls(mutual("me").build()).hedge(policy))
                .build());
        Request request = get(Wire.H1);

        try (Response response = client.newCall(request).execute()) {
            assertThat(response.body().string()).isEqualTo("b");
            assertThat(response.request().url()).hasToString("http://orders/path");
        }
        assertThat(b.takeRequest().getHandshake().peerPrincipal()).hasToString("CN=me");
        assertThat(slow.takeRequest().getHandshake()).isNotNull();
    }

    @Test
    void mirror_isTls() throws Exception {
        Backend a = backend("a", Wire.H1);
        MockWebServer shadow = server("shadow", Certificates.server(Certificates.of(AUTHORITY, "shadow"), AUTHORITY));
        shadow.requireClientAuth();
        orders(a);
        discovery.set("shadow", secure("shadow", shadow));
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .rules(TrafficRules.builder()
                        .route(Route.named("m").mirror(Mirror.to("shadow")).build())
                        .build())
                .defaults(s -> s.tls(mutual("me").build()))
                .build());

        assertThat(body(client, get(Wire.H1))).isEqualTo("a");

        RecordedRequest copy = shadow.takeRequest(10, TimeUnit.SECONDS);
        assertThat(copy.getHandshake().peerPrincipal()).hasToString("CN=me");
        assertThat(copy.getHandshakeServerNames()).containsExactly("shadow");
        assertThat(a.takeRequest().getHandshake()).isNull();
    }

    @Test
    void loadProbe_isTlsAndAnewAfterARenewal() throws Exception {
        MockWebServer a = server("a", Certificates.server(ORDERS, AUTHORITY));
        a.requireClientAuth();
        a.setDispatcher(dispatcher(request -> new MockResponse.Builder()
                .setHeader("endpoint-load-metrics", "TEXT named_metrics.in_flight=3")
                .build()));
        OkHttpClient base = base(Wire.H1).build();
        TlsSource tls = closing(new TlsSource(mutual("me").always().build(), base, base, time, Clock.systemUTC()));
        HttpLoadProbe probe = HttpLoadProbe.get("/load").boundTo("orders", tls);
        ServiceInstance plainly = secure("a", a).toBuilder().secure(false).build();

        for (String name : List.of("me", "me", "other")) {
            if (name.equals("other")) {
                identity(name);
                time.advance(LOOK.multipliedBy(2));
            }
            assertThat(probe.probe(plainly, Duration.ofSeconds(10))
                            .toCompletableFuture()
                            .get(20, TimeUnit.SECONDS)
                            .inFlight())
                    .isEqualTo(3);
            assertThat(a.takeRequest().getHandshake().peerPrincipal()).hasToString("CN=" + name);
        }
        assertThat(probe.targetCount()).isEqualTo(2);
    }

    @Test
    void prewarming_isTlsAndDoneAgainAfterARenewal() throws Exception {
        AtomicInteger handshakes = new AtomicInteger();
        ServerSocketFactory sockets =
                Certificates.server(ORDERS, AUTHORITY).sslContext().getServerSocketFactory();
        RawServer a = closing(new RawServer("a", sockets, server -> (connection, socket) -> {
            SSLSocket tls = (SSLSocket) socket;
            tls.setNeedClientAuth(true);
            tls.startHandshake();
            handshakes.incrementAndGet();
            server.readRequest(socket);
            server.answer(
                    socket,
                    connection + " for " + tls.getSession().getPeerPrincipal().getName());
        }));
        discovery.set("orders", a.instance().toBuilder().secure(true).build());
        LoadBalancedClient client = client(mutual("me").build(), Wire.H1, s -> s.prewarm(1));
        await().until(() -> handshakes.get() == 1);

        identity("next");
        time.advance(LOOK.multipliedBy(2));
        await().until(() -> handshakes.get() == 2);
        PrewarmingTest.awaitNoneBeingOpened();
        assertThat(body(client, get(Wire.H1))).isEqualTo("1 for CN=next");
        assertThat(handshakes).hasValue(2);
    }

    @Test
    void clientThatBeginsWithHttp2_speaksItOverTlsToo() throws Exception {
        Backend plain = backend("plain", Wire.H2_PRIOR_KNOWLEDGE);
        MockWebServer tls = server("tls", Certificates.server(ORDERS));
        discovery.set("orders", plain.instance(), secure("tls", tls));
        LoadBalancedClient client = started(lb(base(Wire.H2_PRIOR_KNOWLEDGE).build())
                .scheduler(time)
                .strategy(BY_TURNS)
                .defaults(s -> s.tls(trusting().build()))
                .build());

        assertThat(body(client, get(Wire.H1))).isEqualTo("plain");
        for (int i = 0; i < 2; i++) {
            try (Response response = client.newCall(get(Wire.H1)).execute()) {
                assertThat(response.body().string()).isEqualTo("tls");
                assertThat(response.protocol()).isEqualTo(Protocol.HTTP_2);
                assertThat(response.request().url()).hasToString("http://orders/path");
            }
            assertThat(body(client, get(Wire.H1))).isEqualTo("plain");
        }
        tls.takeRequest();
        assertThat(tls.takeRequest().getConnectionIndex()).isZero();

        OkHttpClient base = base(Wire.H2_PRIOR_KNOWLEDGE).build();
        TlsSource source = closing(new TlsSource(trusting().build(), base, base, time, Clock.systemUTC()));
        assertThat(HttpProbe.get("/health")
                        .boundTo("orders", source)
                        .probe(secure("tls", tls), Duration.ofSeconds(10))
                        .toCompletableFuture()
                        .get(20, TimeUnit.SECONDS)
                        .healthy())
                .isTrue();
    }

    @Test
    void clientThatKnowsNoTls_saysSo() throws Exception {
        MockWebServer a = server("a", Certificates.server(ORDERS));
        discovery.set("orders", secure("a", a));
        LoadBalancedClient client = closing(lb(base(Wire.H1)
                        .connectionSpecs(List.of(ConnectionSpec.CLEARTEXT))
                        .build())
                .build());
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> body(client, get(Wire.H1)))
                .withMessageContaining("orders")
                .withMessageContaining("connectionSpecs");
        assertThat(a.getRequestCount()).isZero();

        Backend plain = backend("plain", Wire.H1);
        plain.answers(redirect(302, "https://orders/other"));
        orders(plain);
        // Until the change of instances is in force, it is the other one that refuses.
        await().until(() -> {
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> body(client, get(Wire.H1)))
                    .withMessageContaining("connectionSpecs");
            return plain.hits() == 1;
        });
    }

    @ParameterizedTest
    @CsvSource({"0, false", "100, false", "1000000, false", "0, true", "100, true", "1000000, true"})
    void post_refusedForItsCertificate_isMadeElsewhere(int bytes, boolean http2) throws Exception {
        MockWebServer strict = server("strict", Certificates.server(ORDERS, NEXT_AUTHORITY));
        strict.requireClientAuth();
        MockWebServer b = server("b", Certificates.server(ORDERS));
        discovery.set("orders", secure("strict", strict), secure("b", b));
        LoadBalancedClient client = client(mutual("me").build(), http2 ? Wire.H2_TLS : Wire.H1);
        int elsewhere = 0;
        for (int i = 0; i < 20; i++) {
            Request post = get(Wire.H1)
                    .newBuilder()
                    .post(RequestBody.create(new byte[bytes], null))
                    .build();
            try {
                assertThat(body(client, post)).isEqualTo("b");
                elsewhere++;
            } catch (SocketException e) {
                // The alert was lost, as a connection that is reset may lose what it carried.
            }
        }
        assertThat(elsewhere).isGreaterThan(10);
        assertThat(strict.getRequestCount()).isZero();
    }

    @Test
    void firewall_judgesByWhatTheApplicationCalled() throws Exception {
        MockWebServer a = server("a", Certificates.server(ORDERS));
        a.setDispatcher(dispatcher(request -> request.getTarget().equals("/path")
                ? redirect(302, "/other")
                : request.getTarget().equals("/out")
                        ? redirect(302, "http://orders:81/")
                        : new MockResponse.Builder().body("there").build()));
        discovery.set("orders", secure("a", a));
        LoadBalancedClient client = started(lb(base(Wire.H1).build())
                .scheduler(time)
                .rules(TrafficRules.builder()
                        .firewall(Firewall.builder().hosts("orders:80").build())
                        .build())
                .defaults(s -> s.tls(trusting().build()))
                .build());

        assertThat(body(client, get(Wire.H1))).isEqualTo("there");
        assertThatExceptionOfType(RequestDeniedException.class)
                .isThrownBy(() -> body(
                        client, new Request.Builder().url("http://orders/out").build()));
    }

    @Test
    void errors_sayWhichFileAndWhatToDo() throws Exception {
        MockWebServer stranger = server("stranger", Certificates.server(Certificates.of(NEXT_AUTHORITY, "orders")));
        MockWebServer misnamed = server("misnamed", Certificates.server(Certificates.of(AUTHORITY, "other")));
        MockWebServer strict = server("strict", Certificates.server(ORDERS, NEXT_AUTHORITY));
        strict.requireClientAuth();
        MockWebServer old = server("old", Certificates.server(Certificates.expired(AUTHORITY, "orders")));
        LoadBalancedClient client = client(
                mutual("me").build(), Wire.H1, s -> s.retry(RetryPolicy.none()).outlierDetection(OutlierDetection.OFF));

        says(
                client,
                "stranger",
                stranger,
                SSLHandshakeException.class,
                "signed by who is in " + directory.resolve("trust.pem"));
        says(client, "misnamed", misnamed, SSLPeerUnverifiedException.class, "(expected: a certificate for orders, or");
        says(
                client,
                "strict",
                strict,
                SSLException.class,
                "accepts this client's certificate, " + directory.resolve("client.pem"));
        says(client, "old", old, SSLHandshakeException.class, "it is the instance's that has to be renewed");
    }

    private void says(
            LoadBalancedClient client, String id, MockWebServer server, Class<? extends Exception> type, String text) {
        discovery.set("orders", secure(id, server));
        time.advance(Duration.ofSeconds(1));
        assertThatExceptionOfType(type)
                .isThrownBy(() -> body(client, get(Wire.H1)))
                .withMessageContaining("instance " + id + " at ")
                .withMessageContaining(" of service orders: TLS: ")
                .withMessageContaining(text);
    }

    @Test
    void build_whenAServicesFilesCantBeUsed_namesTheService() throws Exception {
        TlsSettings settings =
                TlsSettings.builder().trust(directory.resolve("none.pem")).build();
        assertThatIllegalStateException()
                .isThrownBy(() -> lb(base(Wire.H1).build())
                        .service("orders", s -> s.tls(settings))
                        .build())
                .withMessageStartingWith("service orders: tls: ")
                .withMessageContaining("none.pem: can't be read");
        assertThat(Files.exists(directory.resolve("none.pem"))).isFalse();
    }

    @Test
    void redirect_whileTheClientFollowsNoneBetweenHttpAndHttps_isTheCallers() throws Exception {
        MockWebServer a = server("a", Certificates.server(ORDERS));
        a.setDispatcher(dispatcher(request -> redirect(302, "http://orders/other")));
        discovery.set("orders", secure("a", a));
        LoadBalancedClient client =
                started(lb(base(Wire.H1).followSslRedirects(false).build())
                        .scheduler(time)
                        .defaults(s -> s.tls(trusting().build()))
                        .build());
        try (Response response = client.newCall(get(Wire.H1)).execute()) {
            assertThat(response.code()).isEqualTo(302);
        }
    }
}
