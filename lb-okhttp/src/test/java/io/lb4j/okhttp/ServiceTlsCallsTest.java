package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.lb4j.ServiceInstance;
import io.lb4j.retry.RetryPolicy;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.TlsVersion;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The application says http, and the wire is TLS as the service's settings say. */
class ServiceTlsCallsTest extends TlsFixture {
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void call_toSecureInstance_isTlsOnTheWireAndHttpForTheCaller(boolean http2) throws Exception {
        MockWebServer a = server("a", Certificates.server(ORDERS));
        discovery.set("orders", secure("a", a));
        LoadBalancedClient client = client(trusting().build(), http2 ? Wire.H2_TLS : Wire.H1_TLS);
        Request request = get(Wire.H1);

        try (Response response = client.newCall(request).execute()) {
            assertThat(response.body().string()).isEqualTo("a");
            assertThat(response.request()).isSameAs(request);
            assertThat(response.request().url()).hasToString("http://orders/path");
            assertThat(response.handshake()).isNotNull();
            assertThat(response.protocol()).isEqualTo(http2 ? Protocol.HTTP_2 : Protocol.HTTP_1_1);
        }
        RecordedRequest seen = a.takeRequest();
        assertThat(seen.getHandshakeServerNames()).containsExactly("orders");
        assertThat(seen.getUrl()).hasToString("https://orders/path");
    }

    @Test
    void calls_firstAndFurtherAttempts_shareTheirConnection() throws Exception {
        MockWebServer a = server("a", Certificates.server(ORDERS));
        MockWebServer failing = server("failing", Certificates.server(ORDERS));
        failing.setDispatcher(
                dispatcher(request -> new MockResponse.Builder().code(503).build()));
        discovery.set("orders", secure("failing", failing), secure("a", a));
        LoadBalancedClient client = client(trusting().serverName("orders").build(), Wire.H1);
        for (int i = 0; i < 3; i++) {
            assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        }
        discovery.set("orders", secure("a", a));
        time.advance(Duration.ofSeconds(1));
        assertThat(body(client, get(Wire.H1))).as("not a retry").isEqualTo("a");

        for (int i = 0; i < 4; i++) {
            assertThat(a.takeRequest().getConnectionIndex()).isZero();
        }
        for (int i = 0; i < 3; i++) {
            assertThat(failing.takeRequest().getConnectionIndex()).isZero();
        }
    }

    @Test
    void call_withTheClientsOwnTls_needsNoSettings() throws Exception {
        Backend a = backend("a", Wire.H2_TLS);
        orders(a);
        assertThat(body(lb(Wire.H2_TLS), get(Wire.H1))).isEqualTo("a");
        assertThat(a.takeRequest().getHandshake()).isNotNull();
    }

    @Test
    void call_duringAMigration_isAsEachInstanceIs() throws Exception {
        Backend plain = backend("plain", Wire.H1);
        MockWebServer tls = server("tls", Certificates.server(ORDERS));
        discovery.set("orders", plain.instance(), secure("tls", tls));
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .strategy(BY_TURNS)
                .defaults(s -> s.tls(trusting().build()))
                .build());

        for (int i = 0; i < 4; i++) {
            body(client, get(Wire.H1));
        }

        assertThat(plain.hits()).isEqualTo(2);
        assertThat(plain.requests())
                .allSatisfy(each -> assertThat(each.getHandshake()).isNull());
        assertThat(tls.getRequestCount()).isEqualTo(2);
        assertThat(tls.takeRequest().getHandshake()).isNotNull();
    }

    @Test
    void call_whenMetadataSays_isTls() throws Exception {
        MockWebServer a = server("a", Certificates.server(ORDERS));
        discovery.set(
                "orders",
                secure("a", a).toBuilder()
                        .secure(false)
                        .metadata(Map.of("tls", "on"))
                        .build());
        LoadBalancedClient client = client(
                trusting()
                        .when(instance -> "on".equals(instance.metadata().get("tls")))
                        .build(),
                Wire.H1);
        assertThat(body(client, get(Wire.H1))).isEqualTo("a");

        discovery.set("orders", secure("a", a).toBuilder().secure(false).build());
        time.advance(Duration.ofSeconds(1));
        // Not TLS any more, and the server knows nothing else.
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> body(client, get(Wire.H1)));
    }

    @Test
    void call_toAPlainInstanceWhereTlsIsAlwaysSpoken_failsThereAndNamesIt() throws Exception {
        RawServer plain = closing(new RawServer("plain", server -> (connection, socket) -> {
            socket.getOutputStream().write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            socket.getInputStream().readAllBytes();
        }));
        discovery.set("orders", plain.instance());
        LoadBalancedClient client = client(trusting().always().build(), Wire.H1);

        assertThatExceptionOfType(SSLException.class)
                .isThrownBy(() -> body(client, get(Wire.H1)))
                .withMessageContaining(
                        "instance plain at " + plain.instance().authority() + " of service orders: TLS: ")
                .withMessageContaining("does it speak TLS?");
    }

    @Test
    void call_whenPredicateThrows_isTls() throws Exception {
        Backend plain = backend("plain", Wire.H1);
        orders(plain);
        LoadBalancedClient client = client(
                trusting()
                        .when(instance -> {
                            throw new IllegalArgumentException("boom");
                        })
                        .build(),
                Wire.H1);
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> body(client, get(Wire.H1)));
        assertThat(plain.hits()).isZero();
    }

    @Test
    void call_withMutualTls_showsItsCertificate() throws Exception {
        MockWebServer a = server("a", Certificates.server(ORDERS, AUTHORITY));
        a.requireClientAuth();
        discovery.set("orders", secure("a", a));
        LoadBalancedClient client = client(mutual("me").build(), Wire.H1);

        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        assertThat(a.takeRequest().getHandshake().peerPrincipal()).hasToString("CN=me");
        assertThat(client.tls("orders").identity()).isEqualTo("CN=me");
        assertThat(client.tls("orders").trusted()).containsExactly("CN=authority");
        assertThat(client.tls("orders").identityExpires()).isAfter(Instant.now());
    }

    @Test
    void call_refusedForItsCertificate_isMadeElsewhereAndCounts() throws Exception {
        MockWebServer strict = server("strict", Certificates.server(ORDERS, NEXT_AUTHORITY));
        strict.requireClientAuth();
        MockWebServer b = server("b", Certificates.server(ORDERS));
        discovery.set("orders", secure("strict", strict), secure("b", b));
        LoadBalancedClient client = client(mutual("me").build(), Wire.H1);

        assertThat(body(client, get(Wire.H1))).isEqualTo("b");

        assertThat(strict.getRequestCount()).isZero();
        assertCounted(client, "strict", 1, 1);
    }

    @Test
    void call_toAnInstanceOfAnUnknownAuthority_isMadeElsewhereAndCounts() throws Exception {
        MockWebServer stranger = server("stranger", Certificates.server(Certificates.of(NEXT_AUTHORITY, "orders")));
        MockWebServer b = server("b", Certificates.server(ORDERS));
        discovery.set("orders", secure("stranger", stranger), secure("b", b));
        LoadBalancedClient client = client(trusting().build(), Wire.H1);

        assertThat(body(client, get(Wire.H1))).isEqualTo("b");
        assertCounted(client, "stranger", 1, 1);
        assertCounted(client, "b", 1, 0);
    }

    @Test
    void call_toAnInstanceWhoseCertificateIsExpired_namesIt() throws Exception {
        MockWebServer old = server("old", Certificates.server(Certificates.expired(AUTHORITY, "orders")));
        discovery.set("orders", secure("old", old));
        LoadBalancedClient client = client(trusting().build(), Wire.H1);

        assertThatExceptionOfType(SSLHandshakeException.class)
                .isThrownBy(() -> body(client, get(Wire.H1)))
                .withMessageContaining("instance old at ");
    }

    @Test
    void serverName_isAskedForAndVerified() throws Exception {
        MockWebServer a = server("a", Certificates.server(Certificates.of(AUTHORITY, "orders.prod.internal")));
        discovery.set("orders", secure("a", a));
        LoadBalancedClient client =
                client(trusting().serverName("orders.prod.internal").build(), Wire.H2_TLS);
        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        assertThat(a.takeRequest().getHandshakeServerNames()).containsExactly("orders.prod.internal");

        LoadBalancedClient plain = client(trusting().build(), Wire.H2_TLS);
        assertThatExceptionOfType(SSLException.class)
                .isThrownBy(() -> body(plain, get(Wire.H1)))
                .withMessageContaining("orders.prod.internal");
    }

    @Test
    void tls13Only_isWhatIsSpoken() throws Exception {
        MockWebServer a = server("a", Certificates.server(ORDERS));
        discovery.set("orders", secure("a", a));
        LoadBalancedClient client = client(trusting().tls13Only().build(), Wire.H1);
        try (Response response = client.newCall(get(Wire.H1)).execute()) {
            assertThat(response.handshake().tlsVersion()).isEqualTo(TlsVersion.TLS_1_3);
        }
    }

    @Test
    void redirect_toHttpOfTheSameService_staysTlsAndKeepsAuthorization() throws Exception {
        MockWebServer a = server("a", Certificates.server(ORDERS));
        a.setDispatcher(dispatcher(request -> request.getTarget().equals("/path")
                ? redirect(302, "http://orders/other")
                : new MockResponse.Builder()
                        .body(request.getTarget() + request.getHeaders().get("Authorization"))
                        .build()));
        discovery.set("orders", secure("a", a));
        LoadBalancedClient client = client(trusting().build(), Wire.H1);
        Request request =
                get(Wire.H1).newBuilder().header("Authorization", "secret").build();

        try (Response response = client.newCall(request).execute()) {
            assertThat(response.body().string()).isEqualTo("/othersecret");
            assertThat(response.request().url()).hasToString("http://orders/other");
        }
        a.takeRequest();
        assertThat(a.takeRequest().getHandshake()).isNotNull();
    }

    @Test
    void redirect_withinTheService_isHttpForTheCaller() throws Exception {
        MockWebServer a = server("a", Certificates.server(ORDERS));
        a.setDispatcher(dispatcher(request -> request.getTarget().equals("/path")
                ? redirect(302, "/other")
                : new MockResponse.Builder().body("there").build()));
        discovery.set("orders", secure("a", a));
        LoadBalancedClient client = client(trusting().build(), Wire.H1);

        try (Response response = client.newCall(get(Wire.H1)).execute()) {
            assertThat(response.body().string()).isEqualTo("there");
            assertThat(response.request().url()).hasToString("http://orders/other");
            assertThat(response.priorResponse().request().url()).hasToString("http://orders/path");
        }
    }

    @Test
    void retriesAndHedges_areTlsToo() throws Exception {
        MockWebServer a = server("a", Certificates.server(ORDERS));
        a.setDispatcher(
                dispatcher(request -> new MockResponse.Builder().code(503).build()));
        MockWebServer b = server("b", Certificates.server(ORDERS));
        discovery.set("orders", secure("a", a), secure("b", b));
        LoadBalancedClient client = client(trusting().build(), Wire.H1);
        Request request = get(Wire.H1);

        try (Response response = client.newCall(request).execute()) {
            assertThat(response.body().string()).isEqualTo("b");
            assertThat(response.request()).isSameAs(request);
        }
        assertThat(b.takeRequest().getHandshake()).isNotNull();
    }

    @Test
    void webSocket_isTlsToo() throws Exception {
        MockWebServer a = server("a", Certificates.server(ORDERS, AUTHORITY));
        a.requireClientAuth();
        a.setDispatcher(dispatcher(request -> new MockResponse.Builder()
                .webSocketUpgrade(new WebSocketListener() {
                    @Override
                    public void onMessage(WebSocket socket, String text) {
                        socket.send("echo " + text);
                        socket.close(1000, null);
                    }
                })
                .build()));
        discovery.set("orders", secure("a", a));
        LoadBalancedClient client = client(mutual("me").build(), Wire.H2_TLS);
        CountDownLatch echoed = new CountDownLatch(1);

        client.newWebSocket(new Request.Builder().url("ws://orders/socket").build(), new WebSocketListener() {
            @Override
            public void onOpen(WebSocket socket, Response response) {
                assertThat(response.handshake()).isNotNull();
                socket.send("hello");
            }

            @Override
            public void onMessage(WebSocket socket, String text) {
                assertThat(text).isEqualTo("echo hello");
                echoed.countDown();
            }

            @Override
            public void onClosing(WebSocket socket, int code, String reason) {
                socket.close(1000, null);
            }
        });

        assertThat(echoed.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(a.takeRequest().getHandshake().peerPrincipal()).hasToString("CN=me");
    }

    @Test
    void checks_areMadeWithTheServicesMaterial() throws Exception {
        MockWebServer a = server("a", Certificates.server(ORDERS, AUTHORITY));
        a.requireClientAuth();
        OkHttpClient base = base(Wire.H1).build();
        TlsSource tls = closing(new TlsSource(mutual("me").always().build(), base, base, time, Clock.systemUTC()));
        ServiceInstance plainly = secure("a", a).toBuilder().secure(false).build();

        assertThat(HttpProbe.get("/health")
                        .boundTo("orders", tls)
                        .probe(plainly, Duration.ofSeconds(10))
                        .toCompletableFuture()
                        .get(20, TimeUnit.SECONDS)
                        .healthy())
                .isTrue();
        assertThat(a.takeRequest().getHandshake().peerPrincipal()).hasToString("CN=me");
    }

    @Test
    void interceptor_inAnotherClient_securesToo() throws Exception {
        MockWebServer a = server("a", Certificates.server(ORDERS, AUTHORITY));
        a.requireClientAuth();
        discovery.set("orders", secure("a", a));
        OkHttpClient base = base(Wire.H1).build();
        LoadBalancedClient lb = started(lb(base).scheduler(time)
                .defaults(s -> s.tls(mutual("me").build()))
                .build());
        OkHttpClient own = base.newBuilder().addInterceptor(lb.interceptor()).build();

        try (Response response = own.newCall(get(Wire.H1)).execute()) {
            assertThat(response.body().string()).isEqualTo("a");
        }
        assertThat(a.takeRequest().getHandshakeServerNames()).containsExactly("orders");
    }

    @Test
    void interceptor_thatBringsTlsOfItsOwnForACall_isHeard() throws Exception {
        MockWebServer a = server("a", Certificates.server(ORDERS, AUTHORITY));
        a.requireClientAuth();
        discovery.set("orders", secure("a", a));
        HandshakeCertificates tenant = new HandshakeCertificates.Builder()
                .heldCertificate(Certificates.of(AUTHORITY, "tenant"))
                .addTrustedCertificate(AUTHORITY.certificate())
                .build();
        Interceptor tenants = chain -> chain.withSslSocketFactory(tenant.sslSocketFactory(), tenant.trustManager())
                .proceed(chain.request());
        LoadBalancedClient client =
                started(lb(base(Wire.H1).addInterceptor(tenants).build())
                        .scheduler(time)
                        .defaults(s -> s.tls(mutual("me").build()))
                        .build());

        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        assertThat(a.takeRequest().getHandshake().peerPrincipal()).hasToString("CN=tenant");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void renewal_ofTheClientsCertificate_isShownOnNewConnectionsAndEndsNoCall(boolean http2) throws Exception {
        CountDownLatch slow = new CountDownLatch(1);
        MockWebServer a = server("a", Certificates.server(ORDERS, AUTHORITY));
        a.requireClientAuth();
        a.setDispatcher(dispatcher(request -> {
            if (request.getTarget().equals("/slow")) {
                try {
                    slow.await(10, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
            return new MockResponse.Builder()
                    .body(request.getHandshake().peerPrincipal().toString())
                    .build();
        }));
        discovery.set("orders", secure("a", a));
        LoadBalancedClient client = client(mutual("first").build(), http2 ? Wire.H2_TLS : Wire.H1);
        assertThat(body(client, get(Wire.H1))).isEqualTo("CN=first");
        FutureTask<String> running = new FutureTask<>(() ->
                body(client, new Request.Builder().url("http://orders/slow").build()));
        new Thread(running).start();
        assertThat(a.takeRequest(10, TimeUnit.SECONDS).getTarget()).isEqualTo("/path");
        Awaitility.await().until(() -> report(client, "a").inFlight() == 1);

        identity("second");
        time.advance(LOOK);
        assertThat(client.tls("orders").renewals()).as("seen once").isZero();
        time.advance(LOOK);
        assertThat(client.tls("orders").renewals()).isEqualTo(1);
        assertThat(client.tls("orders").identity()).isEqualTo("CN=second");

        assertThat(body(client, get(Wire.H1))).isEqualTo("CN=second");
        slow.countDown();
        assertThat(running.get(10, TimeUnit.SECONDS)).isEqualTo("CN=first");
        assertIdle(client);
    }

    @Test
    void renewal_ofTheAuthority_trustsBothWhileBothAreThere() throws Exception {
        MockWebServer old = server("old", Certificates.server(ORDERS));
        MockWebServer next = server("next", Certificates.server(Certificates.of(NEXT_AUTHORITY, "orders")));
        discovery.set("orders", secure("old", old), secure("next", next));
        LoadBalancedClient client = started(lb(base(Wire.H1).build())
                .scheduler(time)
                .strategy(BY_TURNS)
                .defaults(s -> s.tls(trusting().build()).retry(RetryPolicy.none()))
                .build());
        assertThat(body(client, get(Wire.H1))).isEqualTo("old");

        Certificates.write(directory.resolve("trust.pem"), Certificates.trust(AUTHORITY, NEXT_AUTHORITY));
        time.advance(LOOK.multipliedBy(2));

        assertThat(List.of(body(client, get(Wire.H1)), body(client, get(Wire.H1))))
                .containsExactlyInAnyOrder("old", "next");
    }

    @Test
    void renewal_thatIsHalfWrittenOrWrong_changesNothingAndIsReported() throws Exception {
        MockWebServer a = server("a", Certificates.server(ORDERS, AUTHORITY));
        a.requireClientAuth();
        discovery.set("orders", secure("a", a));
        LoadBalancedClient client = client(mutual("me").build(), Wire.H1);
        String good = Files.readString(directory.resolve("client.pem"));

        Certificates.write(directory.resolve("client.pem"), good.substring(0, good.length() - 40));
        time.advance(LOOK.multipliedBy(2));
        assertThat(client.tls("orders").problem()).contains("client.pem: ends in the middle of a block");
        assertThat(body(client, get(Wire.H1))).isEqualTo("a");

        HeldCertificate other = Certificates.of(AUTHORITY, "other");
        Certificates.write(directory.resolve("client.pem"), other.certificatePem());
        time.advance(LOOK.multipliedBy(2));
        assertThat(client.tls("orders").problem()).contains("client.key: the key of another certificate");
        assertThat(client.tls("orders").identity()).isEqualTo("CN=me");

        Files.delete(directory.resolve("client.pem"));
        time.advance(LOOK);
        assertThat(client.tls("orders").problem()).contains("client.pem: can't be read");

        Certificates.write(
                directory.resolve("client.pem"),
                Certificates.expired(AUTHORITY, "me").certificatePem());
        time.advance(LOOK.multipliedBy(2));
        assertThat(client.tls("orders").problem()).contains("client.pem: the certificate of CN=me expired at ");

        Certificates.write(directory.resolve("client.pem"), good);
        time.advance(LOOK.multipliedBy(2));
        assertThat(client.tls("orders").problem()).isNull();
        assertThat(client.tls("orders").renewals()).isZero();
        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
    }

    @Test
    void build_whenFilesCantBeUsed_saysWhichAndWhy() throws Exception {
        refuses(
                mutual("me").identity(directory.resolve("none.pem"), directory.resolve("client.key")),
                "none.pem: can't be read");
        HeldCertificate other = Certificates.of(AUTHORITY, "other");
        Certificates.write(directory.resolve("other.key"), other.privateKeyPkcs8Pem());
        refuses(
                mutual("me").identity(directory.resolve("client.pem"), directory.resolve("other.key")),
                "other.key: the key of another certificate");
        Certificates.write(
                directory.resolve("old.pem"),
                Certificates.expired(AUTHORITY, "me").certificatePem());
        refuses(
                mutual("me").identity(directory.resolve("old.pem"), directory.resolve("client.key")),
                "old.pem: the certificate of CN=me expired at ");
        Certificates.write(directory.resolve("empty.pem"), "");
        refuses(TlsSettings.builder().trust(directory.resolve("empty.pem")), "empty.pem: no certificate");
        HeldCertificate rsa = new HeldCertificate.Builder().rsa2048().build();
        Certificates.write(directory.resolve("rsa.pem"), rsa.certificatePem());
        Certificates.write(directory.resolve("rsa.key"), rsa.privateKeyPkcs1Pem());
        refuses(
                TlsSettings.builder().identity(directory.resolve("rsa.pem"), directory.resolve("rsa.key")),
                "rsa.key: a key as 'RSA PRIVATE KEY' (expected: PKCS #8, which `openssl pkcs8");
    }

    private void refuses(TlsSettings.Builder settings, String message) {
        assertThatIllegalStateException()
                .isThrownBy(() -> lb(base(Wire.H1).build())
                        .defaults(s -> s.tls(settings.build()))
                        .build())
                .withMessageContaining("tls: ")
                .withMessageContaining(message);
    }

    @Test
    void report_ofAServiceWithoutFiles_isEmpty() throws Exception {
        orders(backend("a", Wire.H1));
        assertThat(lb(Wire.H1).tls("orders")).isEqualTo(new TlsReport(null, null, List.of(), null, 0, null));
    }
}
