package io.lb4j.discovery.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Discoveries;
import io.lb4j.discovery.Recorder;
import io.lb4j.discovery.Registrar;
import io.lb4j.discovery.Registration;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.apache.curator.x.discovery.ServiceDiscoveryBuilder;
import org.apache.zookeeper.data.Stat;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Discovery and registration against a real server, together with Curator's own. */
class ZooKeeperTest {
    private static final Duration TTL = Duration.ofSeconds(1);

    /** One for all who leave it running; what they put into it goes when they end. */
    private static ZooKeeperServer server;

    private final Recorder recorder = new Recorder();
    private final List<AutoCloseable> open = new ArrayList<>();
    private CuratorFramework client;

    private static ConditionFactory await() {
        return Awaitility.await().atMost(Duration.ofSeconds(20)).pollInterval(Duration.ofMillis(10));
    }

    @BeforeAll
    static void startServer(@TempDir Path directory) {
        server = new ZooKeeperServer(directory);
        server.start();
    }

    @AfterAll
    static void stopServer() {
        if (server != null) {
            server.close();
        }
    }

    @BeforeEach
    void connect() {
        client = client(server);
        open.add(this::empty);
    }

    private CuratorFramework client(ZooKeeperServer of) {
        CuratorFramework connected = CuratorFrameworkFactory.newClient(of.address(), new RetryOneTime(50));
        connected.start();
        open.add(connected);
        return connected;
    }

    private void empty() throws Exception {
        if (client.checkExists().forPath("/services") != null) {
            client.delete().deletingChildrenIfNeeded().forPath("/services");
        }
    }

    @AfterEach
    void closed_leavesNoThread() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
        await().untilAsserted(() -> assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .noneMatch(name -> name.startsWith("lb4j-zookeeper") || name.contains("SendThread")));
    }

    private ZooKeeperDiscovery discovery(String address) {
        ZooKeeperDiscovery discovery = ZooKeeperDiscovery.builder(address)
                .sessionTimeout(Duration.ofSeconds(1))
                .build();
        open.add(discovery);
        return discovery;
    }

    private ServiceDiscovery.Watch watch() {
        return discovery(server.address()).watch("orders", recorder);
    }

    private Registration register(String address, ServiceInstance instance) {
        Registration registration = Registration.builder(ZooKeeperRegistrar.of(address), "orders", instance)
                .ttl(TTL)
                .start();
        open.add(registration);
        return registration;
    }

    private static ServiceInstance instance(String id, int port) {
        return ServiceInstance.builder("127.0.0.1", port).id(id).build();
    }

    private void put(ServiceInstance instance) throws Exception {
        client.create()
                .orSetData()
                .creatingParentsIfNeeded()
                .forPath("/services/orders/" + instance.id(), CuratorJson.write("orders", instance, 0));
    }

    private void awaitInstances(ServiceInstance... expected) {
        await().untilAsserted(() -> assertThat(last()).containsExactly(expected));
    }

    private List<ServiceInstance> last() {
        return recorder.snapshots.isEmpty() ? List.of() : recorder.snapshots.get(recorder.snapshots.size() - 1);
    }

    @Test
    void instances_registeredByCurator_areFound() throws Exception {
        try (var theirs = ServiceDiscoveryBuilder.builder(Object.class)
                .client(client)
                .basePath("/services")
                .build()) {
            theirs.start();
            theirs.registerService(org.apache.curator.x.discovery.ServiceInstance.builder()
                    .name("orders")
                    .id("a")
                    .address("10.0.0.1")
                    .port(8080)
                    .payload(new HashMap<>(
                            Map.of("zone", "z1", "weight", "2.5", "version", 7L, "blue", true, "nested", Map.of())))
                    .build());
            theirs.registerService(org.apache.curator.x.discovery.ServiceInstance.builder()
                    .name("orders")
                    .id("b")
                    .address("10.0.0.2")
                    .sslPort(8443)
                    .payload("blue")
                    .build());
            watch();

            awaitInstances(
                    ServiceInstance.builder("10.0.0.1", 8080)
                            .id("a")
                            .zone("z1")
                            .weight(2.5)
                            .metadata(Map.of("version", "7", "blue", "true"))
                            .build(),
                    ServiceInstance.builder("10.0.0.2", 8443)
                            .id("b")
                            .secure(true)
                            .metadata(Map.of("payload", "blue"))
                            .build());
            assertThat(recorder.errors).isEmpty();
        }
    }

    @Test
    void registration_isFoundByCuratorAndByUs() throws Exception {
        ServiceInstance ours = ServiceInstance.builder("127.0.0.1", 8081)
                .id("a")
                .weight(3)
                .zone("z1")
                .priority(1)
                .metadata(Map.of("version", "7"))
                .build();
        Registration registration = register(server.address(), ours);
        Registration bare = register(server.address(), instance("b", 8082));
        assertThat(registration.awaitRegistered(Duration.ofSeconds(10))).isTrue();
        assertThat(bare.awaitRegistered(Duration.ofSeconds(10))).isTrue();
        watch();

        awaitInstances(ours, instance("b", 8082));
        try (var theirs = ServiceDiscoveryBuilder.builder(Map.class)
                .client(client)
                .basePath("/services")
                .build()) {
            theirs.start();
            var found = theirs.queryForInstance("orders", "a");
            assertThat(found.getAddress() + ":" + found.getPort()).isEqualTo("127.0.0.1:8081");
            assertThat(found.isEnabled()).isTrue();
            assertThat((Object) found.getPayload())
                    .isEqualTo(Map.of("weight", "3.0", "zone", "z1", "priority", "1", "version", "7"));
            assertThat(theirs.queryForInstances("orders")).hasSize(2);
        }

        registration.update(ours.toBuilder().weight(5).build());
        awaitInstances(ours.toBuilder().weight(5).build(), instance("b", 8082));
    }

    @Test
    void changes_areSeen() throws Exception {
        watch();
        await().untilAsserted(
                        () -> assertThat(recorder.unknown)
                                .containsExactly(
                                        "ZooKeeper " + server.address()
                                                + " has no service 'orders': no node /services/orders (expected: a known service, but none is known)"));

        put(instance("a", 1));
        awaitInstances(instance("a", 1));
        put(instance("b", 2));
        awaitInstances(instance("a", 1), instance("b", 2));
        put(instance("a", 1).toBuilder().weight(7).metadata(Map.of("v", "2")).build());
        awaitInstances(
                instance("a", 1).toBuilder()
                        .weight(7)
                        .metadata(Map.of("v", "2"))
                        .build(),
                instance("b", 2));
        client.delete().forPath("/services/orders/a");
        awaitInstances(instance("b", 2));
        client.delete().forPath("/services/orders/b");
        await().until(() -> last().isEmpty());
        client.create().forPath("/services/users");
        client.delete().forPath("/services/orders");
        await().untilAsserted(() ->
                assertThat(recorder.unknown).hasSize(2).last().asString().endsWith("[users])"));
        assertThat(recorder.errors).isEmpty();
    }

    @Test
    void nodes_malformed_areLeftOutAndTold() throws Exception {
        put(instance("a", 1));
        for (String[] each : new String[][] {
            {"b", "what?"}, {"c", "{\"port\":1}"}, {"d", "{\"address\":\"h\",\"port\":70000}"}, {"e", ""}, {"f", "[]"}
        }) {
            client.create().forPath("/services/orders/" + each[0], each[1].getBytes(StandardCharsets.UTF_8));
        }
        watch();

        awaitInstances(instance("a", 1));
        await().untilAsserted(
                        () -> assertThat(recorder.messages())
                                .containsExactly(
                                        "ZooKeeper " + server.address()
                                                + ": b: not JSON (expected: an instance as Curator writes it); c: no address (expected: an instance as"
                                                + " Curator writes it); d: instance port: 70000 (expected: 1 to 65535); e: no address (expected: an"
                                                + " instance as Curator writes it); f: no address (expected: an instance as Curator writes it)"));
    }

    @Test
    void changes_whileTheConnectionIsLost_areSeen() throws Exception {
        put(instance("a", 1));
        try (Relay relay = new Relay(port())) {
            discovery(relay.address()).watch("orders", recorder);
            awaitInstances(instance("a", 1));

            relay.cut();
            put(instance("a", 1).toBuilder().weight(9).build());
            put(instance("b", 2));
            await().until(() -> !recorder.errors.isEmpty());
            assertThat(last()).containsExactly(instance("a", 1));
            relay.mend();

            awaitInstances(instance("a", 1).toBuilder().weight(9).build(), instance("b", 2));
        }
        assertThat(recorder.errors).hasSize(1);
    }

    private int port() {
        return Integer.parseInt(server.address().substring("127.0.0.1:".length()));
    }

    @Test
    void manyInstances_areToldAtOnce_andAStormOfChangesInFewLists() throws Exception {
        for (int i = 0; i < 100; i++) {
            put(instance("i" + i, 1000 + i));
        }
        watch();
        await().until(() -> last().size() == 100);
        assertThat(recorder.snapshots).hasSize(1);

        for (int i = 1; i <= 300; i++) {
            client.setData()
                    .inBackground()
                    .forPath(
                            "/services/orders/i1",
                            CuratorJson.write(
                                    "orders",
                                    instance("i1", 1001).toBuilder().weight(i).build(),
                                    0));
        }

        await().until(() -> last().stream().anyMatch(each -> each.weight() == 300));
        assertThat(recorder.snapshots).hasSizeLessThan(100).allMatch(list -> list.size() == 100);
    }

    @Test
    void server_deadFromTheStart_isTroubleAndFoundWhenItComes(@TempDir Path directory) throws Exception {
        ZooKeeperServer late = new ZooKeeperServer(directory);
        open.add(late);
        discovery(late.address()).watch("orders", recorder);
        await().until(() -> !recorder.errors.isEmpty());
        assertThat(recorder.messages()).containsExactly("ZooKeeper " + late.address() + ": not connected");
        assertThat(recorder.snapshots).isEmpty();

        late.start();
        late.put("orders", instance("a", 1));
        awaitInstances(instance("a", 1));
    }

    @Test
    void server_thatSaysNothing_isTroubleAndCloseDoesNotHang() throws Exception {
        List<Socket> accepted = new CopyOnWriteArrayList<>();
        try (ServerSocket odd = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Thread accepting = new Thread(() -> {
                while (!odd.isClosed()) {
                    try {
                        accepted.add(odd.accept());
                    } catch (IOException e) {
                        // Closed.
                    }
                }
            });
            accepting.setDaemon(true);
            accepting.start();
            Recorder mine = new Recorder();
            ZooKeeperDiscovery discovery = discovery("127.0.0.1:" + odd.getLocalPort());
            discovery.watch("orders", mine);

            await().until(() -> !mine.errors.isEmpty());
            long begin = System.nanoTime();
            discovery.close();
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(5));
            assertThat(mine.messages()).allMatch(message -> message.endsWith(": not connected"));
        }
        for (Socket socket : accepted) {
            socket.close();
        }
    }

    /** Whatever was being read when the second change came. */
    @Test
    void changesShortlyAfterOneAnother_areBothSeen() throws Exception {
        put(instance("a", 1));
        watch();
        awaitInstances(instance("a", 1));

        for (int i = 1; i <= 20; i++) {
            put(instance("a", 1).toBuilder().weight(i).build());
            LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(800L * i));
            put(instance("b", 2).toBuilder().weight(i).build());
            awaitInstances(
                    instance("a", 1).toBuilder().weight(i).build(),
                    instance("b", 2).toBuilder().weight(i).build());
        }
        assertThat(recorder.errors).isEmpty();
    }

    @Test
    void watch_closed_leavesNoWatchAtTheServer() throws Exception {
        put(instance("a", 1));
        ZooKeeperDiscovery discovery = discovery(server.address());
        Recorder other = new Recorder();
        ServiceDiscovery.Watch first = discovery.watch("orders", recorder);
        discovery.watch("users", other);
        awaitInstances(instance("a", 1));

        await().until(() -> !other.unknown.isEmpty());
        int both = server.watches();
        first.close();
        await().untilAsserted(() -> assertThat(server.watches()).isEqualTo(both - 1));
        put(instance("b", 2));
        client.create().forPath("/services/users");
        await().until(() -> !other.snapshots.isEmpty());

        assertThat(recorder.snapshots).hasSize(1);
        discovery.watch("orders", recorder);
        awaitInstances(instance("a", 1), instance("b", 2));
    }

    /** Each is asked for without waiting for the one before. */
    @Test
    void registration_updatedOftenInARow_endsAsTheLast() throws Exception {
        try (ZooKeeperRegistrar registrar = ZooKeeperRegistrar.of(server.address())) {
            CountDownLatch answered = new CountDownLatch(100);
            for (int i = 1; i <= 100; i++) {
                registrar.register(
                        "orders", instance("a", 1).toBuilder().weight(i).build(), TTL, new Answered(answered));
            }
            assertThat(answered.await(20, TimeUnit.SECONDS)).isTrue();

            assertThat(CuratorJson.read("a", client.getData().forPath("/services/orders/a"), false)
                            .weight())
                    .isEqualTo(100);
        }
    }

    private record Answered(CountDownLatch count) implements Registrar.Answer {
        @Override
        public void held(Duration leaseTtl) {
            count.countDown();
        }

        @Override
        public void forgotten(String detail) {
            count.countDown();
        }

        @Override
        public void refused(String detail) {
            count.countDown();
        }

        @Override
        public void failed(IOException error) {
            count.countDown();
        }
    }

    @Test
    void registration_closed_isGoneAtOnce() throws Exception {
        Registration registration = register(server.address(), instance("a", 1));
        assertThat(registration.awaitRegistered(Duration.ofSeconds(10))).isTrue();

        registration.close();

        assertThat(client.checkExists().forPath("/services/orders/a")).isNull();
    }

    @Test
    void registration_crashed_isGoneWhenItsLeaseEnds() throws Exception {
        try (Relay relay = new Relay(port())) {
            Registration registration = register(relay.address(), instance("a", 1));
            assertThat(registration.awaitRegistered(Duration.ofSeconds(10))).isTrue();

            relay.cut();
            long begin = System.nanoTime();
            await().until(() -> client.checkExists().forPath("/services/orders/a") == null);

            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(TTL.plusSeconds(1));
            await().until(() -> registration.status().state() == Registration.State.RENEWING);
        }
    }

    @Test
    void registration_idHeldElsewhere_isRefusedUntilThatOneEnds() throws Exception {
        Registration first = register(server.address(), instance("a", 1));
        assertThat(first.awaitRegistered(Duration.ofSeconds(10))).isTrue();

        Registration second = register(server.address(), instance("a", 2));
        await().until(() -> second.status().state() == Registration.State.REFUSED);
        assertThat(second.status().detail())
                .isEqualTo("ZooKeeper " + server.address() + ": /services/orders/a is held by 127.0.0.1:1");

        first.close();
        assertThat(second.awaitRegistered(Duration.ofSeconds(10))).isTrue();
    }

    @Test
    void registration_sameAddressAgain_takesThePlaceAtOnce() throws Exception {
        Registration before = register(server.address(), instance("a", 1));
        assertThat(before.awaitRegistered(Duration.ofSeconds(10))).isTrue();
        long owner = owner();

        Registration restarted = register(server.address(), instance("a", 1));

        assertThat(restarted.awaitRegistered(Duration.ofSeconds(10))).isTrue();
        assertThat(owner()).isNotEqualTo(owner);
    }

    private long owner() throws Exception {
        Stat stat = client.checkExists().forPath("/services/orders/a");
        return stat.getEphemeralOwner();
    }

    @Test
    void registration_authorized_mayBeReadByAllAndChangedByNobodyElse() throws Exception {
        Registration registration = Registration.builder(
                        ZooKeeperRegistrar.builder(server.address())
                                .authorization("digest:orders:secret")
                                .build(),
                        "orders",
                        instance("a", 1))
                .ttl(TTL)
                .start();
        open.add(registration);
        assertThat(registration.awaitRegistered(Duration.ofSeconds(10))).isTrue();
        watch();

        awaitInstances(instance("a", 1));
        assertThatThrownBy(() -> client.setData().forPath("/services/orders/a", new byte[0]))
                .hasMessageContaining("NoAuth");
    }

    @Test
    void builder_invalid_isRefused() {
        for (String wrong : List.of("", "127.0.0.1:", "a b", "h:1,,h:2", "h:1/")) {
            assertThatThrownBy(() -> ZooKeeperDiscovery.of(wrong))
                    .as(wrong)
                    .hasMessageStartingWith("ZooKeeper: '" + wrong + "' (expected: host:port, or several");
        }
        assertThatThrownBy(() -> ZooKeeperDiscovery.builder("h").basePath("x").build())
                .hasMessageStartingWith("basePath: 'x' (expected: a path as /services: ");
        assertThatThrownBy(() ->
                        ZooKeeperDiscovery.builder("h").authorization("secret").build())
                .hasMessage("authorization: no scheme (expected: as digest:user:password)");
        ZooKeeperDiscovery discovery = discovery("h:1,[::1]:2,10.0.0.1/apps");
        assertThatThrownBy(() -> discovery.watch("a/b", recorder))
                .hasMessage("service: 'a/b' (expected: a name without /)");
        assertThatThrownBy(() ->
                        register("h:1", instance("a", 1).toBuilder().id("a/b").build()))
                .hasMessage("id: 'a/b' (expected: one without /)");
        assertThatThrownBy(() -> register(
                        "h:1",
                        instance("a", 1).toBuilder()
                                .metadata(Map.of("zone", "z"))
                                .build()))
                .hasMessage(
                        "metadata: 'zone' (expected: none of [weight, zone, priority, secure, @class], which say something"
                                + " else in Curator's payload)");
    }

    @Test
    void uri_opensIt() throws Exception {
        put(instance("a", 1));
        try (ServiceDiscovery opened =
                Discoveries.open("zk://" + server.address() + "/orders?basePath=/services&preferTls=true")) {
            opened.watch("whatever", recorder);

            awaitInstances(instance("a", 1));
        }
        assertThatThrownBy(() -> Discoveries.open("zk:///orders"))
                .hasMessage("host: none (expected: one, as in zk://127.0.0.1:2181), in zk:/orders");
        assertThatThrownBy(() -> Discoveries.open("zk://h/orders?path=/x"))
                .hasMessageContaining("path: unknown (expected: parameters of [authorization");
    }
}
