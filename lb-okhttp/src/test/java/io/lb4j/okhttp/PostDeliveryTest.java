package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceInstance;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ServerSocketFactory;
import okhttp3.OkHttpClient;
import okhttp3.RequestBody;
import okhttp3.Response;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A POST is made again if it was certainly not processed, and in no other case; whatever breaks, it is processed once at most. */
class PostDeliveryTest extends Fixture {
    private static final HandshakeCertificates STRANGER = new HandshakeCertificates.Builder()
            .heldCertificate(new HeldCertificate.Builder()
                    .addSubjectAlternativeName("somebody-else")
                    .build())
            .build();

    /** What an instance does to a POST. */
    interface Deed {
        /** Does it; the task is run when the request is processed. */
        void run(RawServer server, Socket socket, Runnable processed) throws Exception;
    }

    /**
     * A way to fail.
     *
     * @param again whether the call must be made on another instance
     */
    private record Fault(String name, boolean again, Wire wire, ServerSocketFactory sockets, Deed deed) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Fault h1(String name, boolean again, Deed deed) {
        return new Fault("HTTP/1.1, " + name, again, Wire.H1, ServerSocketFactory.getDefault(), deed);
    }

    private static Fault tls(String name, boolean again, ServerSocketFactory sockets, Deed deed) {
        return new Fault("TLS, " + name, again, Wire.H1_TLS, sockets, deed);
    }

    /** A deed after a whole request over HTTP/2. */
    private interface StreamDeed {
        void run(RawHttp2 connection, int stream, Runnable processed) throws Exception;
    }

    private static Fault h2(String name, boolean again, StreamDeed deed) {
        return new Fault(
                "HTTP/2, " + name,
                again,
                Wire.H2_PRIOR_KNOWLEDGE,
                ServerSocketFactory.getDefault(),
                (server, socket, processed) -> {
                    RawHttp2 connection = new RawHttp2(socket);
                    deed.run(connection, connection.readRequest(), processed);
                });
    }

    private static void reset(Socket socket) throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    private static Deed answers(String text) {
        return (server, socket, processed) -> {
            server.readRequest(socket);
            processed.run();
            RawServer.send(socket, text);
        };
    }

    static List<Fault> faults() {
        ServerSocketFactory right = Wire.SERVER.sslContext().getServerSocketFactory();
        return List.of(
                h1("reset before a byte was read", false, (server, socket, processed) -> {
                    // Earlier it may be before the client has sent one, and may be made again.
                    await().until(() -> socket.getInputStream().available() > 0);
                    reset(socket);
                }),
                h1("closed at once", false, (server, socket, processed) -> socket.close()),
                h1("reset after a byte", false, (server, socket, processed) -> {
                    socket.getInputStream().read();
                    reset(socket);
                }),
                h1("reset after the request", false, (server, socket, processed) -> {
                    server.readRequest(socket);
                    processed.run();
                    reset(socket);
                }),
                h1("closed after the request", false, (server, socket, processed) -> {
                    server.readRequest(socket);
                    processed.run();
                }),
                h1("half-closed after the request", false, (server, socket, processed) -> {
                    server.readRequest(socket);
                    processed.run();
                    socket.shutdownOutput();
                    socket.getInputStream().read();
                }),
                h1("half-closed at once, and then processed", false, (server, socket, processed) -> {
                    socket.shutdownOutput();
                    server.readRequest(socket);
                    processed.run();
                }),
                h1("garbage", false, answers("\u0000\u0001 what?\r\n\r\n")),
                h1("half a status line", false, answers("HTTP/1.")),
                h1("headers without an end", false, answers("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n")),
                h1("a body cut short", false, answers("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")),
                h1("500", false, answers("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")),
                h1(
                        "503, retry later",
                        false,
                        answers("HTTP/1.1 503 No\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n")),
                h1("429", false, answers("HTTP/1.1 429 No\r\nContent-Length: 0\r\n\r\n")),
                h1(
                        "408 and the end",
                        false,
                        answers("HTTP/1.1 408 Late\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")),
                h1("no answer in time", false, (server, socket, processed) -> {
                    server.readRequest(socket);
                    processed.run();
                    socket.getInputStream().read();
                }),
                tls("closed in the handshake", true, ServerSocketFactory.getDefault(), (server, socket, processed) -> {
                    socket.getInputStream().read();
                }),
                tls("reset in the handshake", true, ServerSocketFactory.getDefault(), (server, socket, processed) -> {
                    socket.getInputStream().read();
                    reset(socket);
                }),
                tls("no TLS", true, ServerSocketFactory.getDefault(), (server, socket, processed) -> {
                    socket.getInputStream().read();
                    RawServer.send(socket, "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n");
                }),
                tls(
                        "somebody else's certificate",
                        true,
                        STRANGER.sslContext().getServerSocketFactory(),
                        answers("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na")),
                tls("reset after the request", false, right, (server, socket, processed) -> {
                    server.readRequest(socket);
                    processed.run();
                    reset(socket);
                }),
                tls("closed after the request", false, right, (server, socket, processed) -> {
                    server.readRequest(socket);
                    processed.run();
                }),
                h2("REFUSED_STREAM", true, (connection, stream, processed) -> {
                    connection.reset(stream, RawHttp2.REFUSED_STREAM);
                    connection.readRequest();
                }),
                h2("GOAWAY below the stream", true, (connection, stream, processed) -> {
                    connection.goAway(stream - 2);
                    connection.readRequest();
                }),
                h2(
                        "GOAWAY below the stream, and the end",
                        true,
                        (connection, stream, processed) -> connection.goAway(stream - 2)),
                h2("GOAWAY at the stream, and the end", false, (connection, stream, processed) -> {
                    processed.run();
                    connection.goAway(stream);
                }),
                h2("INTERNAL_ERROR", false, (connection, stream, processed) -> {
                    processed.run();
                    connection.reset(stream, RawHttp2.INTERNAL_ERROR);
                    connection.readRequest();
                }),
                h2("CANCEL", false, (connection, stream, processed) -> {
                    processed.run();
                    connection.reset(stream, 8);
                    connection.readRequest();
                }),
                h2("closed after the request", false, (connection, stream, processed) -> processed.run()));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void post_isProcessedOnceAtMost(Fault fault) throws Exception {
        AtomicInteger processed = new AtomicInteger();
        RawServer a = closing(new RawServer(
                "a",
                fault.sockets,
                server -> (connection, socket) -> fault.deed.run(server, socket, processed::incrementAndGet)));
        Backend b = backend("b", fault.wire);
        ServiceInstance first = a.instance().toBuilder().secure(fault.wire.tls).build();
        discovery.set("orders", first, b.instance());
        OkHttpClient base = base(fault.wire)
                .connectTimeout(Duration.ofSeconds(5))
                .readTimeout(Duration.ofSeconds(1))
                .build();
        LoadBalancedClient client = closing(lb(base).build());

        String answer = "none";
        try (Response response = client.newCall(RetryTest.post(fault.wire, RequestBody.create(new byte[3])))
                .execute()) {
            answer = response.body().string();
        } catch (IOException e) {
            // As it should be, unless the call must be made again.
        }

        assertThat(b.hits()).as("calls of another instance").isEqualTo(fault.again ? 1 : 0);
        assertThat(processed.get() + b.hits()).as("processed").isLessThanOrEqualTo(1);
        if (fault.again) {
            assertThat(answer).isEqualTo("b");
        }
        assertIdle(client);
    }
}
