package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Instances, services and connections that come and go. */
class LifecycleTest extends Fixture {

    @ParameterizedTest
    @EnumSource(Wire.class)
    void instance_removedWithACallInFlight_finishesItAndKeepsNoConnection(Wire wire) throws Exception {
        Backend a = backend("a", wire);
        Backend b = backend("b", wire);
        orders(a, b);
        CountingSockets sockets = new CountingSockets();
        LoadBalancedClient client =
                closing(lb(base(wire).socketFactory(sockets).build()).build());
        body(client, get(wire));
        Response inFlight = client.newCall(get(wire)).execute();
        assertThat(sockets.open()).isEqualTo(1);

        orders(b);
        await().until(() -> client.balancer("orders").instances().size() == 1);

        assertThat(inFlight.body().string()).isEqualTo("a");
        await().atMost(Duration.ofSeconds(5)).until(() -> sockets.open() == 0);
        assertThat(body(client, get(wire))).isEqualTo("b");
    }

    @Test
    void instance_movedToAnotherAddress_isCalledThereOverNewConnections() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend moved = backend("moved", Wire.H1);
        orders(a);
        LoadBalancedClient client = lb(Wire.H1);
        body(client, get(Wire.H1));

        discovery.set("orders", moved.instance().toBuilder().id("a").build());
        await().until(() ->
                client.balancer("orders").instances().get(0).instance().port() == moved.port());

        assertThat(body(client, get(Wire.H1))).isEqualTo("moved");
    }

    @Test
    void close_connections_areClosedToo() throws Exception {
        orders(backend("a", Wire.H1), backend("b", Wire.H1));
        CountingSockets sockets = new CountingSockets();
        LoadBalancedClient client =
                closing(lb(base(Wire.H1).socketFactory(sockets).build())
                        .strategy(BY_TURNS)
                        .build());
        body(client, get(Wire.H1));
        body(client, get(Wire.H1));
        Response inFlight = client.newCall(get(Wire.H1)).execute();
        assertThat(sockets.open()).isEqualTo(2);

        client.close();

        await().until(() -> sockets.open() == 1);
        inFlight.close();
        await().until(() -> sockets.open() == 0);
    }

    @Test
    void connections_ofManyInstances_areAllKept() throws Exception {
        // OkHttp's default pool would keep five for all of them together.
        List<ServiceInstance> instances = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            instances.add(backend("i" + i, Wire.H1).instance());
        }
        discovery.set("orders", instances);
        CountingSockets sockets = new CountingSockets();
        LoadBalancedClient client =
                closing(lb(base(Wire.H1).socketFactory(sockets).build())
                        .strategy(BY_TURNS)
                        .build());

        for (int i = 0; i < 40; i++) {
            body(client, get(Wire.H1));
        }
        assertThat(sockets.made()).isEqualTo(8);
    }

    @Test
    void instanceHost_severalAddresses_connectsToTheFirstThatAnswers() throws Exception {
        Backend a = backend("a", Wire.H1);
        discovery.set(
                "orders", ServiceInstance.builder("host.test", a.port()).id("a").build());
        OkHttpClient base = base(Wire.H1)
                .dns(host -> {
                    assertThat(host).isEqualTo("host.test");
                    return List.of(
                            InetAddress.getByAddress(new byte[] {127, 0, 0, 9}),
                            InetAddress.getByAddress(new byte[] {127, 0, 0, 1}));
                })
                .build();
        LoadBalancedClient client =
                closing(lb(base).service("orders", settings -> settings.emptyListGrace(Duration.ZERO))
                        .build());

        assertThat(body(client, get(Wire.H1))).isEqualTo("a");

        discovery.set("orders", List.of());
        await().until(() -> client.balancer("orders").instances().isEmpty());
        discovery.set(
                "orders",
                ServiceInstance.builder("host.test", RetryTest.refusing("x").port())
                        .id("b")
                        .build());
        await().until(() -> client.balancer("orders").instances().size() == 1);
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> body(client, get(Wire.H1)))
                .satisfies(e -> assertThat(e.getCause().getSuppressed()).hasSize(1));
    }

    @Test
    void firstSnapshot_neverComing_isNotHeldByCallersThatGaveUp() throws Exception {
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .defaults(settings -> settings.firstSnapshotTimeout(Duration.ofMillis(10)))
                .build());
        List<WeakReference<Thread>> callers = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            Thread caller = new Thread(() -> assertThatExceptionOfType(ServiceUnavailableException.class)
                    .isThrownBy(() -> body(client, get(Wire.H1))));
            callers.add(new WeakReference<>(caller));
            caller.start();
            caller.join(5000);
        }

        await().atMost(Duration.ofSeconds(50)).until(() -> {
            System.gc();
            return callers.stream().allMatch(each -> each.refersTo(null));
        });
        client.balancer("orders");
    }

    @Test
    void services_madeUpByUrls_areBounded() throws Exception {
        orders(backend("a", Wire.H1));
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .defaults(settings -> settings.firstSnapshotTimeout(Duration.ZERO))
                .build());
        client.balancer("orders").ready().toCompletableFuture().join();
        assertThat(body(client, get(Wire.H1))).isEqualTo("a");

        for (int i = 0; i < 3 * Services.MAX_UNNAMED; i++) {
            String name = "made-up-" + i;
            if (i % 2 == 0) {
                discovery.unknown(name, "never heard of it");
            }
            assertThatExceptionOfType(ServiceUnavailableException.class)
                    .isThrownBy(() -> body(
                            client,
                            new Request.Builder().url("http://" + name + "/").build()));
        }

        int watches = 0;
        for (int i = 0; i < 3 * Services.MAX_UNNAMED; i++) {
            watches += discovery.watches("made-up-" + i);
        }
        assertThat(watches).isLessThanOrEqualTo(Services.MAX_UNNAMED);
        client.balancer("orders").ready().toCompletableFuture().join();
        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
    }

    @Test
    void services_allInUse_refuseOneMore() throws Exception {
        Backend a = backend("a", Wire.H1);
        LoadBalancedClient client =
                closing(lb(base(Wire.H1).build()).maxUnnamed(10).build());
        List<Response> open = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            discovery.set("s" + i, a.instance());
            open.add(client.newCall(
                            new Request.Builder().url("http://s" + i + "/").build())
                    .execute());
        }
        Request more = new Request.Builder().url("http://more/").build();

        for (int i = 0; i < 3; i++) {
            assertThatExceptionOfType(ServiceUnavailableException.class)
                    .isThrownBy(() -> body(client, more))
                    .withMessageContaining("service more would be one more than the 10");
        }

        open.get(7).close();
        discovery.set("more", a.instance());
        await().until(() -> client.balancer("s8").instances().get(0).inFlight() == 1);
        assertThat(body(client, more)).isEqualTo("a");
        assertThat(discovery.watches("s7")).isZero();
        open.forEach(Response::close);
    }

    @Test
    void build_oneServiceCannotStart_closesTheOthers() {
        var broken = new ServiceDiscovery() {
            @Override
            public Watch watch(String service, Listener listener) {
                if (service.equals("billing")) {
                    throw new IllegalStateException("no billing");
                }
                return discovery.watch(service, listener);
            }

            @Override
            public void close() {}
        };
        org.assertj.core.api.Assertions.assertThatIllegalStateException()
                .isThrownBy(() -> LoadBalancedClient.builder(base(Wire.H1).build())
                        .discovery(broken)
                        .service("orders")
                        .service("billing")
                        .build())
                .withMessage("no billing");
        assertThat(discovery.watches("orders")).isZero();
    }

    /** A user's own socket factory, which must keep making the sockets. */
    private static final class CountingSockets extends OwnSockets {
        private final List<Socket> sockets = new CopyOnWriteArrayList<>();

        long open() {
            return sockets.stream().filter(each -> !each.isClosed()).count();
        }

        int made() {
            return sockets.size();
        }

        @Override
        public Socket createSocket() {
            Socket socket = new Socket();
            sockets.add(socket);
            return socket;
        }
    }
}
