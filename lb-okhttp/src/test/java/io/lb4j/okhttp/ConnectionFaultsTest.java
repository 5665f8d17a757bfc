package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.net.SocketException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import okhttp3.ConnectionSpec;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Connections that break at the worst moment, byte for byte. */
class ConnectionFaultsTest extends Fixture {

    /** Answers the first request of a connection, reads the second and closes. */
    private RawServer closesAfterReading(String name) {
        return closing(new RawServer(name, server -> (connection, socket) -> {
            server.readRequest(socket);
            server.answer(socket, name);
            server.readRequest(socket);
        }));
    }

    @Test
    void post_pooledConnectionClosedAfterReading_isDeliveredOnceAndFails() throws Exception {
        RawServer a = closesAfterReading("a");
        Backend b = backend("b", Wire.H1);
        discovery.set("orders", a.instance(), b.instance());
        LoadBalancedClient client = lb(Wire.H1);
        assertThat(body(client, get(Wire.H1))).isEqualTo("a");

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> body(client, RetryTest.post(Wire.H1, RequestBody.create(new byte[1]))))
                .withMessageContaining("unexpected end of stream");

        assertThat(a.requests()).isEqualTo(2);
        assertThat(b.hits()).isZero();
        // Idle connections get closed; that is no failure of the instance.
        assertCounted(client, "a", 2, 0);
    }

    @Test
    void get_pooledConnectionClosed_isAnsweredByAnotherAndHeldAgainstNobody() throws Exception {
        RawServer a = closesAfterReading("a");
        Backend b = backend("b", Wire.H1);
        discovery.set("orders", a.instance(), b.instance());
        LoadBalancedClient client = lb(Wire.H1);
        body(client, get(Wire.H1));

        assertThat(body(client, get(Wire.H1))).isEqualTo("b");

        assertCounted(client, "a", 2, 0);
        assertCounted(client, "b", 1, 0);
    }

    @Test
    void get_pooledConnectionClosedAndNoOtherInstance_isAnsweredOverANewConnection() throws Exception {
        RawServer a = closesAfterReading("a");
        discovery.set("orders", a.instance());
        LoadBalancedClient client = lb(Wire.H1);
        body(client, get(Wire.H1));

        assertThat(body(client, get(Wire.H1))).isEqualTo("a");

        assertThat(a.requests()).isEqualTo(3);
        assertCounted(client, "a", 3, 0);
    }

    @Test
    void get_newConnectionClosedWithoutAnAnswer_countsAgainstTheInstance() throws Exception {
        RawServer a = closing(new RawServer("a", server -> (connection, socket) -> server.readRequest(socket)));
        Backend b = backend("b", Wire.H1);
        discovery.set("orders", a.instance(), b.instance());
        LoadBalancedClient client = lb(Wire.H1);

        assertThat(body(client, get(Wire.H1))).isEqualTo("b");

        assertCounted(client, "a", 1, 1);
    }

    @Test
    void body_cutShort_failsAndCountsAgainstTheInstance() throws Exception {
        RawServer a = closing(new RawServer("a", server -> (connection, socket) -> {
            server.readRequest(socket);
            RawServer.send(socket, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
        }));
        Backend b = backend("b", Wire.H1);
        discovery.set("orders", a.instance(), b.instance());
        LoadBalancedClient client = lb(Wire.H1);

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> body(client, get(Wire.H1)))
                .withMessageContaining("unexpected end of stream");

        assertThat(b.hits()).isZero();
        assertCounted(client, "a", 1, 1);
    }

    @Test
    void body_closedUnread_countsAsSuccess() throws Exception {
        RawServer a = closing(new RawServer("a", server -> (connection, socket) -> {
            server.readRequest(socket);
            RawServer.send(socket, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
            socket.getInputStream().read();
        }));
        discovery.set("orders", a.instance());
        LoadBalancedClient client = lb(Wire.H1);

        client.newCall(get(Wire.H1)).execute().close();

        assertCounted(client, "a", 1, 0);
    }

    @Test
    void post_answeredWhileUploading_givesThatAnswerAndIsNotSentAgain() throws Exception {
        RawServer a = closing(new RawServer("a", server -> (connection, socket) -> {
            byte[] some = new byte[1000];
            int read = socket.getInputStream().read(some);
            assertThat(read).isPositive();
            server.counted();
            RawServer.send(socket, "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy");
            socket.shutdownOutput();
            socket.getInputStream().readAllBytes();
        }));
        Backend b = backend("b", Wire.H1);
        discovery.set("orders", a.instance(), b.instance());
        LoadBalancedClient client = lb(Wire.H1);

        try (Response response = client.newCall(RetryTest.post(Wire.H1, RequestBody.create(new byte[4_000_000])))
                .execute()) {
            assertThat(response.code()).isEqualTo(503);
            assertThat(response.body().string()).isEqualTo("busy");
        }
        assertThat(b.hits()).isZero();
        assertCounted(client, "a", 1, 1);
    }

    @Test
    void post_connectionResetWhileUploading_isNotSentAgain() throws Exception {
        RawServer a = closing(new RawServer("a", server -> (connection, socket) -> {
            assertThat(socket.getInputStream().read()).isPositive();
            socket.setSoLinger(true, 0);
        }));
        Backend b = backend("b", Wire.H1);
        discovery.set("orders", a.instance(), b.instance());
        LoadBalancedClient client = lb(Wire.H1);

        assertThatExceptionOfType(SocketException.class)
                .isThrownBy(() -> body(client, RetryTest.post(Wire.H1, RequestBody.create(new byte[4_000_000]))));
        assertThat(b.hits()).isZero();
        assertCounted(client, "a", 1, 1);
    }

    @ParameterizedTest
    @ValueSource(ints = {RawHttp2.REFUSED_STREAM, -1})
    void http2_streamRefusedUnprocessed_isSentToAnotherWhateverTheMethod(int code) throws Exception {
        RawServer a = closing(new RawServer("a", server -> (connection, socket) -> {
            RawHttp2 http2 = new RawHttp2(socket);
            int stream = http2.readRequest();
            server.counted();
            if (code == RawHttp2.REFUSED_STREAM) {
                http2.reset(stream, code);
            } else {
                http2.goAway(0);
            }
            http2.answer(http2.readRequest(), "a");
        }));
        Backend b = backend("b", Wire.H2_PRIOR_KNOWLEDGE);
        discovery.set("orders", a.instance(), b.instance());
        LoadBalancedClient client = lb(Wire.H2_PRIOR_KNOWLEDGE);

        assertThat(body(client, RetryTest.post(Wire.H1, RequestBody.create(new byte[1]))))
                .isEqualTo("b");

        assertThat(a.requests()).isEqualTo(1);
        assertThat(b.hits()).isEqualTo(1);
        assertCounted(client, "a", 1, 0);
    }

    @Test
    void http2_streamRefusedAndOneShotBody_fails() throws Exception {
        RawServer a = closing(new RawServer("a", server -> (connection, socket) -> {
            RawHttp2 http2 = new RawHttp2(socket);
            http2.reset(http2.readRequest(), RawHttp2.REFUSED_STREAM);
            http2.readRequest();
        }));
        Backend b = backend("b", Wire.H2_PRIOR_KNOWLEDGE);
        discovery.set("orders", a.instance(), b.instance());
        LoadBalancedClient client = lb(Wire.H2_PRIOR_KNOWLEDGE);
        Bodies body = Bodies.oneShot();

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> body(client, RetryTest.post(Wire.H1, body)))
                .withMessageContaining("REFUSED_STREAM");
        assertThat(b.hits()).isZero();
    }

    @Test
    void http2_streamFailed_isSentToAnotherIfIdempotent() throws Exception {
        RawServer a = closing(new RawServer("a", server -> (connection, socket) -> {
            RawHttp2 http2 = new RawHttp2(socket);
            while (true) {
                http2.reset(http2.readRequest(), RawHttp2.INTERNAL_ERROR);
                server.counted();
            }
        }));
        Backend b = backend("b", Wire.H2_PRIOR_KNOWLEDGE);
        discovery.set("orders", a.instance(), b.instance());
        LoadBalancedClient client = lb(Wire.H2_PRIOR_KNOWLEDGE);

        assertThat(body(client, get(Wire.H1))).isEqualTo("b");
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> body(client, RetryTest.post(Wire.H1, RequestBody.create(new byte[1]))))
                .withMessageContaining("INTERNAL_ERROR");
        assertThat(b.hits()).isEqualTo(1);
        // The second time over a connection that served before, which excuses nothing.
        assertCounted(client, "a", 2, 2);
    }

    @Test
    void http2_readTimeout_goesToAnotherAndKeepsTheConnection() throws Exception {
        RawServer a = closing(new RawServer("a", server -> (connection, socket) -> {
            RawHttp2 http2 = new RawHttp2(socket);
            http2.readRequest();
            server.counted();
            http2.answer(http2.readRequest(), "a on connection " + connection);
            http2.readRequest();
        }));
        Backend b = backend("b", Wire.H2_PRIOR_KNOWLEDGE);
        discovery.set("orders", a.instance(), b.instance());
        LoadBalancedClient client = closing(lb(base(Wire.H2_PRIOR_KNOWLEDGE)
                        .readTimeout(1000, TimeUnit.MILLISECONDS)
                        .build())
                .build());

        assertThat(body(client, get(Wire.H1))).isEqualTo("b");
        assertThat(body(client, get(Wire.H1))).isEqualTo("a on connection 0");
        assertCounted(client, "a", 2, 1);
    }

    @Test
    void call_nothingTried_countsAgainstNobody() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        LoadBalancedClient client = closing(lb(base(Wire.H1)
                        .connectionSpecs(List.of(ConnectionSpec.MODERN_TLS))
                        .build())
                .build());

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() ->
                        body(client, new Request.Builder().url("http://orders/").build()))
                .withMessageContaining("CLEARTEXT");
        assertCounted(client, "a", 1, 0);
        assertCounted(client, "b", 0, 0);
    }
}
