package io.lb4j.socket;

import static io.lb4j.socket.TestServer.greeting;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.InstanceReport.State;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.health.FixedLimit;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
final class LoadBalancedSocketTest {
    private static final InetSocketAddress ANYWHERE = InetSocketAddress.createUnresolved("db.invalid", 5432);

    private Service service;

    @AfterEach
    void close() throws Exception {
        if (service != null) {
            service.close();
        }
    }

    private LoadBalancedSocketFactory sockets() {
        return LoadBalancedSocketFactory.of(service.balancer);
    }

    private LoadBalancedSocketFactory sockets(ConnectionSettings.Builder settings) {
        return LoadBalancedSocketFactory.of(service.balancer, settings.build());
    }

    private LoadBalancedSocketFactory watched() {
        return sockets(ConnectionSettings.builder().proof(Proof.ANSWER));
    }

    private static String id(Socket socket) {
        ServiceInstance instance = LoadBalancedSocketFactory.instanceOf(socket);
        return instance == null ? "none" : instance.id();
    }

    @Test
    void createSocket_everyVariant_connectsToTheInstanceWhateverIsAskedFor() throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.echo("a"));
        InetAddress local = InetAddress.getLoopbackAddress();
        InetAddress elsewhere = InetAddress.getByAddress("elsewhere", new byte[] {(byte) 192, 0, 2, 1});
        List<Socket> sockets = new ArrayList<>();
        sockets.add(sockets().createSocket());
        sockets.get(0).connect(ANYWHERE);
        sockets.add(sockets().createSocket());
        sockets.get(1).connect(ANYWHERE, 1_000);
        sockets.add(sockets().createSocket("db.invalid", 5432));
        sockets.add(sockets().createSocket("db.invalid", 5432, local, 0));
        sockets.add(sockets().createSocket(elsewhere, 5432));
        sockets.add(sockets().createSocket(elsewhere, 5432, local, 0));
        sockets.add(sockets().connect(PickRequest.ofKey("k"), Duration.ofSeconds(1)));
        for (Socket each : sockets) {
            assertThat(greeting(each)).isEqualTo("a");
            assertThat(id(each)).isEqualTo("a");
            assertThat(each.isConnected()).isTrue();
            assertThat(each.getPort())
                    .isEqualTo(service.servers.get(0).instance().port());
            assertThat(each.getRemoteSocketAddress()).isEqualTo(new InetSocketAddress(local, each.getPort()));
        }
        assertThat(service.inFlight("a")).isEqualTo(sockets.size());
        for (Socket each : sockets) {
            each.close();
            each.close();
        }
        assertThat(service.inFlight("a")).isZero();
        assertThat(service.failures("a")).isZero();
    }

    @Test
    void socket_likeAPlainOne_echoesHalfClosesAndTimesOut() throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.echo("a"));
        try (Socket socket = sockets().createSocket("orders", 1)) {
            assertThat(greeting(socket)).isEqualTo("a");
            assertThat(socket.getInputStream()).isSameAs(socket.getInputStream());
            socket.setSoTimeout(50);
            assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
            socket.setSoTimeout(0);
            socket.getOutputStream().write("hello".getBytes(StandardCharsets.UTF_8));
            socket.shutdownOutput();
            assertThat(socket.isOutputShutdown()).isTrue();
            assertThat(socket.getInputStream().readAllBytes())
                    .asString(StandardCharsets.UTF_8)
                    .isEqualTo("hello");
            assertThat(socket.isClosed()).isFalse();
            socket.shutdownInput();
            assertThat(socket.isInputShutdown()).isTrue();
            assertThat(service.inFlight("a")).isEqualTo(1);
        }
        assertThat(service.inFlight("a")).isZero();
    }

    @Test
    void pick_leastConnections_countsUntilClosed() throws Exception {
        service = Service.of(Service.LEAST, TestServer.echo("a"), TestServer.echo("b"), TestServer.echo("c"));
        List<Socket> sockets = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            sockets.add(sockets().createSocket("orders", 1));
        }
        assertThat(sockets)
                .extracting(LoadBalancedSocketTest::id)
                .containsExactly("a", "b", "c", "a", "b", "c", "a", "b", "c");
        sockets.get(1).close();
        sockets.get(4).close();
        try (Socket one = sockets().createSocket("orders", 1);
                Socket two = sockets().createSocket("orders", 1)) {
            assertThat(id(one)).isEqualTo("b");
            assertThat(id(two)).isEqualTo("b");
        }
        for (Socket each : sockets) {
            each.close();
        }
        for (String each : List.of("a", "b", "c")) {
            assertThat(service.inFlight(each)).as(each).isZero();
        }
    }

    @Test
    void close_byWayOfAStream_endsTheLeaseToo() throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.echo("a"));
        for (Proof proof : Proof.values()) {
            LoadBalancedSocketFactory sockets =
                    sockets(ConnectionSettings.builder().proof(proof));
            Socket byInput = sockets.createSocket("orders", 1);
            Socket byOutput = sockets.createSocket("orders", 1);
            assertThat(service.inFlight("a")).isEqualTo(2);
            byInput.getInputStream().close();
            byOutput.getOutputStream().close();
            assertThat(byInput.isClosed()).isTrue();
            assertThat(byOutput.isClosed()).isTrue();
            assertThat(service.inFlight("a")).isZero();
        }
    }

    @Test
    void socket_abandoned_isGivenUpByTheCollector() throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.echo("a"));
        sockets().createSocket("orders", 1);
        OutputStream held = sockets().createSocket("orders", 1).getOutputStream();
        assertThat(service.inFlight("a")).isEqualTo(2);
        await().atMost(Duration.ofSeconds(30)).until(() -> {
            System.gc();
            return service.inFlight("a") == 1;
        });
        held.write(1);
        held.close();
        assertThat(service.inFlight("a")).isZero();
    }

    @Test
    void connect_refused_goesOnWithEachInstanceOnce() throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.echo("c"));
        service.set(
                TestServer.refusing("a"),
                TestServer.refusing("b"),
                service.servers.get(0).instance());
        try (Socket socket = sockets().createSocket("orders", 1)) {
            assertThat(greeting(socket)).isEqualTo("c");
        }
        assertThat(service.failures("a")).isEqualTo(1);
        assertThat(service.failures("b")).isEqualTo(1);
        assertThat(service.failures("c")).isZero();
        assertThat(service.report("c").calls()).isEqualTo(2);
    }

    @Test
    void connect_allRefuse_saysWhomItAsked() throws Exception {
        service = new Service(Service.IN_ORDER);
        service.set(TestServer.refusing("a"), TestServer.refusing("b"));
        Socket socket = sockets().createSocket();
        assertThatThrownBy(() -> socket.connect(ANYWHERE))
                .isInstanceOf(ConnectException.class)
                .hasMessageMatching("service: 'orders' \\(expected: .*\\); 2 attempts in \\d+ ms failed:"
                        + " a 127.0.0.1:\\d+: Connection refused.*; b 127.0.0.1:\\d+: Connection refused.*")
                .hasCauseInstanceOf(ConnectException.class);
        assertThat(socket.isClosed()).isTrue();
        assertThat(socket.isConnected()).isFalse();
        assertThat(service.failures("a")).isEqualTo(1);
        assertThat(service.failures("b")).isEqualTo(1);
    }

    @Test
    void connect_fiveRefusals_ejectTheInstance() throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.echo("b"));
        service.set(TestServer.refusing("a"), service.servers.get(0).instance());
        for (int i = 0; i < 5; i++) {
            sockets().createSocket("orders", 1).close();
        }
        service.time.runDue();
        assertThat(service.report("a").state()).isEqualTo(State.EJECTED);
        sockets().createSocket("orders", 1).close();
        assertThat(service.failures("a")).isEqualTo(5);
    }

    /** The backlog is full, so that the kernel leaves further connections without an answer. */
    @Test
    void connect_instanceIsSilent_triesTheNextWithinTheTimeout() throws Exception {
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Filled filled = Filled.of(full)) {
            service = fullThenB(full);
            LoadBalancedSocketFactory sockets =
                    sockets(ConnectionSettings.builder().attemptTimeout(Duration.ofMillis(100)));
            try (Socket socket = sockets.createSocket("orders", 1)) {
                assertThat(greeting(socket)).isEqualTo("b");
            }
            assertThat(service.failures("a")).isEqualTo(1);

            service.set(ServiceInstance.builder("127.0.0.1", full.getLocalPort())
                    .id("a")
                    .build());
            assertThatThrownBy(() -> sockets().createSocket().connect(ANYWHERE, 100))
                    .isInstanceOf(SocketTimeoutException.class)
                    .hasMessageContaining("1 attempt in ");
            assertThat(filled.sockets).isNotEmpty();
        }
    }

    @Test
    void connect_timeOver_asksNobodyElse() throws Exception {
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Filled filled = Filled.of(full)) {
            service = fullThenB(full);
            LoadBalancedSocketFactory sockets =
                    sockets(ConnectionSettings.builder().attemptTimeout(Duration.ofMinutes(1)));
            long start = System.nanoTime();
            try (Socket socket = sockets.createSocket()) {
                Throwable thrown = catchThrowable(() -> socket.connect(ANYWHERE, 100));
                assertThat(thrown)
                        .as("connected to %s, where %s is full", socket, full)
                        .isInstanceOf(SocketTimeoutException.class)
                        .hasMessageContaining("1 attempt in ");
            }
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(30));
            assertThat(service.failures("a")).isEqualTo(1);
            assertThat(service.report("b").calls()).isZero();
            assertThat(filled.sockets).isNotEmpty();
        }
    }

    /** The address and port of this side are in use towards that instance already. */
    @Test
    void connect_noPortFree_blamesNobody() throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.echo("a"));
        try (Socket one = sockets().createSocket();
                Socket two = sockets().createSocket()) {
            one.setReuseAddress(true);
            one.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            two.setReuseAddress(true);
            two.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), one.getLocalPort()));
            one.connect(ANYWHERE);
            assertThatThrownBy(() -> two.connect(ANYWHERE)).hasCauseInstanceOf(BindException.class);
            assertThat(service.failures("a")).isZero();
            assertThat(service.inFlight("a")).isEqualTo(1);
        }
    }

    /** Instance a, whose backlog is full, before instance b. */
    private static Service fullThenB(ServerSocket full) throws IOException {
        Service made = Service.of(Service.IN_ORDER, TestServer.echo("b"));
        made.set(
                ServiceInstance.builder("127.0.0.1", full.getLocalPort())
                        .id("a")
                        .build(),
                made.servers.get(0).instance());
        return made;
    }

    /** Connections that nobody accepts. */
    private record Filled(List<Socket> sockets) implements AutoCloseable {
        static Filled of(ServerSocket server) throws IOException {
            List<Socket> sockets = new ArrayList<>();
            // On a busy machine a connection may take its time although there is room.
            for (int late = 0; late < 4; ) {
                Socket socket = new Socket();
                sockets.add(socket);
                try {
                    socket.connect(server.getLocalSocketAddress(), 200);
                    late = 0;
                } catch (SocketTimeoutException e) {
                    late++;
                }
            }
            return new Filled(sockets);
        }

        @Override
        public void close() throws IOException {
            for (Socket each : sockets) {
                each.close();
            }
        }
    }

    @Test
    void connect_hostDoesNotResolve_isAFailureOfTheInstance() throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.echo("b"));
        service.set(
                ServiceInstance.builder("nowhere.invalid", 1).id("a").build(),
                service.servers.get(0).instance());
        try (Socket socket = sockets().createSocket("orders", 1)) {
            assertThat(id(socket)).isEqualTo("b");
        }
        assertThat(service.failures("a")).isEqualTo(1);
    }

    @Test
    void connect_closedMeanwhile_givesUpAndBlamesNobody() throws Exception {
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Filled filled = Filled.of(full)) {
            service = fullThenB(full);
            Socket socket = sockets().createSocket();
            ExecutorService thread = Executors.newSingleThreadExecutor();
            try {
                Future<?> connecting = thread.submit(() -> {
                    socket.connect(ANYWHERE);
                    return null;
                });
                await().until(() -> service.inFlight("a") == 1);
                assertThatThrownBy(() -> socket.connect(ANYWHERE))
                        .isInstanceOf(SocketException.class)
                        .hasMessage("connecting already");
                assertThat(socket.isClosed()).isFalse();
                socket.close();
                assertThatThrownBy(() -> connecting.get(10, TimeUnit.SECONDS))
                        .hasCauseInstanceOf(SocketException.class);
            } finally {
                thread.shutdownNow();
            }
            assertThat(socket.isClosed()).isTrue();
            assertThat(service.inFlight("a")).isZero();
            assertThat(service.failures("a")).isZero();
            assertThat(service.report("b").calls()).isZero();
            assertThat(filled.sockets).isNotEmpty();
        }
    }

    @Test
    void options_setBefore_holdForWhicheverInstanceAccepts() throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.echo("b"));
        service.set(TestServer.refusing("a"), service.servers.get(0).instance());
        try (Socket socket = sockets().createSocket()) {
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            socket.setTcpNoDelay(true);
            socket.setKeepAlive(true);
            socket.setSoTimeout(1234);
            socket.setSoLinger(true, 3);
            socket.setReuseAddress(true);
            socket.setOOBInline(true);
            socket.setTrafficClass(0x08);
            socket.setSendBufferSize(20_000);
            socket.setReceiveBufferSize(30_000);
            socket.setPerformancePreferences(1, 2, 3);
            socket.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
            int send = socket.getSendBufferSize();
            int receive = socket.getReceiveBufferSize();
            socket.connect(ANYWHERE);
            assertThat(id(socket)).isEqualTo("b");
            assertThat(socket.getTcpNoDelay()).isTrue();
            assertThat(socket.getKeepAlive()).isTrue();
            assertThat(socket.getOption(StandardSocketOptions.SO_KEEPALIVE)).isTrue();
            assertThat(socket.supportedOptions()).contains(StandardSocketOptions.TCP_NODELAY);
            assertThat(socket.getSoTimeout()).isEqualTo(1234);
            assertThat(socket.getSoLinger()).isEqualTo(3);
            assertThat(socket.getReuseAddress()).isTrue();
            assertThat(socket.getOOBInline()).isTrue();
            assertThat(socket.getTrafficClass()).isEqualTo(0x08);
            assertThat(socket.getSendBufferSize()).isEqualTo(send);
            assertThat(socket.getReceiveBufferSize()).isEqualTo(receive);
            assertThat(socket.getLocalAddress()).isEqualTo(InetAddress.getLoopbackAddress());
            assertThat(socket.getInetAddress()).isEqualTo(InetAddress.getLoopbackAddress());
            assertThat(socket.isBound()).isTrue();
            assertThat(socket.getChannel()).isNull();
            socket.setTcpNoDelay(false);
            assertThat(socket.getTcpNoDelay()).isFalse();
            socket.sendUrgentData('x');
            assertThat(socket)
                    .hasToString("LoadBalancedSocket[b 127.0.0.1:" + socket.getPort() + ", localport="
                            + socket.getLocalPort() + "]");
        }
    }

    @Test
    void misuse_ofEveryKind_isRefusedAsByAPlainSocket() throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.echo("a"));
        Socket socket = sockets().createSocket();
        assertThat(socket).hasToString("LoadBalancedSocket[unconnected, for orders]");
        assertThat(LoadBalancedSocketFactory.instanceOf(socket)).isNull();
        assertThat(LoadBalancedSocketFactory.instanceOf(new Socket())).isNull();
        assertThatThrownBy(() -> socket.getInputStream()).isInstanceOf(SocketException.class);
        assertThatThrownBy(() -> socket.connect(ANYWHERE, -1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> socket.connect(new SocketAddress() {})).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> socket.setSoTimeout(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThat(socket.isClosed()).isFalse();
        socket.connect(ANYWHERE);
        assertThatThrownBy(() -> socket.connect(ANYWHERE)).hasMessage("already connected");
        assertThat(socket.isClosed()).as("after a second connect").isFalse();
        socket.close();
        assertThatThrownBy(() -> socket.connect(ANYWHERE)).isInstanceOf(SocketException.class);
        assertThatThrownBy(() -> socket.setTcpNoDelay(true)).isInstanceOf(SocketException.class);
        assertThat(socket.isConnected()).as("as the JDK has it").isTrue();

        Socket closed = sockets().createSocket();
        closed.close();
        assertThatThrownBy(() -> closed.connect(ANYWHERE)).hasMessage("Socket is closed");
        assertThat(service.report("a").calls()).isEqualTo(2);
    }

    @Test
    void bind_toAnAddressThatIsNotOurs_blamesNobody() throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.echo("a"));
        InetAddress elsewhere = InetAddress.getByAddress(new byte[] {(byte) 192, 0, 2, 1});
        assertThatThrownBy(() -> sockets().createSocket("orders", 1, elsewhere, 0))
                .isInstanceOf(BindException.class);
        assertThat(service.failures("a")).isZero();
        assertThat(service.inFlight("a")).isZero();
    }

    @Test
    void errors_ofThePick_areThoseOfSockets() throws Exception {
        service = new Service(Service.IN_ORDER);
        assertThatThrownBy(() -> sockets().createSocket().connect(ANYWHERE, 50))
                .isInstanceOf(SocketTimeoutException.class)
                .hasMessage("service: 'orders' (expected: known to discovery within 50 ms)");
        service.discovery.unknown("orders", "not in the file");
        service.time.runDue();
        assertThatThrownBy(() -> sockets().createSocket("orders", 1))
                .isInstanceOf(UnknownHostException.class)
                .hasMessageContaining("orders");
        service.set(ServiceInstance.builder("127.0.0.1", 1).weight(0).build());
        assertThatThrownBy(() -> sockets().createSocket("orders", 1))
                .isInstanceOf(ConnectException.class)
                .hasMessageContaining("orders");
        service.balancer.close();
        assertThatThrownBy(() -> sockets().createSocket("orders", 1))
                .isInstanceOf(SocketException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void connect_interruptedWhileNothingIsKnown_saysSo() throws Exception {
        service = new Service(Service.IN_ORDER);
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> sockets().createSocket("orders", 1)).hasMessageContaining("interrupted");
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void limit_ofConnections_isKeptUntilTheyClose() throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.echo("a"));
        try (LoadBalancer limited = service.builder(Service.IN_ORDER)
                .concurrencyLimit(new FixedLimit(2))
                .build()) {
            service.time.runDue();
            LoadBalancedSocketFactory sockets = LoadBalancedSocketFactory.of(limited);
            Socket one = sockets.createSocket("orders", 1);
            try (Socket two = sockets.createSocket("orders", 1)) {
                assertThatThrownBy(() -> sockets.createSocket("orders", 1))
                        .isInstanceOf(ConnectException.class)
                        .hasMessageContaining("limit");
                one.close();
                sockets.createSocket("orders", 1).close();
                assertThat(id(two)).isEqualTo("a");
            }
        }
    }

    @Test
    void ofServices_hostNamesTheService_othersAreUnknown() throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.echo("a"));
        LoadBalancedSocketFactory sockets =
                LoadBalancedSocketFactory.ofServices(List.of(service.balancer), ConnectionSettings.DEFAULT);
        try (Socket socket = sockets.createSocket("ORDERS", 1)) {
            assertThat(greeting(socket)).isEqualTo("a");
        }
        assertThatThrownBy(() -> sockets.createSocket("stock", 1))
                .isInstanceOf(UnknownHostException.class)
                .hasMessage("host: 'stock' (expected: one of the services [orders])");
        assertThatThrownBy(() -> sockets.connect(PickRequest.plain(), Duration.ofSeconds(1)))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> LoadBalancedSocketFactory.ofServices(
                        List.of(service.balancer, service.balancer), ConnectionSettings.DEFAULT))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(sockets).hasToString("LoadBalancedSocketFactory[orders]");
    }

    @ParameterizedTest
    @EnumSource(Proof.class)
    void server_acceptsAndHangsUp_isFoundOutByAnswersOnly(Proof proof) throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.hangsUp("a"), TestServer.echo("b"));
        for (int i = 0; i < 5; i++) {
            try (Socket socket =
                    sockets(ConnectionSettings.builder().proof(proof)).createSocket("orders", 1)) {
                assertThat(socket.getInputStream().read()).isEqualTo(-1);
            }
        }
        service.time.runDue();
        assertThat(service.report("a").state()).isEqualTo(proof == Proof.ANSWER ? State.EJECTED : State.ELIGIBLE);
        assertThat(service.inFlight("a")).isZero();
    }

    @Test
    void watched_resetBeforeTheAnswer_isAFailure() throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.resets("a"));
        try (Socket socket = watched().createSocket("orders", 1)) {
            socket.getOutputStream().write(1);
            assertThatThrownBy(() -> socket.getInputStream().read(new byte[10])).isInstanceOf(SocketException.class);
            assertThat(service.inFlight("a")).as("before this side has closed").isZero();
        }
        assertThat(service.failures("a")).isEqualTo(1);
    }

    @Test
    void watched_resetAfterAnswers_isAFailureAndAnEndIsNot() throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.echo("a"), TestServer.echo("b"));
        Socket own = watched().createSocket("orders", 1);
        try (Socket reset = watched().createSocket("orders", 1)) {
            assertThat(greeting(reset)).isEqualTo("a");
            assertThat(greeting(own)).isEqualTo("a");
            InputStream input = own.getInputStream();
            own.shutdownInput();
            assertThat(input.read()).isEqualTo(-1);
            InputStream closed = watched().createSocket("orders", 1).getInputStream();
            closed.close();
            assertThatThrownBy(closed::read).isInstanceOf(SocketException.class);
            own.close();
            assertThat(service.failures("a")).isZero();
            service.servers.get(0).kill();
            assertThatThrownBy(() -> reset.getInputStream().read()).isInstanceOf(SocketException.class);
            assertThat(service.failures("a")).isEqualTo(1);
            assertThat(service.inFlight("a")).isZero();
        }
        try (Socket ended = watched().createSocket("orders", 1)) {
            assertThat(greeting(ended)).isEqualTo("b");
            ended.shutdownOutput();
            assertThat(ended.getInputStream().readAllBytes()).isEmpty();
            assertThat(service.inFlight("b")).isEqualTo(1);
        }
        assertThat(service.failures("b")).isZero();
    }

    @Test
    void watched_closedAfterWaitingInVain_isATimeout() throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.silent("a"));
        Socket waited = watched().createSocket("orders", 1);
        waited.setSoTimeout(20);
        assertThatThrownBy(() -> waited.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
        assertThat(service.failures("a")).as("it may try again").isZero();
        waited.close();
        assertThat(service.failures("a")).isEqualTo(1);

        Socket shut = watched().createSocket("orders", 1);
        InputStream ended = shut.getInputStream();
        shut.shutdownInput();
        assertThat(ended.read()).isEqualTo(-1);
        assertThat(service.failures("a")).as("ended by this side").isEqualTo(1);
        shut.close();

        Socket neverRead = watched().createSocket("orders", 1);
        assertThat(neverRead.getInputStream().available()).isZero();
        neverRead.close();
        assertThat(service.failures("a")).isEqualTo(1);
        assertThat(service.inFlight("a")).isZero();
    }

    @Test
    void watched_answeredAfterWaitingInVain_isWell() throws Exception {
        CountDownLatch waited = new CountDownLatch(1);
        service = Service.of(Service.IN_ORDER, new TestServer("a", socket -> {
            waited.await();
            socket.getOutputStream().write("a\n".getBytes(StandardCharsets.UTF_8));
            socket.getInputStream().transferTo(socket.getOutputStream());
        }));
        try (Socket socket = watched().createSocket("orders", 1)) {
            socket.setSoTimeout(20);
            assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
            waited.countDown();
            socket.setSoTimeout(10_000);
            assertThat(socket.getInputStream().readNBytes(2)).hasSize(2);
            socket.shutdownOutput();
            assertThat(socket.getInputStream().readAllBytes()).isEmpty();
            assertThat(service.inFlight("a")).as("an end after an answer").isEqualTo(1);
        }
        assertThat(service.inFlight("a")).isZero();
        assertThat(service.failures("a")).isZero();
    }

    @Test
    void remembered_keyOfAnInstance_staysThereWhileOthersComeAndGo() throws Exception {
        service = Service.of(Service.MODULO, TestServer.echo("a"), TestServer.echo("b"), TestServer.echo("c"));
        FlowKey byPort = (source, destination) -> PickRequest.ofHash(destination.getPort());
        LoadBalancedSocketFactory sockets =
                sockets(ConnectionSettings.builder().key(byPort).rememberedKeys(4));
        LoadBalancedSocketFactory forgetful =
                sockets(ConnectionSettings.builder().key(byPort));
        List<String> before = new ArrayList<>();
        for (int port = 1; port <= 3; port++) {
            before.add(idOfNew(sockets, port));
        }
        assertThat(before).containsExactly("b", "c", "a");
        ServiceInstance b = service.servers.get(1).instance();
        service.set(service.servers.get(0).instance(), b);
        assertThat(idOfNew(forgetful, 3)).isEqualTo("b");
        assertThat(idOfNew(sockets, 1)).isEqualTo("b");
        assertThat(idOfNew(sockets, 3)).as("a stays").isEqualTo("a");
        assertThat(idOfNew(sockets, 2)).as("c is gone").isEqualTo("a");
        service.set(service.servers.get(2).instance(), b, service.servers.get(0).instance());
        assertThat(idOfNew(sockets, 2)).as("and moves but once").isEqualTo("a");
        service.eject("a");
        assertThat(idOfNew(sockets, 3)).isIn("b", "c");
        for (int port = 10; port < 14; port++) {
            idOfNew(sockets, port);
        }
        service.set(b);
        service.set(b, service.servers.get(2).instance());
        assertThat(idOfNew(sockets, 1))
                .as("forgotten, and where the table says now")
                .isEqualTo("c");
    }

    private static String idOfNew(LoadBalancedSocketFactory sockets, int port) throws IOException {
        try (Socket socket = sockets.createSocket("orders", port)) {
            return id(socket);
        }
    }
}
