package io.lb4j.balancer;

import static io.lb4j.balancer.Rig.instance;
import static io.lb4j.balancer.Rig.instances;
import static io.lb4j.balancer.Rig.leaseOn;
import static io.lb4j.balancer.Rig.report;
import static io.lb4j.balancer.Rig.state;
import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.InstanceReport.State;
import io.lb4j.health.SlowStart;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Instances that are about to stop, as discovery says or as they say themselves. */
final class DrainingTest {
    private final Rig rig = new Rig();
    private LoadBalancer balancer;

    @BeforeEach
    void open() {
        balancer = rig.builder().slowStart(SlowStart.OFF).build();
    }

    @AfterEach
    void nothingLeaks() {
        balancer.close();
        rig.time.runDue();
        assertThat(rig.time.pending()).as("timers after close").isZero();
    }

    private void goodbye(String id) {
        Lease lease = leaseOn(balancer, id);
        lease.draining();
        lease.close(Outcome.SUCCESS);
        rig.time.runDue();
    }

    @Test
    void goodbye_callsGoElsewhereForTwoSeconds() {
        rig.set(instances(3));
        goodbye("a");
        assertThat(state(balancer, "a")).isEqualTo(State.DRAINING);
        assertThat(report(balancer, "a").reason()).contains("said that it is going away");
        assertThat(rig.picks(balancer, 100)).containsOnlyKeys("b", "c");
        rig.advanceMillis(1999);
        assertThat(rig.picks(balancer, 100)).containsOnlyKeys("b", "c");
        // Found out by the balancer's tick, once a second.
        rig.advanceMillis(1001);
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
        assertThat(rig.picks(balancer, 100)).containsKey("a");
    }

    @Test
    void goodbye_callsInProgressGoOn() {
        rig.set(instances(2));
        Lease going = leaseOn(balancer, "a");
        goodbye("a");
        assertThat(report(balancer, "a").inFlight()).isOne();
        going.close(Outcome.SUCCESS);
        assertThat(report(balancer, "a").inFlight()).isZero();
    }

    @Test
    void goodbye_ofTheOnlyOne_changesNothing() {
        rig.set(instances(1));
        goodbye("a");
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
        assertThat(rig.picks(balancer, 10)).containsOnlyKeys("a");
    }

    @Test
    void goodbye_ofAll_takesOutHalfAtMost() {
        rig.set(instances(5));
        List<Lease> leases = new ArrayList<>();
        for (String id : List.of("a", "b", "c", "d", "e")) {
            leases.add(leaseOn(balancer, id));
        }
        leases.forEach(Lease::draining);
        rig.time.runDue();
        assertThat(rig.picks(balancer, 300)).containsOnlyKeys("c", "d", "e");
        leases.forEach(Lease::close);
    }

    @Test
    void goodbye_again_withinAMinute_isAHabit() {
        rig.set(instances(3));
        goodbye("a");
        rig.advanceMillis(3000);
        for (int i = 0; i < 10; i++) {
            goodbye("a");
            assertThat(state(balancer, "a")).as("goodbye " + i).isEqualTo(State.ELIGIBLE);
            rig.advanceMillis(59_999);
        }
        rig.advanceMillis(1);
        goodbye("a");
        assertThat(state(balancer, "a")).isEqualTo(State.DRAINING);
    }

    @Test
    void goodbyes_atOnce_costOneTask() {
        rig.set(instances(2));
        Lease lease = leaseOn(balancer, "a");
        int before = rig.time.pending();
        for (int i = 0; i < 1000; i++) {
            lease.draining();
        }
        assertThat(rig.time.pending() - before).isEqualTo(1);
        lease.close();
    }

    @Test
    void goodbye_afterTheInstanceLeft_isIgnored() {
        rig.set(instances(2));
        Lease late = leaseOn(balancer, "a");
        rig.set(instances(2).get(1));
        late.draining();
        late.close();
        rig.time.runDue();
        assertThat(rig.picks(balancer, 10)).containsOnlyKeys("b");
    }

    @Test
    void goodbye_inPanic_isPassedOver() {
        rig.set(instances(3));
        Lease lease = leaseOn(balancer, "a");
        rig.fail(balancer, "b", 5);
        // One of three is ejected; taking out one more of the two left is fine.
        lease.draining();
        lease.close();
        rig.time.runDue();
        assertThat(rig.picks(balancer, 100)).containsOnlyKeys("c");
    }

    @Test
    void goodbye_doesNotMakeAnotherPriorityStandIn() {
        rig.set(
                instance("a", 1001),
                instance("b", 1002),
                instance("x", 1003).toBuilder().priority(1).build());
        goodbye("a");
        assertThat(rig.picks(balancer, 100)).containsOnlyKeys("b");
    }

    @Test
    void terminating_inMetadata_drains() {
        ServiceInstance a = instance("a", 1001).toBuilder()
                .metadata(Map.of(ServiceInstance.TERMINATING, "true"))
                .build();
        rig.set(a, instance("b", 1002));
        assertThat(rig.picks(balancer, 100)).containsOnlyKeys("b");
        assertThat(state(balancer, "a")).isEqualTo(State.DRAINING);
        assertThat(report(balancer, "a").reason()).isEqualTo("terminating in its metadata");
        rig.set(
                a.toBuilder()
                        .metadata(Map.of(ServiceInstance.TERMINATING, "false"))
                        .build(),
                instance("b", 1002));
        assertThat(rig.picks(balancer, 100)).containsOnlyKeys("a", "b");
    }

    @Test
    void furtherAttempts_takeTheSparesLast() {
        rig.set(
                instance("a", 1001),
                instance("b", 1002),
                instance("x", 1003).toBuilder().priority(1).build(),
                instance("y", 1004).toBuilder().priority(1).build(),
                instance("z", 1005).toBuilder().priority(2).build());
        goodbye("a");
        Set<String> third = new HashSet<>();
        for (int call = 0; call < 50; call++) {
            PickRequest request = PickRequest.plain();
            List<String> order = new ArrayList<>();
            for (int attempt = 0; attempt < 6; attempt++) {
                try (Lease lease = balancer.acquire(request)) {
                    order.add(lease.instance().id());
                    request = request.nextAttempt(lease.candidate());
                }
            }
            assertThat(order.subList(0, 2)).containsExactly("b", "a");
            assertThat(order.subList(2, 4)).containsExactlyInAnyOrder("x", "y");
            assertThat(order.get(4)).isEqualTo("z");
            // Nobody left: the one that the strategy insists on.
            assertThat(order.get(5)).isEqualTo("b");
            third.add(order.get(2));
        }
        assertThat(third).containsExactlyInAnyOrder("x", "y");
    }

    @Test
    void spares_thatChange_areSeen() {
        ServiceInstance a = instance("a", 1001);
        ServiceInstance x = instance("x", 1003).toBuilder().priority(1).build();
        ServiceInstance y = instance("y", 1004).toBuilder().priority(1).build();
        rig.set(a, x);
        rig.set(a, y);
        Lease first = balancer.acquire(PickRequest.plain());
        Lease second = balancer.acquire(PickRequest.plain().nextAttempt(first.candidate()));
        assertThat(second.instance().id()).isEqualTo("y");
        first.close();
        second.close();
    }
}
