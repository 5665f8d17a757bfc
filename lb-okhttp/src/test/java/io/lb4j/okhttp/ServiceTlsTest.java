package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import javax.net.ServerSocketFactory;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import mockwebserver3.MockWebServer;
import okhttp3.OkHttpClient;
import okhttp3.tls.HandshakeCertificates;
import org.junit.jupiter.api.Test;

/** What settings narrow a service's TLS to, and which TLS is the same. */
class ServiceTlsTest extends TlsFixture {
    /** Speaks TLS 1.2 and nothing newer. */
    private void oldServer() throws IOException {
        ServerSocketFactory sockets = Certificates.server(ORDERS).sslContext().getServerSocketFactory();
        RawServer old = closing(new RawServer("old", sockets, server -> (connection, socket) -> {
            ((SSLSocket) socket).setEnabledProtocols(new String[] {"TLSv1.2"});
            server.readRequest(socket);
            server.answer(socket, "old");
        }));
        discovery.set("orders", old.instance().toBuilder().secure(true).build());
    }

    @Test
    void tls13Only_refusesAServerThatKnowsNoNewerThan12() throws Exception {
        oldServer();

        assertThat(body(client(trusting().build(), Wire.H1), get(Wire.H1))).isEqualTo("old");
        LoadBalancedClient strict = client(trusting().tls13Only().build(), Wire.H1);
        assertThatExceptionOfType(SSLException.class).isThrownBy(() -> body(strict, get(Wire.H1)));
    }

    @Test
    void tls13Only_andNothingElse_isNotTheClientsOwnTls() throws Exception {
        oldServer();
        HandshakeCertificates trusting = new HandshakeCertificates.Builder()
                .addTrustedCertificate(AUTHORITY.certificate())
                .build();
        OkHttpClient base = base(Wire.H1)
                .sslSocketFactory(trusting.sslSocketFactory(), trusting.trustManager())
                .build();

        assertThat(body(started(lb(base).scheduler(time).build()), get(Wire.H1)))
                .isEqualTo("old");
        LoadBalancedClient strict = started(lb(base).scheduler(time)
                .defaults(s -> s.tls(TlsSettings.builder().tls13Only().build()))
                .build());
        assertThatExceptionOfType(SSLException.class).isThrownBy(() -> body(strict, get(Wire.H1)));
    }

    /** OkHttp shares connections between calls whose TLS is equal. */
    @Test
    void tls_ofAnotherNameOrVersion_isNotTheSame() {
        SSLSocketFactory sockets = (SSLSocketFactory) SSLSocketFactory.getDefault();
        ServiceTls tls = new ServiceTls(sockets, "orders", false);

        assertThat(tls)
                .isEqualTo(new ServiceTls(sockets, "orders", false))
                .hasSameHashCodeAs(new ServiceTls(sockets, "orders", false))
                .isNotEqualTo(new ServiceTls(sockets, "billing", false))
                .isNotEqualTo(new ServiceTls(sockets, null, false))
                .isNotEqualTo(new ServiceTls(sockets, "orders", true))
                .isNotEqualTo(new ServiceTls(Certificates.server(ORDERS).sslSocketFactory(), "orders", false));
    }

    @Test
    void error_ofAHostThatAnInstanceSentTheCallTo_blamesNoInstance() throws Exception {
        MockWebServer stranger = server("stranger", Certificates.server(Certificates.of(NEXT_AUTHORITY, "stranger")));
        Backend a = backend("a", Wire.H1);
        a.answers(redirect(302, "https://127.0.0.1:" + stranger.getPort() + "/"));
        orders(a);
        LoadBalancedClient client = client(trusting().build(), Wire.H1);

        assertThatExceptionOfType(SSLException.class)
                .isThrownBy(() -> body(client, get(Wire.H1)))
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("instance a"));
        assertThat(a.hits()).isPositive();
    }
}
