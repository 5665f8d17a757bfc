package io.lb4j.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.lb4j.ServiceInstance;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Over real sockets. */
final class TcpProbeTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String HOST = InetAddress.getLoopbackAddress().getHostAddress();

    private static Probe.Result probe(String host, int port, Duration timeout) throws Exception {
        return Probe.tcp()
                .probe(ServiceInstance.of(host, port), timeout)
                .toCompletableFuture()
                .get(60, TimeUnit.SECONDS);
    }

    @Test
    void probe_ofAListener_connectsAndCloses() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            server.setSoTimeout(10_000);
            assertThat(probe(HOST, server.getLocalPort(), PATIENCE))
                    .isEqualTo(new Probe.Result(true, "connected to " + HOST + ":" + server.getLocalPort()));
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
        assertThat(result.detail())
                .startsWith("connect failed, " + HOST + ":" + port + ": ")
                .containsIgnoringCase("refused");
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
                assertThat(result)
                        .isEqualTo(new Probe.Result(
                                false, "no connection to " + HOST + ":" + server.getLocalPort() + " within PT0.2S"));
                assertThat(System.nanoTime() - start).isGreaterThan(190_000_000L);
            } finally {
                for (Socket socket : filling) {
                    socket.close();
                }
            }
        }
    }

    /** Does to one connection what the test says, and closes it. */
    private interface Script {
        void run(Socket socket) throws Exception;
    }

    /** What the probe finds of a server with this script. */
    private static Probe.Result probe(TcpProbe.Builder probe, Duration timeout, Script script) throws Exception {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            CompletableFuture<Void> served = CompletableFuture.runAsync(
                    () -> {
                        try (Socket socket = server.accept()) {
                            socket.setSoTimeout(60_000);
                            script.run(socket);
                        } catch (Exception e) {
                            throw new IllegalStateException(e);
                        }
                    },
                    task -> new Thread(task, "tcp-server").start());
            Probe.Result result = probe.port(server.getLocalPort())
                    .build()
                    .probe(ServiceInstance.of(HOST, 1), timeout)
                    .toCompletableFuture()
                    .get(60, TimeUnit.SECONDS);
            served.get(60, TimeUnit.SECONDS);
            return new Probe.Result(
                    result.healthy(), result.detail().replace(HOST + ":" + server.getLocalPort(), "server"));
        }
    }

    private static void send(Socket socket, String text) throws Exception {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Reads until the probe has closed. */
    private static String readAll(Socket socket) throws Exception {
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    @Test
    void exchange_sendsAndFindsWhatItExpects() throws Exception {
        TcpProbe.Builder redis = TcpProbe.builder().send("PING\r\n").receive("+PONG");
        assertThat(probe(redis, PATIENCE, socket -> {
                    assertThat(socket.getInputStream().readNBytes(6)).asString().isEqualTo("PING\r\n");
                    send(socket, "+PONG\r\n");
                    readAll(socket);
                }))
                .isEqualTo(new Probe.Result(true, "answer of server as expected"));
        assertThat(probe(redis, PATIENCE, socket -> {
                    socket.getInputStream().readNBytes(6);
                    send(socket, "-LOADING\r\n");
                }))
                .isEqualTo(new Probe.Result(
                        false, "answer of server: '-LOADING..', then closed (expected: '+PONG' within 1024 bytes)"));
    }

    @Test
    void exchange_blocksMustComeInOrder_notSideBySide() throws Exception {
        TcpProbe.Builder probe = TcpProbe.builder().receive("aab").receive("b").receive(new byte[] {0, 1});
        assertThat(probe(probe, PATIENCE, socket -> {
                            for (char c : "xaaab..b.\0\1".toCharArray()) {
                                send(socket, String.valueOf(c));
                            }
                            readAll(socket);
                        })
                        .healthy())
                .isTrue();
        assertThat(probe(probe, PATIENCE, socket -> send(socket, "baab\0\1")).detail())
                .startsWith("answer of server: 'baab..', then closed")
                .endsWith("(expected: 'aab', then 'b', then '..' within 1024 bytes)");
    }

    @Test
    void exchange_readsNoMoreThanItMay() throws Exception {
        TcpProbe.Builder probe = TcpProbe.builder().receive("end").maxRead(10);
        assertThat(probe(probe, PATIENCE, socket -> send(socket, "0123456end")).healthy())
                .isTrue();
        assertThat(probe(probe, PATIENCE, socket -> send(socket, "01234567end")).detail())
                .isEqualTo("answer of server: '01234567en' (expected: 'end' within 10 bytes)");
    }

    @Test
    void exchange_withAServerThatSaysNothing_timesOutAndHangsUp() throws Exception {
        TcpProbe.Builder probe = TcpProbe.builder().send("hello").receive("hello");
        assertThat(probe(
                        probe,
                        Duration.ofMillis(300),
                        socket ->
                                assertThat(readAll(socket)).as("up to the end").isEqualTo("hello")))
                .isEqualTo(new Probe.Result(false, "no answer as expected from server within PT0.3S"));
    }

    @Test
    void exchange_thatExpectsNothing_sendsAll() throws Exception {
        String much = "x".repeat(5_000_000);
        assertThat(probe(
                        TcpProbe.builder().send(much),
                        PATIENCE,
                        socket -> assertThat(readAll(socket)).hasSize(much.length())))
                .isEqualTo(new Probe.Result(true, "connected to server and sent 5000000 bytes"));
    }

    @Test
    void cancel_ofTheStage_hangsUp() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            server.setSoTimeout(60_000);
            CompletableFuture<Probe.Result> verdict = TcpProbe.builder()
                    .receive("never")
                    .build()
                    .probe(ServiceInstance.of(HOST, server.getLocalPort()), Duration.ofDays(1))
                    .toCompletableFuture();
            try (Socket accepted = server.accept()) {
                accepted.setSoTimeout(60_000);
                verdict.cancel(true);
                assertThat(accepted.getInputStream().read()).as("end of stream").isEqualTo(-1);
            }
        }
    }

    @Test
    void probe_ofAName_leavesTheCommonPoolAlone() throws Exception {
        AtomicReference<String> thread = new AtomicReference<>();
        CompletableFuture<Void> told = new CompletableFuture<>();
        NameLookup.resolve(
                "localhost",
                80,
                address -> {
                    thread.set(Thread.currentThread().getName());
                    told.complete(null);
                },
                refused -> {});
        told.get(60, TimeUnit.SECONDS);
        assertThat(thread.get()).isEqualTo("lb4j-name-lookup");
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1, true",
        "0.0.0.0, true",
        "255.249.199.9, true",
        "::1, true",
        "300.1.1.1, false",
        "1.2.3, false",
        "1.2.3.4., false",
        "1.2.3.4.5, false",
        "localhost, false",
        "256.1.1.1, false",
        "1.2.3.a, false"
    })
    void address_isToldFromAName(String host, boolean address) {
        assertThat(NameLookup.isAddress(host)).isEqualTo(address);
    }

    @Test
    void port_isTheOneInTheMetadata() {
        ServiceInstance instance = ServiceInstance.builder("h", 80)
                .id("a")
                .zone("z")
                .metadata(Map.of("health", "81", "odd", "65536"))
                .build();
        assertThat(ProbePort.fromMetadata("health").at(instance))
                .isEqualTo(new ServiceInstance("a", "h", 81, false, 1, "z", 0, instance.metadata()));
        assertThat(ProbePort.fromMetadata("none").at(instance)).isSameAs(instance);
        assertThat(ProbePort.OWN.at(instance)).isSameAs(instance);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ProbePort.fromMetadata("odd").at(instance))
                .withMessage("metadata odd: '65536' (expected: 1 to 65535)");
    }

    @Test
    void builder_badInput_isRefused() {
        TcpProbe.Builder builder = TcpProbe.builder().send("a\n").receive("abc").portFromMetadata("health");
        assertThat(builder.build()).hasToString("TCP, sending 'a.' (expected: 'abc')");
        assertThat(Probe.tcp()).hasToString("TCP");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.receive(""))
                .withMessage("receive: 0 bytes (expected: >= 1)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.maxRead(0))
                .withMessage("maxRead: 0 (expected: 1 to 65536)");
        assertThatIllegalArgumentException().isThrownBy(() -> builder.maxRead(65_537));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.maxRead(2).build())
                .withMessage("maxRead: 2 (expected: >= 3, the bytes to receive)");
        assertThatIllegalArgumentException().isThrownBy(() -> builder.port(65_536));
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
