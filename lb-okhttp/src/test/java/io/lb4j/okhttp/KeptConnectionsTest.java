package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.lb4j.balancer.InstanceReport.State;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ServerSocketFactory;
import javax.net.SocketFactory;
import okhttp3.Dns;
import okhttp3.OkHttpClient;
import okhttp3.RequestBody;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Connections that a server kept and then ends: what a restart looks like to its clients. */
class KeptConnectionsTest extends Fixture {
    private final CountDownLatch ended = new CountDownLatch(1);

    private static ServerSocketFactory sockets(Wire wire) {
        return wire.tls ? Wire.SERVER.sslContext().getServerSocketFactory() : ServerSocketFactory.getDefault();
    }

    /** Answers the first request of its first connection and ends that while it is idle; keeps all others. */
    private RawServer endsIdle(Wire wire, String lastWords) {
        return closing(new RawServer("a", sockets(wire), server -> (connection, socket) -> {
            for (int i = 0; connection > 0 || i == 0; i++) {
                server.readRequest(socket);
                server.answer(socket, "a on connection " + connection);
            }
            RawServer.send(socket, lastWords);
            socket.close();
            ended.countDown();
        }));
    }

    private static String post(LoadBalancedClient client, Wire wire) throws IOException {
        return body(client, RetryTest.post(wire, RequestBody.create(new byte[1])));
    }

    @ParameterizedTest
    @EnumSource(
            value = Wire.class,
            names = {"H1", "H1_TLS"})
    void post_connectionEndedWhileIdle_goesOverANewOne(Wire wire) throws Exception {
        RawServer a = endsIdle(wire, "");
        discovery.set("orders", a.instance().toBuilder().secure(wire.tls).build());
        LoadBalancedClient client = lb(wire);
        assertThat(post(client, wire)).isEqualTo("a on connection 0");
        assertThat(ended.await(5, TimeUnit.SECONDS)).isTrue();

        assertThat(post(client, wire)).isEqualTo("a on connection 1");
        assertThat(post(client, wire)).isEqualTo("a on connection 1");

        assertThat(a.requests()).isEqualTo(3);
        assertCounted(client, "a", 3, 0);
    }

    @Test
    void post_timeoutAnsweredWhileIdle_isNotTakenForItsAnswer() throws Exception {
        RawServer a =
                endsIdle(Wire.H1, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        discovery.set("orders", a.instance());
        LoadBalancedClient client = lb(Wire.H1);
        post(client, Wire.H1);
        assertThat(ended.await(5, TimeUnit.SECONDS)).isTrue();

        assertThat(post(client, Wire.H1)).isEqualTo("a on connection 1");
    }

    /** The control: without the check a POST is lost. */
    @Test
    void post_connectionEndedWhileIdleAndSocketsOfTheUsers_fails() throws Exception {
        RawServer a = endsIdle(Wire.H1, "");
        discovery.set("orders", a.instance());
        OkHttpClient base = base(Wire.H1).socketFactory(new OwnSockets()).build();
        LoadBalancedClient client = closing(lb(base).build());
        post(client, Wire.H1);
        assertThat(ended.await(5, TimeUnit.SECONDS)).isTrue();

        assertThatExceptionOfType(IOException.class).isThrownBy(() -> post(client, Wire.H1));
        assertThat(a.requests()).isEqualTo(1);
    }

    @Test
    void reading_isNotTakenForIdle() throws Exception {
        RawServer a = closing(new RawServer("a", server -> (connection, socket) -> {
            assertThat(socket.getInputStream().read()).isEqualTo(1);
            socket.getOutputStream().write(2);
            socket.getInputStream().read();
        }));
        try (InstanceSocket socket = new InstanceSocket(
                ChannelSockets.insteadOf(SocketFactory.getDefault()),
                Marker.of("orders", "127.0.0.1"),
                a.instance(),
                Dns.SYSTEM,
                null)) {
            assertThat(socket.isClosed()).isFalse();
            socket.connect(new InetSocketAddress(
                    InetAddress.getLoopbackAddress(), a.instance().port()));
            Thread reader = new Thread(() -> {
                try {
                    assertThat(socket.getInputStream().read()).isEqualTo(2);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            reader.start();
            await().until(() -> reader.getState() == Thread.State.RUNNABLE);
            assertThat(socket.isClosed()).isFalse();
            socket.getOutputStream().write(1);
            reader.join(5000);
            assertThat(reader.isAlive()).isFalse();
            assertThat(socket.isClosed()).isFalse();
        }
    }

    @Test
    void byteThatCameEarly_isReadNext() throws Exception {
        CountDownLatch sent = new CountDownLatch(1);
        RawServer a = closing(new RawServer("a", server -> (connection, socket) -> {
            socket.getOutputStream().write(new byte[] {7, 8, 9});
            sent.countDown();
            socket.getInputStream().read();
        }));
        try (InstanceSocket socket = new InstanceSocket(
                ChannelSockets.insteadOf(SocketFactory.getDefault()),
                Marker.of("orders", "127.0.0.1"),
                a.instance(),
                Dns.SYSTEM,
                null)) {
            socket.connect(new InetSocketAddress(
                    InetAddress.getLoopbackAddress(), a.instance().port()));
            InputStream in = socket.getInputStream();
            assertThat(sent.await(5, TimeUnit.SECONDS)).isTrue();
            await().until(() -> in.available() == 3);
            assertThat(socket.isClosed()).isTrue();
            assertThat(socket.isClosed()).isTrue();
            assertThat(in.readNBytes(3)).containsExactly(7, 8, 9);
        }
    }

    @Test
    void connectionClose_onAKeptConnection_keepsNewCallsOff() throws Exception {
        RawServer a = closing(new RawServer("a", server -> (connection, socket) -> {
            server.readRequest(socket);
            server.answer(socket, "a");
            server.readRequest(socket);
            RawServer.send(socket, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\na");
        }));
        Backend b = backend("b", Wire.H1);
        discovery.set("orders", a.instance(), b.instance());
        LoadBalancedClient client = lb(Wire.H1);
        body(client, get(Wire.H1));
        assertThat(report(client, "a").state()).isEqualTo(State.ELIGIBLE);
        body(client, get(Wire.H1));

        await().untilAsserted(() -> assertThat(report(client, "a").state()).isEqualTo(State.DRAINING));
        assertThat(body(client, get(Wire.H1))).isEqualTo("b");
        assertCounted(client, "a", 2, 0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"HTTP/1.0 200 OK\r\nConnection: close\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\n"})
    void connectionClose_asAHabit_isNoGoodbye(String head) throws Exception {
        RawServer a = closing(new RawServer("a", server -> (connection, socket) -> {
            server.readRequest(socket);
            RawServer.send(socket, head + "Content-Length: 1\r\n\r\na");
        }));
        Backend b = backend("b", Wire.H1);
        discovery.set("orders", a.instance(), b.instance());
        LoadBalancedClient client = lb(Wire.H1);

        for (int i = 0; i < 20; i++) {
            assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        }
        assertThat(report(client, "a").state()).isEqualTo(State.ELIGIBLE);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void http2_goAwayOrRefusedStream_keepsNewCallsOff(boolean goAway) throws Exception {
        RawServer a = closing(new RawServer("a", server -> (connection, socket) -> {
            RawHttp2 http2 = new RawHttp2(socket);
            int stream = http2.readRequest();
            if (goAway) {
                http2.goAway(0);
            } else {
                http2.reset(stream, RawHttp2.REFUSED_STREAM);
            }
            http2.readRequest();
        }));
        Backend b = backend("b", Wire.H2_PRIOR_KNOWLEDGE);
        discovery.set("orders", a.instance(), b.instance());
        LoadBalancedClient client = lb(Wire.H2_PRIOR_KNOWLEDGE);

        assertThat(post(client, Wire.H1)).isEqualTo("b");
        await().atMost(Duration.ofSeconds(5))
                .untilAsserted(() -> assertThat(report(client, "a").state()).isEqualTo(State.DRAINING));
        assertThat(post(client, Wire.H1)).isEqualTo("b");
        assertCounted(client, "a", 1, 0);
    }

    @Test
    void interrupt_whileWaitingForTheAnswer_endsTheCallAndIsNoFailure() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        RawServer a = closing(new RawServer("a", server -> (connection, socket) -> {
            server.readRequest(socket);
            asked.countDown();
            socket.getInputStream().read();
        }));
        Backend b = backend("b", Wire.H1);
        discovery.set("orders", a.instance(), b.instance());
        LoadBalancedClient client = lb(Wire.H1);
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread caller = new Thread(() -> {
            try {
                body(client, get(Wire.H1));
            } catch (Throwable e) {
                thrown.set(e);
            }
        });
        caller.start();
        assertThat(asked.await(5, TimeUnit.SECONDS)).isTrue();
        caller.interrupt();
        // Long before the read time-out, which is ten seconds.
        caller.join(5000);

        assertThat(caller.isAlive()).isFalse();
        assertThat(thrown.get()).isInstanceOf(IOException.class);
        assertThat(b.hits()).isZero();
        assertCounted(client, "a", 1, 0);
    }
}
