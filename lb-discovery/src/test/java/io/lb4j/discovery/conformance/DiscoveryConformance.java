package io.lb4j.discovery.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lb4j.PickRequest;
import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.Lease;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.discovery.conformance.RealSource.Trait;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every discovery must do, against its real server. */
abstract class DiscoveryConformance extends Conformance {
    private static final AtomicInteger SERVICES = new AtomicInteger();

    private ServiceDiscovery discovery;
    private String service;
    private Heard heard;
    private Relay relay;

    @BeforeEach
    final void begin() {
        service = "orders-" + SERVICES.incrementAndGet();
        heard = new Heard();
    }

    @AfterEach
    final void end() throws Exception {
        if (discovery != null) {
            discovery.close();
            discovery = null;
        }
        if (relay != null) {
            relay.close();
            relay = null;
        }
    }

    private void open() {
        discovery = source.discovery(source.address());
    }

    private static ServiceInstance at(int port) {
        return ServiceInstance.builder("127.0.0.1", port).id("i" + port).build();
    }

    private void awaitPorts(Integer... ports) {
        await().untilAsserted(() ->
                assertThat(heard.last.stream().map(ServiceInstance::port)).containsExactlyInAnyOrder(ports));
    }

    @Test
    void instances_comeAndLeave() throws Exception {
        source.put(service, at(1001));
        open();
        discovery.watch(service, heard);
        awaitPorts(1001);

        source.put(service, at(1002));
        awaitPorts(1001, 1002);
        source.remove(service, "i1001");
        awaitPorts(1002);
        assertThat(heard.errors).isEmpty();
        assertThat(heard.last.get(0).host()).isEqualTo("127.0.0.1");
        if (source.traits().contains(Trait.ID)) {
            assertThat(heard.last.get(0).id()).isEqualTo(source.listedId("i1002"));
        }
    }

    @Test
    void unknownService_isToldOrEmpty_andIsWatchedUntilItComes() throws Exception {
        open();
        discovery.watch(service, heard);
        await().until(() ->
                source.traits().contains(Trait.UNKNOWN_SERVICE) ? !heard.unknown.isEmpty() : heard.lists() > 0);

        source.put(service, at(1001));
        awaitPorts(1001);
        assertThat(heard.errors).isEmpty();
    }

    @Test
    void whatIsSaidOfAnInstance_changes() throws Exception {
        Set<Trait> traits = source.traits();
        source.put(service, at(1001));
        open();
        discovery.watch(service, heard);
        awaitPorts(1001);
        String id = heard.last.get(0).id();

        ServiceInstance.Builder changed = at(1001).toBuilder();
        changed = traits.contains(Trait.WEIGHT) ? changed.weight(3) : changed;
        changed = traits.contains(Trait.ZONE) ? changed.zone("z1") : changed;
        changed = traits.contains(Trait.PRIORITY) ? changed.priority(2) : changed;
        changed = traits.contains(Trait.SECURE) ? changed.secure(true) : changed;
        changed = traits.contains(Trait.METADATA) ? changed.metadata(Map.of("version", "7")) : changed;
        ServiceInstance wanted = changed.build();
        source.put(service, wanted);

        await().untilAsserted(() -> {
            assertThat(heard.last).hasSize(1);
            ServiceInstance now = heard.last.get(0);
            assertThat(now.id()).isEqualTo(id);
            assertThat(now.weight()).isEqualTo(wanted.weight());
            assertThat(now.zone()).isEqualTo(wanted.zone());
            assertThat(now.priority()).isEqualTo(wanted.priority());
            assertThat(now.secure()).isEqualTo(wanted.secure());
            assertThat(now.metadata()).containsAllEntriesOf(wanted.metadata());
        });
    }

    @Test
    void serverKilled_callsGoOn_andItsReturnIsNoticed() throws Exception {
        source.put(service, at(1001));
        source.put(service, at(1002));
        open();
        discovery.watch(service, heard);
        awaitPorts(1001, 1002);
        try (LoadBalancer balancer = LoadBalancer.builder(service)
                .discovery(discovery)
                .strategy(eligible -> request -> eligible.get(eligible.random().nextInt(eligible.size())))
                .build()) {
            balancer.acquire(PickRequest.plain()).close();

            source.kill();
            await().until(() -> !heard.errors.isEmpty());
            for (int i = 0; i < 1000; i++) {
                Lease lease = balancer.acquire(PickRequest.plain());
                assertThat(lease.instance().port()).isBetween(1001, 1002);
                lease.close();
            }
            assertThat(heard.last).hasSize(2);
            assertThat(heard.errors).doesNotHaveDuplicates();
        } finally {
            source.start();
        }

        if (!source.keepsMemory()) {
            source.put(service, at(1001));
        }
        source.put(service, at(1003));
        await().until(() -> heard.last.stream().anyMatch(each -> each.port() == 1003));
        if (source.keepsMemory()) {
            awaitPorts(1001, 1002, 1003);
        } else {
            awaitPorts(1001, 1003);
        }
    }

    @Test
    void aThousandInstances_areAllListed() throws Exception {
        source.putAll(
                service, IntStream.range(2000, 3000).mapToObj(port -> at(port)).toList());
        open();
        discovery.watch(service, heard);

        await().until(() -> heard.last.size() == 1000);
        assertThat(heard.byId()).hasSize(1000);
    }

    @Test
    void aThousandChanges_endExactly_andIdsStay() throws Exception {
        open();
        discovery.watch(service, heard);
        Map<String, Integer> wanted = new HashMap<>();
        for (int i = 0; i < 1000; i++) {
            int port = 3000 + i % 50;
            if (i % 3 == 2 && wanted.containsKey("i" + port)) {
                source.remove(service, "i" + port);
                wanted.remove("i" + port);
            } else {
                source.put(service, at(port));
                wanted.put("i" + port, port);
            }
        }
        // What was wanted may have been so before, on the way; who has the last change has all.
        source.put(service, at(3999));
        wanted.put("i3999", 3999);

        awaitPorts(wanted.values().toArray(new Integer[0]));
        if (source.traits().contains(Trait.ID)) {
            assertThat(heard.byId().keySet())
                    .isEqualTo(wanted.keySet().stream().map(source::listedId).collect(Collectors.toSet()));
        }
        assertThat(heard.errors).isEmpty();
    }

    @Test
    void muteGarbledAndBrokenServer_leaveTheLastList_andAreToldOnceEach() throws Exception {
        source.put(service, at(1001));
        relay = new Relay(source.address());
        discovery = source.discovery(relay.address());
        discovery.watch(service, heard);
        awaitPorts(1001);

        for (Relay.Mode mode : new Relay.Mode[] {Relay.Mode.GARBAGE, Relay.Mode.CUT, Relay.Mode.MUTE}) {
            int told = heard.errors.size();
            relay.mode(mode);
            // That it comes again says that it has met it, in the same words perhaps that it was told of before. A
            // datagram to nobody
            // isn't seen by the relay.
            await().until(() -> (relay.met(mode) > 1 && !heard.errors.isEmpty()) || heard.errors.size() > told);
            assertThat(heard.last).hasSize(1);
        }
        assertThat(heard.errors).doesNotHaveDuplicates().allMatch(text -> !text.isBlank());

        double weight = source.traits().contains(Trait.WEIGHT) ? 5 : 1;
        source.put(service, at(1001).toBuilder().weight(weight).build());
        source.put(service, at(1002));
        relay.mode(Relay.Mode.PASS);
        awaitPorts(1001, 1002);
        await().until(() -> heard.last.stream().anyMatch(each -> each.port() == 1001 && each.weight() == weight));
    }

    @Test
    void slowServer_isWaitedFor() throws Exception {
        source.put(service, at(1001));
        relay = new Relay(source.address());
        relay.mode(Relay.Mode.SLOW);
        discovery = source.discovery(relay.address());
        discovery.watch(service, heard);
        awaitPorts(1001);

        source.put(service, at(1002));
        awaitPorts(1001, 1002);
        assertThat(heard.errors).isEmpty();
    }

    @Test
    void twoWatches_shareWhatIsKnown_andEndByThemselves() throws Exception {
        source.put(service, at(1001));
        open();
        ServiceDiscovery.Watch first = discovery.watch(service, new Heard());
        discovery.watch(service, heard);
        awaitPorts(1001);

        first.close();
        first.close();
        source.put(service, at(1002));
        awaitPorts(1001, 1002);
    }

    @Test
    void close_leavesNoConnectionAndNoThread() throws Exception {
        source.put(service, at(1001));
        relay = new Relay(source.address());
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        discovery = source.discovery(relay.address());
        discovery.watch(service, heard);
        awaitPorts(1001);
        ServiceDiscovery closed = discovery;

        closed.close();
        closed.close();

        await().until(() -> relay.open() == 0);
        // Pools let idle threads go after some seconds; the scheduler's and those of OkHttp itself are shared by the
        // whole process.
        await().untilAsserted(() -> assertThat(Thread.getAllStackTraces().keySet().stream()
                        .filter(thread ->
                                !before.contains(thread) && thread.getName().startsWith("lb4j"))
                        .filter(thread -> !thread.getName().equals("lb4j")))
                .isEmpty());
        assertThatThrownBy(() -> closed.watch(service, heard)).isInstanceOf(IllegalStateException.class);
        int lists = heard.lists();
        source.put(service, at(1002));
        assertThat(heard.lists()).isEqualTo(lists);
    }
}
