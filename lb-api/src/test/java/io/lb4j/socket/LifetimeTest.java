package io.lb4j.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.ServiceInstance;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class LifetimeTest {
    private final List<String> events = new ArrayList<>();
    private final Lifetime told = Lifetime.DEFAULT.withListener((connection, instance, reason) ->
            events.add(instance.id() + " " + reason + (((Socket) connection).isClosed() ? " closed" : "")));
    private Service service;
    private ServiceInstance a;
    private ServiceInstance b;

    @BeforeEach
    void open() throws IOException {
        service = Service.of(Service.LEAST, TestServer.echo("a"), TestServer.echo("b"));
        a = service.servers.get(0).instance();
        b = service.servers.get(1).instance();
    }

    @AfterEach
    void nothingLeaks() throws IOException {
        service.close();
        service.time.advance(Duration.ofSeconds(1));
        assertThat(service.time.pending()).as("timers").isZero();
    }

    private LoadBalancedSocketFactory sockets(Lifetime lifetime) {
        return LoadBalancedSocketFactory.of(
                service.balancer,
                ConnectionSettings.builder()
                        .lifetime(lifetime)
                        .scheduler(service.time)
                        .ticker(service.time)
                        .random(new SplittableRandom(1))
                        .build());
    }

    private static List<Socket> open(LoadBalancedSocketFactory sockets, int count) throws IOException {
        List<Socket> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(sockets.createSocket("orders", 1));
        }
        return all;
    }

    private static void close(List<Socket> sockets) throws IOException {
        for (Socket each : sockets) {
            each.close();
        }
    }

    private static long expired(List<Socket> sockets) {
        return sockets.stream().filter(LoadBalancedSocketFactory::isExpired).count();
    }

    @Test
    void maxAge_reached_isToldOnceAndSpread() throws Exception {
        List<Socket> sockets = open(sockets(told.withMaxAge(Duration.ofSeconds(100))), 200);
        service.time.advance(Duration.ofSeconds(89));
        assertThat(expired(sockets)).isZero();
        service.time.advance(Duration.ofSeconds(11));
        assertThat(expired(sockets)).as("half way through the spread").isBetween(60L, 140L);
        service.time.advance(Duration.ofSeconds(11));
        assertThat(expired(sockets)).isEqualTo(200);
        service.time.advance(Duration.ofMinutes(5));
        assertThat(events).hasSize(200).containsOnly("a AGE", "b AGE");
        assertThat(sockets).as("none is closed by force").noneMatch(Socket::isClosed);
        close(sockets);
    }

    @Test
    void grace_over_closesByForceAndBlamesNobody() throws Exception {
        List<Socket> sockets =
                open(sockets(told.withMaxAge(Duration.ofSeconds(10)).withGrace(Duration.ofSeconds(5))), 2);
        service.time.advance(Duration.ofSeconds(12));
        assertThat(expired(sockets)).isEqualTo(2);
        assertThat(sockets).noneMatch(Socket::isClosed);
        service.time.advance(Duration.ofSeconds(6));
        assertThat(sockets).allMatch(Socket::isClosed);
        assertThat(service.inFlight("a") + service.inFlight("b")).isZero();
        assertThat(service.failures("a") + service.failures("b")).isZero();
    }

    @Test
    void instance_drainsOrGoes_expiresItsConnections() throws Exception {
        List<Socket> sockets = open(sockets(told), 2);
        service.time.advance(Duration.ofSeconds(5));
        assertThat(expired(sockets)).isZero();
        service.set(a.toBuilder().weight(0).build(), b);
        service.time.advance(Duration.ofSeconds(1));
        assertThat(events).containsExactly("a DRAINING");
        service.set(a);
        service.time.advance(Duration.ofSeconds(1));
        assertThat(events).containsExactly("a DRAINING", "b GONE");
        assertThat(expired(sockets)).isEqualTo(2);
        close(sockets);
    }

    @Test
    void drain_off_leavesConnectionsOfGoneInstances() throws Exception {
        List<Socket> sockets = open(sockets(told.withDrain(false).withGrace(Duration.ZERO)), 2);
        service.set(a);
        service.time.advance(Duration.ofSeconds(60));
        assertThat(sockets).noneMatch(Socket::isClosed);
        assertThat(events).isEmpty();
        close(sockets);
    }

    @Test
    void listener_closesOrThrows_harmsNothing() throws Exception {
        List<Socket> sockets = open(
                sockets(Lifetime.DEFAULT
                        .withMaxAge(Duration.ofSeconds(1))
                        .withListener((connection, instance, reason) -> {
                            try {
                                connection.close();
                            } catch (IOException e) {
                                throw new IllegalStateException(e);
                            }
                            throw new IllegalStateException("thrown by a test");
                        })),
                3);
        service.time.advance(Duration.ofSeconds(3));
        assertThat(sockets).allMatch(Socket::isClosed);
        assertThat(service.inFlight("a") + service.inFlight("b")).isZero();
    }

    @Test
    void scheduler_refusesToWork_connectionsAreMadeAllTheSame() throws Exception {
        LoadBalancedSocketFactory sockets = LoadBalancedSocketFactory.of(
                service.balancer,
                ConnectionSettings.builder()
                        .lifetime(told)
                        .scheduler((task, delay) -> {
                            throw new RejectedExecutionException("shut down by a test");
                        })
                        .build());
        try (Socket socket = sockets.createSocket("orders", 1)) {
            assertThat(TestServer.greeting(socket)).isEqualTo("a");
            assertThat(service.inFlight("a")).isEqualTo(1);
        }
        assertThat(service.inFlight("a")).isZero();
    }

    @Test
    void settings_outOfRange_areRefused() {
        assertThatThrownBy(() -> Lifetime.DEFAULT.withMaxAge(Duration.ZERO))
                .hasMessage("maxAge: PT0S (expected: 1 s to 365 days, or null)");
        assertThatThrownBy(() -> Lifetime.DEFAULT.withGrace(Duration.ofSeconds(-1)))
                .hasMessage("grace: PT-1S (expected: 0 to 365 days, or null)");
        assertThat(Lifetime.DEFAULT.withGrace(null).withMaxAge(null)).isEqualTo(Lifetime.DEFAULT);
        assertThatThrownBy(() -> ConnectionSettings.builder()
                        .connectTimeout(Duration.ZERO)
                        .build())
                .hasMessageStartingWith("connectTimeout: PT0S (expected: 1 ms to ");
        assertThatThrownBy(() -> ConnectionSettings.builder()
                        .attemptTimeout(Duration.ofDays(30))
                        .build())
                .hasMessageStartingWith("attemptTimeout: ");
        assertThatThrownBy(() -> ConnectionSettings.builder().rememberedKeys(-1).build())
                .hasMessage("rememberedKeys: -1 (expected: >= 0)");
    }
}
