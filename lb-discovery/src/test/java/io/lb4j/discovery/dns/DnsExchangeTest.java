package io.lb4j.discovery.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;

/** What TCP can do to a question, against sockets that do it. */
@Timeout(value = 30, unit = TimeUnit.SECONDS)
class DnsExchangeTest {
    private static final Duration TIMEOUT = Duration.ofMillis(200);

    private DatagramSocket udp;
    private ServerSocket tcp;
    private InetSocketAddress server;

    @BeforeEach
    void start() throws IOException {
        InetAddress here = InetAddress.getLoopbackAddress();
        for (int attempt = 0; tcp == null; attempt++) {
            udp = new DatagramSocket(new InetSocketAddress(here, 0));
            try {
                tcp = new ServerSocket(udp.getLocalPort(), 1, here);
            } catch (IOException e) {
                udp.close();
                if (attempt == 20) {
                    throw e;
                }
            }
        }
        server = new InetSocketAddress(here, udp.getLocalPort());
        thread(this::cutShort);
    }

    @AfterEach
    void stop() throws IOException {
        udp.close();
        tcp.close();
    }

    private static void thread(Runnable task) {
        Thread thread = new Thread(task, "fake-dns");
        thread.setDaemon(true);
        thread.start();
    }

    /** Says to each question that the answer doesn't fit. */
    private void cutShort() {
        byte[] buffer = new byte[4096];
        while (!udp.isClosed()) {
            try {
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                udp.receive(packet);
                Message answer = new Message(Arrays.copyOf(buffer, packet.getLength()));
                answer.getHeader().setFlag(Flags.QR);
                answer.getHeader().setFlag(Flags.TC);
                byte[] wire = answer.toWire();
                udp.send(new DatagramPacket(wire, wire.length, packet.getSocketAddress()));
            } catch (IOException e) {
                // Closed, or the client has gone.
            }
        }
    }

    private void assertTimedOut() {
        try (DnsExchange exchange = new DnsExchange(TIMEOUT)) {
            assertThatThrownBy(() -> exchange.ask(server, FakeDns.question("orders.test.")))
                    .isInstanceOf(InterruptedIOException.class)
                    .hasMessage("no answer in time over TCP");
        }
    }

    /** The backlog is full, so that the kernel leaves further connections without an answer. */
    @Test
    void tcp_connectionThatIsNotTaken_isGivenUpInTime() throws IOException {
        List<Socket> filling = new ArrayList<>();
        try {
            boolean full = false;
            while (!full) {
                Socket socket = new Socket();
                filling.add(socket);
                try {
                    socket.connect(server, 500);
                } catch (SocketTimeoutException e) {
                    full = true;
                }
                assertThat(filling).hasSizeLessThan(50);
            }
            assertTimedOut();
        } finally {
            for (Socket socket : filling) {
                socket.close();
            }
        }
    }

    /** Each byte comes in time, and all of them never do. */
    @Test
    void tcp_answerByteByByte_isGivenUpInTime() {
        thread(() -> {
            try (Socket socket = tcp.accept()) {
                DataOutputStream out = new DataOutputStream(socket.getOutputStream());
                out.writeShort(60_000);
                while (true) {
                    out.write(0);
                    TimeUnit.MILLISECONDS.sleep(20);
                }
            } catch (IOException | InterruptedException e) {
                // The client has gone.
            }
        });
        assertTimedOut();
    }

    @Test
    void tcp_connectionThatEndsEarly_isTrouble() {
        thread(() -> {
            try (Socket socket = tcp.accept()) {
                socket.getInputStream().read(new byte[100]);
                new DataOutputStream(socket.getOutputStream()).writeShort(100);
            } catch (IOException e) {
                // The client has gone.
            }
        });
        try (DnsExchange exchange = new DnsExchange(Duration.ofSeconds(10))) {
            assertThatThrownBy(() -> exchange.ask(server, FakeDns.question("orders.test.")))
                    .hasMessage("the connection ended before the answer did");
        }
    }

    @Test
    void closed_asksNobody() {
        DnsExchange exchange = new DnsExchange(TIMEOUT);
        exchange.close();
        assertThatThrownBy(() -> exchange.ask(server, FakeDns.question("orders.test.")))
                .isInstanceOf(IOException.class)
                .hasMessage("closed");
    }
}
