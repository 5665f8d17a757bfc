package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.lb4j.ServiceInstance;
import java.util.Collections;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSessionContext;
import mockwebserver3.MockWebServer;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** TLS to instances in the name of their service. */
class TlsTest extends Fixture {

    @ParameterizedTest
    @EnumSource(value = Wire.class, names = ".*TLS", mode = EnumSource.Mode.MATCH_ALL)
    void handshake_singleLabelName_carriesIt(Wire wire) throws Exception {
        Backend a = backend("a", wire);
        orders(a);
        LoadBalancedClient client = lb(wire);

        assertThat(body(client, get(wire))).isEqualTo("a");
        assertThat(a.takeRequest().getHandshakeServerNames()).containsExactly("orders");
    }

    @ParameterizedTest
    @EnumSource(value = Wire.class, names = ".*TLS", mode = EnumSource.Mode.MATCH_ALL)
    void handshake_nameWithDots_carriesItToo(Wire wire) throws Exception {
        Backend a = backend("a", wire);
        discovery.set("orders.internal", a.instance());
        LoadBalancedClient client =
                closing(lb(base(wire).build()).service("orders.internal").build());

        assertThat(body(
                        client,
                        new Request.Builder().url("https://orders.internal/").build()))
                .isEqualTo("a");
        assertThat(a.takeRequest().getHandshakeServerNames()).containsExactly("orders.internal");
    }

    @Test
    void handshake_serviceNamedByAddress_carriesNoName() throws Exception {
        HeldCertificate certificate = new HeldCertificate.Builder()
                .addSubjectAlternativeName("10.1.2.3")
                .build();
        HandshakeCertificates server =
                new HandshakeCertificates.Builder().heldCertificate(certificate).build();
        HandshakeCertificates trusting = new HandshakeCertificates.Builder()
                .addTrustedCertificate(certificate.certificate())
                .build();
        MockWebServer a = closing(new MockWebServer());
        a.useHttps(server.sslSocketFactory());
        a.enqueue(new mockwebserver3.MockResponse.Builder().body("a").build());
        a.start();
        discovery.set("10.1.2.3", ServiceInstance.of("127.0.0.1", a.getPort()));
        LoadBalancedClient client = closing(lb(base(Wire.H1)
                        .sslSocketFactory(trusting.sslSocketFactory(), trusting.trustManager())
                        .build())
                .service("10.1.2.3")
                .build());

        assertThat(body(client, new Request.Builder().url("https://10.1.2.3/").build()))
                .isEqualTo("a");
        assertThat(a.takeRequest().getHandshakeServerNames()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(value = Wire.class, names = ".*TLS", mode = EnumSource.Mode.MATCH_ALL)
    void handshake_certificateOfAnotherName_goesToAnotherInstanceAndCounts(Wire wire) throws Exception {
        // A container got the address of an instance that discovery still lists.
        HeldCertificate stranger = new HeldCertificate.Builder()
                .addSubjectAlternativeName("stranger")
                .build();
        HandshakeCertificates server =
                new HandshakeCertificates.Builder().heldCertificate(stranger).build();
        HandshakeCertificates trusting = new HandshakeCertificates.Builder()
                .addTrustedCertificate(stranger.certificate())
                .addTrustedCertificate(Wire.CLIENT.trustManager().getAcceptedIssuers()[0])
                .build();
        MockWebServer a = closing(new MockWebServer());
        a.useHttps(server.sslSocketFactory());
        a.start();
        Backend b = backend("b", wire);
        discovery.set(
                "orders",
                ServiceInstance.builder("127.0.0.1", a.getPort()).id("a").build(),
                b.instance());
        LoadBalancedClient client = closing(lb(base(wire)
                        .sslSocketFactory(trusting.sslSocketFactory(), trusting.trustManager())
                        .build())
                .build());
        Bodies body = Bodies.oneShot();

        assertThat(body(client, RetryTest.post(wire, body))).isEqualTo("b");

        assertThat(body.writes()).isEqualTo(1);
        assertThat(a.getRequestCount()).isZero();
        assertCounted(client, "a", 1, 1);

        discovery.set(
                "orders",
                ServiceInstance.builder("127.0.0.1", a.getPort()).id("a").build());
        await(client, 1);
        assertThatExceptionOfType(SSLPeerUnverifiedException.class)
                .isThrownBy(() -> body(client, get(wire)))
                .withMessageContaining("orders");
    }

    @Test
    void handshake_toEachInstance_keepsASessionOfItsOwn() throws Exception {
        Backend a = backend("a", Wire.H1_TLS);
        Backend b = backend("b", Wire.H1_TLS);
        a.answers(a.response(200).setHeader("Connection", "close").build());
        b.answers(b.response(200).setHeader("Connection", "close").build());
        orders(a, b);
        SSLContext context = Wire.CLIENT.sslContext();
        LoadBalancedClient client = closing(lb(base(Wire.H1_TLS)
                        .sslSocketFactory(context.getSocketFactory(), Wire.CLIENT.trustManager())
                        .build())
                .strategy(BY_TURNS)
                .build());

        for (int i = 0; i < 4; i++) {
            body(client, get(Wire.H1_TLS));
        }

        SSLSessionContext sessions = context.getClientSessionContext();
        assertThat(Collections.list(sessions.getIds()).stream()
                        .map(id -> sessions.getSession(id).getPeerPort())
                        .collect(Collectors.toSet()))
                .hasSize(2)
                .doesNotContain(443, a.port(), b.port());
    }

    @Test
    void services_sharingAnAddressAndACertificate_shareNoHttp2Connection() throws Exception {
        Backend a = backend("a", Wire.H2_TLS);
        orders(a);
        discovery.set("billing", a.instance());
        LoadBalancedClient client = lb(Wire.H2_TLS);

        body(client, new Request.Builder().url("https://orders/").build());
        body(client, new Request.Builder().url("https://billing/").build());
        body(client, new Request.Builder().url("https://orders/").build());

        assertThat(a.requests()).extracting(each -> each.getConnectionIndex()).containsExactly(0, 1, 0);
        assertThat(a.requests())
                .extracting(each -> each.getHandshakeServerNames().get(0))
                .containsExactly("orders", "billing", "orders");
    }

    @Test
    void interceptor_inAnotherClient_balancesTlsCallsToo() throws Exception {
        Backend a = backend("a", Wire.H2_TLS).answersStatus(503);
        Backend b = backend("b", Wire.H2_TLS);
        orders(a, b);
        OkHttpClient base = base(Wire.H2_TLS).build();
        LoadBalancedClient lb = closing(lb(base).build());
        OkHttpClient own = base.newBuilder().addInterceptor(lb.interceptor()).build();

        try (Response response = own.newCall(get(Wire.H2_TLS)).execute()) {
            assertThat(response.body().string()).isEqualTo("b");
        }
        assertCounted(lb, "a", 1, 1);
        assertCounted(lb, "b", 1, 0);
    }

    private static void await(LoadBalancedClient client, int instances) {
        Awaitility.await().until(() -> client.balancer("orders").instances().size() == instances);
    }
}
