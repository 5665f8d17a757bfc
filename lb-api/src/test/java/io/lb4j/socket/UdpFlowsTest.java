package io.lb4j.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.InstanceReport.State;
import io.lb4j.health.HealthCheck;
import io.lb4j.health.Probe;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
final class UdpFlowsTest {
    private final Service service = new Service(Service.MODULO);
    private final List<AutoCloseable> closing = new ArrayList<>();

    @AfterEach
    void nothingLeaks() throws Exception {
        for (AutoCloseable each : closing) {
            each.close();
        }
        service.close();
        assertThat(service.time.pending()).as("timers").isZero();
    }

    private UdpServer answering(String id) throws IOException {
        UdpServer server = UdpServer.answering(id);
        closing.add(0, server);
        return server;
    }

    private UdpFlows flows(int max) {
        UdpFlows flows = flows(service, max);
        closing.add(0, flows);
        return flows;
    }

    private static UdpFlows flows(Service of, int max) {
        return UdpFlows.builder(of.balancer)
                .maxFlows(max)
                .idleTimeout(Duration.ofSeconds(10))
                .ticker(of.time)
                .scheduler(of.time)
                .build();
    }

    private static DatagramFlow flow(UdpFlows flows, long key) throws IOException {
        return flows.flow(key, PickRequest.ofHash(key));
    }

    private static String id(UdpFlows flows, long key) throws IOException {
        return flow(flows, key).instance().id();
    }

    private static String ask(DatagramFlow flow) throws IOException {
        assertThat(flow.send(ByteBuffer.wrap("7?".getBytes(StandardCharsets.UTF_8))))
                .isTrue();
        ByteBuffer answer = ByteBuffer.allocate(100);
        await().pollInterval(Duration.ofMillis(1)).until(() -> flow.receive(answer));
        return StandardCharsets.UTF_8.decode(answer.flip()).toString();
    }

    @Test
    void flow_whileOthersComeAndGo_staysOnItsInstance() throws Exception {
        ServiceInstance a = answering("a").instance();
        ServiceInstance b = answering("b").instance();
        ServiceInstance c = answering("c").instance();
        service.set(a, b, c);
        UdpFlows flows = flows(100);
        List<String> before = new ArrayList<>();
        for (int key = 0; key < 6; key++) {
            before.add(id(flows, key));
            assertThat(ask(flow(flows, key))).isEqualTo("7 " + before.get(key));
        }
        assertThat(before).containsExactly("a", "b", "c", "a", "b", "c");
        assertThat(service.inFlight("a")).isEqualTo(2);
        service.set(c, a);
        service.time.advance(Duration.ofSeconds(1));
        assertThat(flows.size()).as("those of b are over").isEqualTo(4);
        assertThat(List.of(id(flows, 0), id(flows, 2), id(flows, 3), id(flows, 5)))
                .containsExactly("a", "c", "a", "c");
        assertThat(id(flows, 1)).as("moves by the table").isEqualTo("a");
        service.set(a, b, c);
        service.time.advance(Duration.ofSeconds(1));
        assertThat(id(flows, 1)).as("and stays").isEqualTo("a");
        assertThat(service.failures("a")).isZero();
    }

    @Test
    void flow_idleForLong_isOver() throws Exception {
        service.set(answering("a").instance());
        UdpFlows flows = flows(100);
        DatagramFlow idle = flow(flows, 1);
        DatagramFlow busy = flow(flows, 2);
        service.time.advance(Duration.ofSeconds(6));
        ask(busy);
        service.time.advance(Duration.ofSeconds(6));
        assertThat(idle.isOpen()).isFalse();
        assertThat(idle.channel().isOpen()).isFalse();
        assertThat(busy.isOpen()).isTrue();
        assertThat(flow(flows, 2)).isSameAs(busy);
        assertThat(flow(flows, 1)).isNotSameAs(idle);
        assertThat(service.inFlight("a")).isEqualTo(2);
    }

    /** Be it that one side alone speaks. */
    @Test
    void flow_usedInOneDirection_isNotIdle() throws Exception {
        service.set(answering("a").instance());
        UdpFlows flows = flows(100);
        DatagramFlow sends = flow(flows, 1);
        DatagramFlow receives = flow(flows, 2);
        receives.send(ByteBuffer.wrap("7?".getBytes(StandardCharsets.UTF_8)));
        service.time.advance(Duration.ofSeconds(6));
        sends.send(ByteBuffer.wrap("7?".getBytes(StandardCharsets.UTF_8)));
        await().pollInterval(Duration.ofMillis(1)).until(() -> receives.receive(ByteBuffer.allocate(100)));
        service.time.advance(Duration.ofSeconds(6));
        assertThat(sends.isOpen()).isTrue();
        assertThat(receives.isOpen()).isTrue();
    }

    @Test
    void flow_begunByTwoAtOnce_isOne() throws Exception {
        CyclicBarrier picking = new CyclicBarrier(2);
        try (Service raced = new Service(eligible -> request -> {
            try {
                picking.await(10, TimeUnit.SECONDS);
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
            return eligible.get(0);
        })) {
            raced.set(answering("a").instance());
            try (UdpFlows flows = UdpFlows.builder(raced.balancer)
                    .ticker(raced.time)
                    .scheduler(raced.time)
                    .build()) {
                ExecutorService other = Executors.newSingleThreadExecutor();
                try {
                    Future<DatagramFlow> theirs = other.submit(() -> flow(flows, 1));
                    assertThat(flow(flows, 1)).isSameAs(theirs.get(10, TimeUnit.SECONDS));
                } finally {
                    other.shutdownNow();
                }
                assertThat(raced.inFlight("a")).isEqualTo(1);
                assertThat(flows.size()).isEqualTo(1);
            }
            assertThat(raced.inFlight("a")).isZero();
        }
    }

    @Test
    void flows_moreThanMayBe_endTheOneUnusedForLongest() throws Exception {
        service.set(answering("a").instance());
        UdpFlows flows = flows(3);
        DatagramFlow first = flow(flows, 1);
        DatagramFlow second = flow(flows, 2);
        flow(flows, 3);
        assertThat(flow(flows, 1)).isSameAs(first);
        flow(flows, 4);
        assertThat(second.isOpen()).isFalse();
        assertThat(first.isOpen()).isTrue();
        assertThat(flows.size()).isEqualTo(3);
        assertThat(flows).hasToString("UdpFlows[orders, 3 of at most 3]");
        assertThat(service.inFlight("a")).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void flow_nobodyListens_failsAndTheNextGoesElsewhere(boolean seenBySending) throws Exception {
        service.set(UdpServer.closed("a"), answering("b").instance());
        UdpFlows flows = flows(100);
        DatagramFlow flow = flow(flows, 0);
        assertThat(flow.instance().id()).isEqualTo("a");
        flow.send(ByteBuffer.wrap(new byte[] {1}));
        await().untilAsserted(() -> assertThatThrownBy(() -> {
                    if (seenBySending) {
                        flow.send(ByteBuffer.wrap(new byte[] {1}));
                    } else {
                        flow.receive(ByteBuffer.allocate(10));
                    }
                })
                .isInstanceOf(PortUnreachableException.class));
        assertThat(flow.isOpen()).isFalse();
        assertThat(service.failures("a")).isEqualTo(1);
        assertThat(service.inFlight("a")).isZero();
        assertThat(ask(flow(flows, 0))).isEqualTo("7 b");
        assertThat(id(flows, 0)).isEqualTo("b");
    }

    @Test
    void flow_unanswered_isATimeoutAndTheNextGoesElsewhere() throws Exception {
        UdpServer silent = UdpServer.silent("a");
        closing.add(silent);
        service.set(silent.instance(), answering("b").instance());
        UdpFlows flows = flows(100);
        DatagramFlow flow = flow(flows, 0);
        flow.send(ByteBuffer.wrap(new byte[] {1}));
        flow.unanswered();
        flow.unanswered();
        flow.close();
        assertThat(service.failures("a")).isEqualTo(1);
        assertThat(id(flows, 0)).isEqualTo("b");
        flow(flows, 0).close();
        assertThat(id(flows, 0)).as("closed in order, so by the table").isEqualTo("a");
    }

    @Test
    void flow_instanceEjected_movesWithinASecond() throws Exception {
        service.set(answering("a").instance(), answering("b").instance());
        UdpFlows flows = flows(100);
        DatagramFlow flow = flow(flows, 0);
        service.eject("a");
        service.time.advance(Duration.ofSeconds(1));
        assertThat(flow.isOpen()).isFalse();
        assertThat(id(flows, 0)).isEqualTo("b");
    }

    /** By active checks, of which its calls know nothing. */
    @Test
    void flow_instanceFailsItsChecks_movesWithinASecond() throws Exception {
        Set<String> down = ConcurrentHashMap.newKeySet();
        Probe probe = (instance, timeout) ->
                CompletableFuture.completedFuture(new Probe.Result(!down.contains(instance.id()), "as scripted"));
        try (Service checked = new Service(builder -> builder.healthCheck(HealthCheck.of(probe)), Service.MODULO)) {
            checked.set(answering("a").instance(), answering("b").instance());
            try (UdpFlows flows = flows(checked, 100)) {
                checked.time.advance(Duration.ofSeconds(60));
                DatagramFlow moves = flow(flows, 0);
                DatagramFlow stays = flow(flows, 1);
                down.add("a");
                for (int i = 0; i < 60 && checked.report("a").state() != State.UNHEALTHY; i++) {
                    assertThat(moves.isOpen()).as("while its instance is well").isTrue();
                    moves.send(ByteBuffer.wrap(new byte[] {1}));
                    stays.send(ByteBuffer.wrap(new byte[] {1}));
                    checked.time.advance(Duration.ofSeconds(1));
                }
                assertThat(checked.report("a").state()).isEqualTo(State.UNHEALTHY);
                checked.time.advance(Duration.ofSeconds(1));
                assertThat(moves.isOpen()).isFalse();
                assertThat(stays.isOpen()).isTrue();
                assertThat(id(flows, 0)).isEqualTo("b");
                assertThat(checked.failures("a"))
                        .as("it was this side that ended it")
                        .isZero();
            }
        }
    }

    @Test
    void flow_ofAddresses_isOfTheSameWhoeverMadeThem() throws Exception {
        service.set(answering("a").instance(), answering("b").instance());
        UdpFlows flows = flows(100);
        InetSocketAddress source = new InetSocketAddress("192.0.2.1", 5000);
        DatagramFlow flow = flows.flow(source, new InetSocketAddress("192.0.2.9", 53));
        assertThat(flows.flow(new InetSocketAddress("192.0.2.1", 5000), new InetSocketAddress("192.0.2.9", 53)))
                .isSameAs(flow);
        assertThat(flows.flow(source)).isNotSameAs(flow);
        assertThat(FlowKey.hash(source)).isNotEqualTo(FlowKey.hash(new InetSocketAddress("192.0.2.1", 5001)));
        assertThat(flow)
                .asString()
                .contains("192.0.2.1")
                .contains(flow.instance().authority());
    }

    @Test
    void flow_cannotBegin_saysWhyAndLeavesNothing() throws Exception {
        service.set(ServiceInstance.builder("127.0.0.1", 1).weight(0).build());
        UdpFlows flows = flows(100);
        assertThatThrownBy(() -> flow(flows, 0)).isInstanceOf(ConnectException.class);
        service.set(ServiceInstance.builder("nowhere.invalid", 1).id("a").build());
        assertThatThrownBy(() -> flow(flows, 0)).isInstanceOf(UnknownHostException.class);
        assertThat(service.inFlight("a")).isZero();
        flows.close();
        flows.close();
        service.set(answering("a").instance());
        assertThatThrownBy(() -> flow(flows, 0)).isInstanceOf(IllegalStateException.class);
        assertThat(service.inFlight("a")).isZero();
        assertThatThrownBy(() -> UdpFlows.builder(service.balancer).maxFlows(0))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> UdpFlows.builder(service.balancer).idleTimeout(Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
