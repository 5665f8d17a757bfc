package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** WebSockets are calls that last. */
class WebSocketTest extends Fixture {

    private Backend echo(String name, Wire wire) {
        return backend(name, wire)
                .answers(request -> new MockResponse.Builder()
                        .webSocketUpgrade(new WebSocketListener() {
                            @Override
                            public void onMessage(WebSocket socket, String text) {
                                socket.send(name + ": " + text);
                            }

                            @Override
                            public void onClosing(WebSocket socket, int code, String reason) {
                                socket.close(code, reason);
                            }
                        })
                        .build());
    }

    private static class Events extends WebSocketListener {
        final BlockingQueue<String> queue = new LinkedBlockingQueue<>();

        @Override
        public void onMessage(WebSocket socket, String text) {
            queue.add(text);
        }

        @Override
        public void onClosed(WebSocket socket, int code, String reason) {
            queue.add("closed " + code);
        }

        @Override
        public void onFailure(WebSocket socket, Throwable error, Response response) {
            queue.add("failed " + (response == null ? error : response.code()));
        }

        String next() throws InterruptedException {
            return queue.poll(5, TimeUnit.SECONDS);
        }
    }

    private static Request request(Wire wire) {
        return new Request.Builder()
                .url(wire.tls ? "wss://orders/chat" : "ws://orders/chat")
                .build();
    }

    @ParameterizedTest
    @EnumSource(
            value = Wire.class,
            names = {"H1", "H1_TLS", "H2_TLS"})
    void socket_open_countsAsInFlightUntilItIsClosed(Wire wire) throws Exception {
        orders(echo("a", wire), echo("b", wire));
        LoadBalancedClient client =
                closing(lb(base(wire).build()).strategy(BY_TURNS).build());
        Events first = new Events();
        Events second = new Events();

        WebSocket one = client.newWebSocket(request(wire), first);
        one.send("hi");
        assertThat(first.next()).isEqualTo("a: hi");
        WebSocket two = client.newWebSocket(request(wire), second);
        two.send("hi");
        assertThat(second.next()).isEqualTo("b: hi");
        assertThat(report(client, "a").inFlight()).isEqualTo(1);
        assertThat(report(client, "b").inFlight()).isEqualTo(1);

        one.close(1000, "bye");
        assertThat(first.next()).isEqualTo("closed 1000");
        two.cancel();
        assertThat(second.next()).startsWith("failed");

        assertCounted(client, "a", 1, 0);
        assertCounted(client, "b", 1, 0);
    }

    @Test
    void socket_instanceRefusesConnections_opensOnAnother() throws Exception {
        Backend b = echo("b", Wire.H1);
        discovery.set("orders", RetryTest.refusing("a"), b.instance());
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .service("orders", settings -> settings.attemptTimeout(Duration.ofSeconds(5)))
                .build());
        Events events = new Events();

        WebSocket socket = client.newWebSocket(request(Wire.H1), events);
        socket.send("hi");

        assertThat(events.next()).isEqualTo("b: hi");
        socket.close(1000, null);
        assertThat(events.next()).isEqualTo("closed 1000");
        assertCounted(client, "a", 1, 1);
        assertCounted(client, "b", 1, 0);
    }

    /** The thread that writes our goodbye may still be at it when the one that reads theirs closes the socket. */
    @Test
    void socket_closedWhileTheGoodbyeIsWritten_isNoFailureOfTheInstance() throws Exception {
        orders(echo("a", Wire.H1));
        CountDownLatch theirs = new CountDownLatch(1);
        OkHttpClient client =
                base(Wire.H1).socketFactory(new SlowGoodbyes(theirs)).build();
        LoadBalancedClient balanced = closing(lb(client).build());
        Events events = new Events() {
            @Override
            public void onClosed(WebSocket socket, int code, String reason) {
                theirs.countDown();
                super.onClosed(socket, code, reason);
            }
        };

        WebSocket socket = balanced.newWebSocket(request(Wire.H1), events);
        socket.send("hi");
        assertThat(events.next()).isEqualTo("a: hi");
        socket.close(1000, null);

        assertThat(events.next()).isEqualTo("closed 1000");
        assertCounted(balanced, "a", 1, 0);
    }

    private static final class SlowGoodbyes extends OwnSockets {
        private final CountDownLatch theirs;

        SlowGoodbyes(CountDownLatch theirs) {
            this.theirs = theirs;
        }

        @Override
        public Socket createSocket() {
            return new Socket() {
                @Override
                public OutputStream getOutputStream() throws IOException {
                    return new FilterOutputStream(super.getOutputStream()) {
                        @Override
                        public void write(byte[] bytes, int from, int length) throws IOException {
                            out.write(bytes, from, length);
                            if (bytes[from] == (byte) 0x88) {
                                await().atMost(Duration.ofSeconds(30)).until(() -> theirs.getCount() == 0);
                                throw new SocketException("Socket closed");
                            }
                        }
                    };
                }
            };
        }
    }

    @Test
    void socket_instanceAnswersWithAnError_isNotTriedElsewhere() throws Exception {
        Backend a = backend("a", Wire.H1).answersStatus(503);
        Backend b = echo("b", Wire.H1);
        orders(a, b);
        LoadBalancedClient client = lb(Wire.H1);
        Events events = new Events();

        client.newWebSocket(request(Wire.H1), events);

        assertThat(events.next()).isEqualTo("failed 503");
        assertThat(b.hits()).isZero();
        assertCounted(client, "a", 1, 1);
    }
}
