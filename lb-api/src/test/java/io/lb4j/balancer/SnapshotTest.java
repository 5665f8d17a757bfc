package io.lb4j.balancer;

import static io.lb4j.balancer.Rig.instance;
import static io.lb4j.balancer.Rig.instances;
import static io.lb4j.balancer.Rig.report;
import static io.lb4j.balancer.Rig.state;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.Candidate;
import io.lb4j.NoEligibleInstanceException;
import io.lb4j.NoSuchServiceException;
import io.lb4j.NotReadyException;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.InstanceReport.State;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What discovery says and what becomes of it. */
final class SnapshotTest {
    private final Rig rig = new Rig();
    private final int[] pickers = {0};
    private final LoadBalancer balancer = rig.builder()
            .strategy(eligible -> {
                pickers[0]++;
                return Rig.UNIFORM.newPicker(eligible);
            })
            .build();

    @AfterEach
    void nothingLeaks() {
        balancer.close();
        rig.time.runDue();
        assertThat(rig.time.pending()).as("timers after close").isZero();
    }

    private String trouble() {
        try {
            balancer.acquire(PickRequest.plain()).close();
            return "none";
        } catch (RuntimeException e) {
            return e.getClass().getSimpleName() + " " + e.getMessage();
        }
    }

    @Test
    void errors_sayWhatWasAskedWhatIsKnownAndWhatToDo() {
        assertThat(trouble())
                .isEqualTo(
                        "NotReadyException nothing is known of service orders yet: manual discovery has not delivered"
                                + " its first snapshot (wait with ready(), or check that the source is up)");
        IOException down = new IOException("connection refused");
        rig.discovery.fail("orders", down);
        rig.time.runDue();
        assertThatThrownBy(() -> balancer.acquire(PickRequest.plain()))
                .isInstanceOf(NotReadyException.class)
                .hasMessageContaining("discovery's last error: java.io.IOException: connection refused")
                .hasCause(down)
                .extracting(e -> ((NotReadyException) e).service())
                .isEqualTo("orders");
        rig.discovery.unknown("orders", "404");
        rig.time.runDue();
        assertThatThrownBy(() -> balancer.acquire(PickRequest.plain()))
                .isInstanceOf(NoSuchServiceException.class)
                .hasMessageStartingWith("no such service: orders, according to manual discovery: 404")
                .hasMessageEndingWith("(check the name, and that its instances have registered)");
        rig.set();
        assertThatThrownBy(() -> balancer.acquire(PickRequest.plain()))
                .isInstanceOf(NoEligibleInstanceException.class)
                .hasNoCause()
                .hasMessage("no instance of service orders can take a call: 0 known, from manual discovery");
    }

    @Test
    void discoveryError_keepsTheLastGoodSnapshot() {
        rig.set(instances(2));
        rig.discovery.fail("orders", new IOException("down"));
        rig.time.runDue();
        assertThat(rig.picks(balancer, 50)).containsOnlyKeys("a", "b");
        assertThat(balancer.explain(PickRequest.plain()).toString()).contains("trouble: down");
        rig.set(instances(2));
        assertThat(balancer.explain(PickRequest.plain()).error()).isNull();
        assertThat(rig.events.drain()).containsExactly("instances 2", "error down");
    }

    @Test
    void unknownService_afterInstances_keepsThemServing() {
        rig.set(instances(2));
        rig.discovery.unknown("orders", "404");
        rig.discovery.unknown("orders", "404 again");
        rig.time.runDue();
        assertThat(rig.picks(balancer, 50)).containsOnlyKeys("a", "b");
        rig.discovery.unknown("orders", "404 still");
        rig.time.runDue();
        assertThat(rig.events.drain()).containsExactly("instances 2", "unknown 404 again");
        rig.set(instances(2));
        rig.discovery.unknown("orders", "404");
        rig.time.runDue();
        assertThat(rig.events.drain()).containsExactly("instances 2", "unknown 404");
    }

    @Test
    void unknownService_staysUnknownWhileWeightsRamp() {
        rig.set();
        rig.set(instance("a", 1001).toBuilder().weight(0).build());
        rig.discovery.unknown("orders", "404");
        rig.time.runDue();
        rig.advanceMillis(3000);
        assertThat(trouble()).startsWith("NoSuchServiceException");
    }

    @Test
    void answers_waitingForTheLane_theLastOneWins() {
        ServiceInstance drained = instance("a", 1001).toBuilder().weight(0).build();
        rig.discovery.set("orders", drained);
        rig.discovery.unknown("orders", "404");
        rig.discovery.set("orders", drained);
        rig.time.runDue();
        assertThat(trouble()).startsWith("NoEligibleInstanceException");
        rig.discovery.set("orders", drained);
        rig.discovery.unknown("orders", "404");
        rig.time.runDue();
        assertThat(trouble()).startsWith("NoSuchServiceException");
    }

    @Test
    void errors_waitingForTheLane_areRevokedByLaterAnswersOnly() {
        rig.discovery.set("orders", instances(1));
        rig.discovery.fail("orders", new IOException("one"));
        rig.discovery.set("orders", instances(2));
        rig.time.runDue();
        assertThat(balancer.explain(PickRequest.plain()).error()).isNull();
        assertThat(rig.events.drain()).containsExactly("error one", "instances 2");
        rig.discovery.fail("orders", new IOException("two"));
        rig.discovery.set("orders", instances(1));
        rig.discovery.fail("orders", new IOException("three"));
        rig.discovery.fail("orders", new IOException("four"));
        rig.time.runDue();
        assertThat(balancer.explain(PickRequest.plain()).error()).hasMessage("four");
        assertThat(rig.events.drain()).containsExactly("error two", "instances 1", "error four");
    }

    @Test
    void snapshots_inAStorm_makeOnePickerPerTurnOfTheLane() {
        for (int i = 1; i <= 1000; i++) {
            rig.discovery.set("orders", instances(1 + i % 7));
        }
        assertThat(rig.time.pending()).as("one wake-up of the lane").isLessThanOrEqualTo(2);
        rig.time.runDue();
        assertThat(pickers[0]).isOne();
        for (int i = 1; i <= 1000; i++) {
            rig.discovery.set("orders", instances(1 + i % 7));
            rig.advanceMillis(1);
        }
        assertThat(balancer.instances()).hasSize(1 + 1000 % 7);
        assertThat(rig.picks(balancer, 300)).hasSize(1 + 1000 % 7);
    }

    @Test
    void snapshot_equalToTheLast_changesNothing() {
        rig.set(instances(3));
        rig.set(instances(3));
        assertThat(pickers[0]).isOne();
        assertThat(rig.events.drain()).containsExactly("instances 3");
    }

    @Test
    void snapshot_ofTenThousandWithOneChanged_keepsTheStateOfTheOthers() {
        List<ServiceInstance> all = new ArrayList<>(instances(10_000));
        rig.set(all);
        Lease lease = balancer.acquire(PickRequest.plain());
        String id = lease.instance().id();
        Candidate before = lease.candidate();
        ServiceInstance changed = all.get(5000).toBuilder().weight(3).build();
        all.set(5000, changed);
        rig.set(all);
        assertThat(pickers[0]).isEqualTo(2);
        assertThat(report(balancer, id).inFlight()).isOne();
        assertThat(before.inFlight()).isOne();
        assertThat(report(balancer, "i5000").weight()).isEqualTo(3);
        lease.close();
    }

    @Test
    void description_changed_keepsTheStateAndIsSeenByCandidates() {
        rig.set(instances(2));
        Lease lease = Rig.leaseOn(balancer, "a");
        Rig.end(balancer, "a", 3, Outcome.SUCCESS);
        rig.set(
                instance("a", 1001).toBuilder()
                        .zone("z1")
                        .metadata(Map.of("k", "v"))
                        .build(),
                instance("b", 1002));
        assertThat(lease.candidate().instance().zone()).isEqualTo("z1");
        assertThat(report(balancer, "a").inFlight()).isOne();
        assertThat(report(balancer, "a").calls()).isGreaterThanOrEqualTo(3);
        assertThat(report(balancer, "a").weight()).as("no second slow start").isOne();
        lease.close();
    }

    @Test
    void address_changed_startsAfresh() {
        rig.set(instances(2));
        Lease old = Rig.leaseOn(balancer, "a");
        rig.fail(balancer, "a", 5);
        rig.set(instance("a", 2001), instance("b", 1002));
        assertThat(report(balancer, "a")).satisfies(r -> {
            assertThat(r.state()).isEqualTo(State.ELIGIBLE);
            assertThat(r.inFlight()).isZero();
            assertThat(r.failures()).isZero();
            assertThat(r.weight()).isLessThan(1);
        });
        assertThat(old.close(Outcome.SUCCESS)).isTrue();
        assertThat(report(balancer, "a").inFlight()).isZero();
        assertThat(old.instance().port()).isEqualTo(1001);
    }

    @Test
    void instance_thatFlaps_keepsItsEjection() {
        rig.set(instances(3));
        rig.fail(balancer, "a", 5);
        rig.set(instances(3).subList(1, 3));
        rig.advanceMillis(2000);
        rig.set(instances(3));
        assertThat(state(balancer, "a")).isEqualTo(State.EJECTED);
        rig.advanceMillis(3000);
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
    }

    @Test
    void instance_goneForLong_isForgotten() {
        rig.set(instances(3));
        rig.fail(balancer, "a", 5);
        rig.set(instances(3).subList(1, 3));
        rig.advanceMillis(Duration.ofMinutes(11).toMillis());
        rig.set(instances(3));
        assertThat(report(balancer, "a").failures()).isZero();
        assertThat(report(balancer, "a").ejections()).isZero();
    }

    @Test
    void instances_comingAndGoingWithoutEnd_areNotAllRemembered() {
        rig.set(instances(10_000));
        List<ServiceInstance> others = new ArrayList<>();
        for (int i = 0; i < 10_001; i++) {
            others.add(instance("other" + i, 1 + i));
        }
        rig.set(others);
        rig.set(instances(1));
        assertThat(balancer.instances()).hasSize(1);
    }

    @Test
    void duplicateIds_areReportedOnceAndTheFirstIsUsed() {
        List<ServiceInstance> twins = List.of(instance("a", 1001), instance("a", 1002), instance("b", 1003));
        rig.set(twins);
        rig.set(twins);
        assertThat(rig.events.drain())
                .containsExactly(
                        "error orders: discovery delivered 1 instances with the id of another: a for 127.0.0.1:1001 and"
                                + " 127.0.0.1:1002 (expected: unique ids); the first of each is used",
                        "instances 2");
        assertThat(report(balancer, "a").instance().port()).isEqualTo(1001);
        assertThat(balancer.explain(PickRequest.plain()).toString()).contains("expected: unique ids");
        rig.set(instance("a", 1001), instance("a", 1001), instance("b", 1003));
        assertThat(balancer.explain(PickRequest.plain()).error())
                .as("the very same twice")
                .isNull();
        List<ServiceInstance> many = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            many.add(instance("m", 1 + i));
        }
        rig.set(many);
        assertThat(rig.events.errors.get(1))
                .hasMessageContaining("9 instances")
                .hasMessageContaining(", ... (expected");
    }

    @Test
    void explain_isATableForPeople() {
        rig.set(
                instance("a", 1001),
                instance("b", 1002).toBuilder().weight(0).build(),
                instance("c", 1003).toBuilder().priority(1).build());
        Lease lease = Rig.leaseOn(balancer, "a");
        Explanation explanation = balancer.explain(PickRequest.plain());
        assertThat(explanation.pick()).isEqualTo(instance("a", 1001));
        assertThat(explanation.instances()).hasSize(3);
        String[] lines = explanation.toString().split("\n");
        assertThat(lines[0]).startsWith("orders by ");
        assertThat(lines[1]).matches("  a +ELIGIBLE +weight 1.00 +in flight 1 +calls 0 +failures 0 *");
        assertThat(lines[2]).matches("  b +DRAINING .*weight 0");
        assertThat(lines[3]).matches("  c +LOWER_PRIORITY .*more preferred instances suffice");
        assertThat(lines[4]).isEqualTo("  a call like this goes to a");
        assertThat(lines).hasSize(5);
        assertThat(rig.time.pending()).as("explaining leaves no call in flight").isPositive();
        assertThat(report(balancer, "a").inFlight()).isOne();
        lease.close();
    }

    @Test
    void explain_ofAnErrorWithoutMessage_namesIt() {
        rig.set(instances(1));
        rig.discovery.fail("orders", new IOException());
        rig.time.runDue();
        assertThat(balancer.explain(PickRequest.plain()).toString()).contains("trouble: java.io.IOException");
    }
}
