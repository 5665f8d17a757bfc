package io.lb4j.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.ServiceInstance;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Over real sockets. */
final class TcpProbeTest {
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final String HOST = InetAddress.getLoopbackAddress().getHostAddress();

    private static Probe.Result probe(String host, int port, Duration timeout) throws Exception {
        return Probe.tcp()
                .probe(ServiceInstance.of(host, port), timeout)
                .toCompletableFuture()
                .get(10, TimeUnit.SECONDS);
    }

    @Test
    void probe_ofAListener_connectsAndCloses() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            server.setSoTimeout(10_000);
            assertThat(probe(HOST, server.getLocalPort(), PATIENCE)).isEqualTo(new Probe.Result(true, "connected"));
            try (Socket accepted = server.accept()) {
                accepted.setSoTimeout(10_000);
                assertThat(accepted.getInputStream().read()).as("end of stream").isEqualTo(-1);
            }
        }
    }

    @Test
    void probe_ofAClosedPort_isRefused() throws Exception {
        int port;
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            port = server.getLocalPort();
        }
        Probe.Result result = probe(HOST, port, PATIENCE);
        assertThat(result.healthy()).isFalse();
        assertThat(result.detail()).startsWith("connect failed: ").containsIgnoringCase("refused");
    }

    @Test
    void probe_ofAHostWithoutAddress_saysSo() throws Exception {
        assertThat(probe("no-such-host.invalid", 80, PATIENCE))
                .isEqualTo(new Probe.Result(false, "unknown host no-such-host.invalid"));
    }

    @Test
    void probe_ofAFullBacklog_givesUpAfterTheTimeout() throws Exception {
        try (ServerSocket server = new ServerSocket()) {
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1);
            List<Socket> filling = new ArrayList<>();
            try {
                fill(server, filling);
                long start = System.nanoTime();
                Probe.Result result = probe(HOST, server.getLocalPort(), Duration.ofMillis(200));
                assertThat(result).isEqualTo(new Probe.Result(false, "no connection within PT0.2S"));
                assertThat(System.nanoTime() - start).isGreaterThan(190_000_000L);
            } finally {
                for (Socket socket : filling) {
                    socket.close();
                }
            }
        }
    }

    /** Nobody accepts, so the kernel stops answering once the backlog is full. */
    private static void fill(ServerSocket server, List<Socket> filling) throws Exception {
        for (int i = 0; i < 10; i++) {
            Socket socket = new Socket();
            filling.add(socket);
            try {
                socket.connect(server.getLocalSocketAddress(), 300);
            } catch (SocketTimeoutException full) {
                return;
            }
        }
    }
}
