package io.lb4j.socket;

import static io.lb4j.socket.TestServer.greeting;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.balancer.InstanceReport.State;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The JDK's TLS over a balanced socket, as drivers put it there. */
@Timeout(60)
final class TlsOverSocketTest {
    @TempDir
    private static Path directory;

    private static TestCertificate orders;
    private static TestCertificate other;

    private Service service;

    @BeforeAll
    static void makeCertificates() throws Exception {
        orders = TestCertificate.of(directory, "orders");
        other = TestCertificate.of(directory, "other");
    }

    @AfterEach
    void close() throws Exception {
        service.close();
    }

    /** A server that does with a connection what the handler does, under TLS of this version. */
    private static TestServer tls(String id, TestCertificate certificate, String version, TestServer.Handler handler)
            throws Exception {
        SSLSocketFactory factory = certificate.server().getSocketFactory();
        return new TestServer(id, socket -> {
            SSLSocket secure = (SSLSocket) factory.createSocket(socket, null, socket.getPort(), true);
            secure.setUseClientMode(false);
            secure.setEnabledProtocols(new String[] {version});
            try (secure) {
                handler.handle(secure);
            }
        });
    }

    private static TestServer echo(String id, TestCertificate certificate) throws Exception {
        return tls(id, certificate, "TLSv1.3", echoing(id));
    }

    private static TestServer.Handler echoing(String id) {
        return socket -> {
            socket.getOutputStream().write((id + "\n").getBytes(StandardCharsets.UTF_8));
            socket.getInputStream().transferTo(socket.getOutputStream());
        };
    }

    private Socket balanced(Proof proof) throws IOException {
        return LoadBalancedSocketFactory.of(
                        service.balancer,
                        ConnectionSettings.builder().proof(proof).build())
                .createSocket("orders", 1);
    }

    /** Named as the service, trusting only its certificate, with the name verified. */
    private static SSLSocket secure(Socket below) throws Exception {
        return secure(below, "orders");
    }

    private static SSLSocket secure(Socket below, String host) throws Exception {
        SSLSocketFactory factory = orders.client().getSocketFactory();
        SSLSocket socket = (SSLSocket) factory.createSocket(below, host, 1, true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        return socket;
    }

    @ParameterizedTest
    @EnumSource(Proof.class)
    void tls_overABalancedSocket_isCountedUntilItCloses(Proof proof) throws Exception {
        service = Service.of(Service.IN_ORDER, echo("b", orders));
        service.set(TestServer.refusing("a"), service.servers.get(0).instance());
        Socket below = balanced(proof);
        SSLSocket socket = secure(below);
        socket.setSoTimeout(10_000);
        assertThat(greeting(socket)).isEqualTo("b");
        assertThat(socket.getSession().getPeerHost()).isEqualTo("orders");
        assertThat(socket.getSession().getProtocol()).isEqualTo("TLSv1.3");
        byte[] much = new byte[100_000];
        socket.getOutputStream().write(much);
        assertThat(socket.getInputStream().readNBytes(much.length)).isEqualTo(much);
        assertThat(below.getSoTimeout()).isEqualTo(10_000);
        assertThat(service.inFlight("b")).isEqualTo(1);
        socket.close();
        assertThat(below.isClosed()).isTrue();
        assertThat(service.inFlight("b")).isZero();
        assertThat(service.failures("b")).isZero();
        assertThat(service.failures("a")).isEqualTo(1);
    }

    @Test
    void tls_notTheSocketsToClose_leavesTheConnection() throws Exception {
        service = Service.of(Service.IN_ORDER, echo("a", orders));
        Socket below = balanced(Proof.CONNECT);
        try (Socket socket = orders.client().getSocketFactory().createSocket(below, "orders", 1, false)) {
            assertThat(greeting(socket)).isEqualTo("a");
        }
        assertThat(below.isClosed()).isFalse();
        assertThat(service.inFlight("a")).isEqualTo(1);
        below.close();
        assertThat(service.inFlight("a")).isZero();
    }

    /** The server is well, as far as a balancer of bytes knows: it has answered. */
    @Test
    void hostName_ofAnother_isRefusedAndBlamesNobody() throws Exception {
        service = Service.of(Service.IN_ORDER, echo("a", orders));
        try (SSLSocket socket = secure(balanced(Proof.ANSWER), "elsewhere")) {
            assertThatThrownBy(socket::startHandshake)
                    .isInstanceOf(SSLHandshakeException.class)
                    .hasMessageContaining("elsewhere");
            assertThat(socket.isClosed()).isTrue();
        }
        assertThat(service.inFlight("a")).isZero();
        assertThat(service.failures("a")).isZero();
    }

    @Test
    void certificate_notTrusted_isRefused() throws Exception {
        service = Service.of(Service.IN_ORDER, echo("a", other));
        try (SSLSocket socket = secure(balanced(Proof.ANSWER))) {
            assertThatThrownBy(socket::startHandshake).isInstanceOf(SSLHandshakeException.class);
        }
        assertThat(service.inFlight("a")).isZero();
    }

    private static TestServer answersInTheEnd(String version) throws Exception {
        return tls("a", orders, version, socket -> {
            byte[] all = socket.getInputStream().readAllBytes();
            socket.getOutputStream().write(all);
        });
    }

    @Test
    void halfClose_byThisSide_letsTheAnswerCome() throws Exception {
        service = Service.of(Service.IN_ORDER, answersInTheEnd("TLSv1.3"));
        try (SSLSocket socket = secure(balanced(Proof.ANSWER))) {
            socket.getOutputStream().write(new byte[20_000]);
            socket.shutdownOutput();
            assertThat(socket.isOutputShutdown()).isTrue();
            assertThat(socket.getInputStream().readAllBytes()).hasSize(20_000);
            assertThat(service.inFlight("a")).isEqualTo(1);
        }
        assertThat(service.inFlight("a")).isZero();
        assertThat(service.failures("a")).isZero();
    }

    /** Before TLS 1.3, the end of one direction is the end of both. */
    @Test
    void halfClose_beforeTls13_isTheEnd() throws Exception {
        service = Service.of(Service.IN_ORDER, answersInTheEnd("TLSv1.2"));
        try (SSLSocket socket = secure(balanced(Proof.ANSWER))) {
            socket.getOutputStream().write(new byte[20_000]);
            socket.shutdownOutput();
            assertThat(socket.isOutputShutdown()).isTrue();
            assertThat(socket.getInputStream().readAllBytes()).isEmpty();
        }
        assertThat(service.inFlight("a")).isZero();
        assertThat(service.failures("a")).isZero();
    }

    @Test
    void reset_afterTheHandshake_isAFailureOfTheInstance() throws Exception {
        service = Service.of(Service.IN_ORDER, echo("a", orders));
        try (SSLSocket socket = secure(balanced(Proof.ANSWER))) {
            assertThat(greeting(socket)).isEqualTo("a");
            service.servers.get(0).kill();
            assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(IOException.class);
            assertThat(service.inFlight("a")).as("before this side has closed").isZero();
        }
        assertThat(service.failures("a")).isEqualTo(1);
    }

    @Test
    void reset_duringTheHandshake_ejectsTheInstance() throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.resets("a"), echo("b", orders));
        for (int i = 0; i < 5; i++) {
            try (SSLSocket socket = secure(balanced(Proof.ANSWER))) {
                assertThatThrownBy(socket::startHandshake).isInstanceOfAny(SocketException.class, SSLException.class);
            }
        }
        service.time.runDue();
        assertThat(service.report("a").state()).isEqualTo(State.EJECTED);
        try (SSLSocket socket = secure(balanced(Proof.ANSWER))) {
            assertThat(greeting(socket)).isEqualTo("b");
        }
    }

    @Test
    void handshake_neverAnswered_isATimeoutOfTheInstance() throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.silent("a"));
        try (SSLSocket socket = secure(balanced(Proof.ANSWER))) {
            socket.setSoTimeout(50);
            assertThatThrownBy(socket::startHandshake).isInstanceOf(SocketTimeoutException.class);
        }
        assertThat(service.failures("a")).isEqualTo(1);
        assertThat(service.inFlight("a")).isZero();
    }
}
