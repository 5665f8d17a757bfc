package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ServerSocketFactory;
import javax.net.ssl.SSLSocket;
import okhttp3.Call;
import okhttp3.EventListener;
import okhttp3.Request;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Connections that are open before the first call comes. */
class PrewarmingTest extends Fixture {
    private final AtomicInteger connects = new AtomicInteger();

    private LoadBalancedClient warming(Wire wire, int connections) {
        return closing(lb(base(wire)
                        .eventListenerFactory(call -> new EventListener() {
                            @Override
                            public void connectStart(
                                    Call call, java.net.InetSocketAddress address, java.net.Proxy proxy) {
                                connects.incrementAndGet();
                            }
                        })
                        .build())
                .service("orders", settings -> settings.prewarm(connections))
                .build());
    }

    /** Not just until the server has accepted: a call that comes before the handshake is over opens a connection of its own. */
    private static void awaitWarm(Backend backend) {
        await().until(() -> backend.connections() == 1);
        awaitNoneBeingOpened();
    }

    static void awaitNoneBeingOpened() {
        await().until(() -> Thread.getAllStackTraces().values().stream()
                .flatMap(Arrays::stream)
                .noneMatch(frame -> frame.getMethodName().equals("open")
                        && frame.getClassName().equals(Prewarming.class.getName())));
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void newcomer_itsFirstCallFindsAConnection(Wire wire) throws Exception {
        Backend a = backend("a", wire);
        orders(a);
        LoadBalancedClient client = warming(wire, 1);
        awaitWarm(a);
        assertThat(a.hits()).isZero();

        assertThat(body(client, get(wire))).isEqualTo("a");
        // The user's listener saw no connect, not even that of the warming.
        assertThat(connects).hasValue(0);
        assertThat(a.connections()).isEqualTo(1);
        assertThat(a.hits()).isEqualTo(1);

        Backend b = backend("b", wire);
        orders(b, a);
        awaitWarm(b);
        assertThat(body(client, get(wire))).isEqualTo("b");
        assertThat(connects).hasValue(0);
        assertThat(b.hits()).isEqualTo(1);
        assertCounted(client, "b", 1, 0);
    }

    @Test
    void moreThanOne_areOpenAtTheSameTime() throws Exception {
        List<Integer> read = new CopyOnWriteArrayList<>();
        AtomicInteger open = new AtomicInteger();
        RawServer a = closing(new RawServer("a", server -> (connection, socket) -> {
            open.incrementAndGet();
            read.add(socket.getInputStream().read());
        }));
        discovery.set("orders", a.instance());
        LoadBalancedClient client = warming(Wire.H1, 3);
        await().until(() -> open.get() == 3);
        client.close();
        // Not a byte came over any of them before its end.
        await().until(() -> read.size() == 3);
        assertThat(read).containsOnly(-1);
    }

    @Test
    void handshake_isDoneToo() throws Exception {
        AtomicInteger handshakes = new AtomicInteger();
        ServerSocketFactory tls = Wire.SERVER.sslContext().getServerSocketFactory();
        RawServer a = closing(new RawServer("a", tls, server -> (connection, socket) -> {
            ((SSLSocket) socket).startHandshake();
            handshakes.incrementAndGet();
            server.readRequest(socket);
            server.answer(socket, "a on connection " + connection);
        }));
        discovery.set("orders", a.instance().toBuilder().secure(true).build());
        LoadBalancedClient client = warming(Wire.H1_TLS, 1);
        await().until(() -> handshakes.get() == 1);
        assertThat(body(client, get(Wire.H1_TLS))).isEqualTo("a on connection 0");
    }

    @Test
    void http2_oneIsAllThereIs() throws Exception {
        Backend a = backend("a", Wire.H2_PRIOR_KNOWLEDGE);
        orders(a);
        LoadBalancedClient client = warming(Wire.H2_PRIOR_KNOWLEDGE, 5);
        awaitWarm(a);
        body(client, get(Wire.H2_PRIOR_KNOWLEDGE));
        assertThat(a.connections()).isEqualTo(1);
    }

    @Test
    void portOfTheUrl_isThatOfTheLastCall() throws Exception {
        Backend a = backend("a", Wire.H1);
        orders(a);
        LoadBalancedClient client = warming(Wire.H1, 1);
        Request request = new Request.Builder().url("http://orders:8080/").build();
        assertThat(body(client, request)).isEqualTo("a");
        int before = connects.get();
        Backend b = backend("b", Wire.H1);
        orders(b, a);
        awaitWarm(b);
        assertThat(body(client, request)).isEqualTo("b");
        assertThat(connects).hasValue(before);
    }

    @Test
    void newcomer_drainingOrDead_isLeftAlone() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend b = backend("b", Wire.H1);
        discovery.set("orders", a.instance().toBuilder().weight(0).build(), RetryTest.refusing("dead"), b.instance());
        LoadBalancedClient client = warming(Wire.H1, 1);
        awaitWarm(b);
        assertThat(a.connections()).isZero();
        assertThat(report(client, "dead").failures()).isZero();
        assertThat(body(client, get(Wire.H1))).isEqualTo("b");
    }

    @Test
    void newcomerThatLeaves_keepsNoConnection() throws Exception {
        AtomicInteger closed = new AtomicInteger();
        AtomicInteger open = new AtomicInteger();
        RawServer a = closing(new RawServer("a", server -> (connection, socket) -> {
            open.incrementAndGet();
            socket.getInputStream().read();
            closed.incrementAndGet();
        }));
        Backend b = backend("b", Wire.H1);
        discovery.set("orders", a.instance(), b.instance());
        LoadBalancedClient client = warming(Wire.H1, 1);
        await().until(() -> open.get() == 1);
        discovery.set("orders", b.instance());
        await().until(() -> closed.get() == 1);
        assertThat(body(client, get(Wire.H1))).isEqualTo("b");
    }

    @Test
    void prewarm_outOfRange_isRefused() {
        assertThatThrownBy(() -> lb(base(Wire.H1).build())
                        .defaults(settings -> settings.prewarm(6))
                        .build())
                .hasMessage("prewarm: 6 (expected: 0 to 5)");
    }
}
