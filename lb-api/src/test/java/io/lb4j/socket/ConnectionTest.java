package io.lb4j.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.net.Socket;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ConnectionTest {
    private final Service service = new Service(Service.IN_ORDER);

    @AfterEach
    void close() throws IOException {
        service.close();
    }

    private Connection made(Proof proof) {
        return Connection.made(
                service.balancer.acquire(PickRequest.plain()),
                proof,
                new Connector(service.balancer, ConnectionSettings.DEFAULT));
    }

    /** Or a program that connects and closes all day would keep the collector busy with sockets that nobody has. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void ended_whileItsSocketIsHeld_isForgottenAtOnce(boolean attachedFirst) {
        service.set(ServiceInstance.builder("127.0.0.1", 1).id("a").build());
        Object socket = new Object();
        Connection connection = made(Proof.CONNECT);
        if (attachedFirst) {
            connection.endWith(socket);
            connection.end();
        } else {
            connection.end();
            connection.endWith(socket);
        }
        WeakReference<Connection> known = new WeakReference<>(connection);
        connection = null;
        try {
            await().atMost(Duration.ofSeconds(30)).until(() -> {
                System.gc();
                return known.get() == null;
            });
        } finally {
            Reference.reachabilityFence(socket);
        }
    }

    @Test
    void attached_toASocketThatIsClosedAlready_endsAtOnce() throws IOException {
        service.set(ServiceInstance.builder("127.0.0.1", 1).id("a").build());
        AttachedSocket socket = new AttachedSocket();
        Connection connection = made(Proof.ANSWER);
        socket.close();
        assertThat(service.inFlight("a")).isEqualTo(1);
        socket.attach(connection);
        assertThat(service.inFlight("a")).isZero();
        assertThat(service.failures("a")).isZero();
    }

    /** A close comes in two steps: the socket's, at which a read in another thread fails, and then the connection's. */
    @Test
    void read_failsWhileThisSideCloses_blamesNobody() throws IOException {
        service.set(ServiceInstance.builder("127.0.0.1", 1).id("a").build());
        Connection connection = made(Proof.ANSWER);
        Socket closed = new Socket();
        closed.close();
        InputStream ended = InputStream.nullInputStream();
        ended.close();
        InputStream failing = new WatchedInput(ended, closed, connection);
        assertThatThrownBy(failing::read).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> failing.read(new byte[1])).isInstanceOf(IOException.class);
        assertThat(connection.isOpen()).isTrue();
        connection.end();
        assertThat(service.failures("a")).isZero();
    }

    @Test
    void memory_ofAKey_doesNotOverruleThePreferred() {
        FlowMemory memory = new FlowMemory(10);
        memory.remember(PickRequest.ofHash(1), "a");
        assertThat(memory.recall(PickRequest.ofHash(1)).preferred()).isEqualTo("a");
        assertThat(memory.recall(PickRequest.ofHash(1).preferring("b")).preferred())
                .isEqualTo("b");
        assertThat(memory.recall(PickRequest.ofHash(2)).preferred()).isNull();
        assertThat(memory.recall(PickRequest.plain()).preferred()).isNull();
    }
}
