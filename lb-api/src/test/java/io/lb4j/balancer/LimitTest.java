package io.lb4j.balancer;

import static io.lb4j.balancer.Rig.instance;
import static io.lb4j.balancer.Rig.instances;
import static io.lb4j.balancer.Rig.report;
import static io.lb4j.balancer.Rig.state;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.lb4j.InstancesBusyException;
import io.lb4j.PickRequest;
import io.lb4j.Strategy;
import io.lb4j.balancer.InstanceReport.State;
import io.lb4j.health.CallQueue;
import io.lb4j.health.ConcurrencyLimit;
import io.lb4j.health.SlowStart;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Instances that take so many calls at a time and no more. */
final class LimitTest {
    private static final Strategy FIRST = eligible -> request -> eligible.get(0);

    private final Rig rig = new Rig();
    private LoadBalancer balancer;

    private void open(int limit, int instances, Strategy strategy) {
        balancer = rig.builder()
                .strategy(strategy)
                .slowStart(SlowStart.OFF)
                .concurrencyLimit(ConcurrencyLimit.fixed(limit))
                .build();
        rig.set(instances(instances));
    }

    @AfterEach
    void nothingLeaks() {
        if (balancer != null) {
            balancer.close();
        }
        rig.time.runDue();
        assertThat(rig.time.pending()).as("timers after close").isZero();
    }

    private List<Lease> fill() {
        List<Lease> leases = new ArrayList<>();
        for (; ; ) {
            try {
                leases.add(balancer.acquire(PickRequest.plain()));
            } catch (InstancesBusyException e) {
                return leases;
            }
        }
    }

    private static Map<String, Integer> byInstance(List<Lease> leases) {
        Map<String, Integer> counts = new TreeMap<>();
        leases.forEach(each -> counts.merge(each.instance().id(), 1, Integer::sum));
        return counts;
    }

    @Test
    void acquire_theChoiceIsFull_takesAnotherUntilAllAre() {
        open(3, 4, FIRST);
        List<Lease> leases = fill();
        assertThat(leases.subList(0, 3)).allMatch(each -> each.instance().id().equals("a"));
        assertThat(byInstance(leases)).isEqualTo(Map.of("a", 3, "b", 3, "c", 3, "d", 3));
        leases.get(5).close();
        assertThat(balancer.acquire(PickRequest.plain()).instance())
                .isEqualTo(leases.get(5).instance());
    }

    @Test
    void acquire_allFull_saysSoAtOnce() {
        open(2, 3, Rig.UNIFORM);
        fill();
        assertThatExceptionOfType(InstancesBusyException.class)
                .isThrownBy(() -> balancer.acquire(PickRequest.plain()))
                .withMessage("no instance of service orders has room for a call: 6 calls are in flight on 3 instances,"
                        + " which may have 6; there is no queue; this one was not to wait (send less, add instances, or"
                        + " raise the concurrency limit if they are not busy)")
                .satisfies(e -> assertThat(e.service()).isEqualTo("orders"));
    }

    @Test
    void overflow_ofOneFullInstance_isSpreadOverTheOthers() {
        open(200, 5, FIRST);
        List<Lease> leases = new ArrayList<>();
        for (int i = 0; i < 600; i++) {
            leases.add(balancer.acquire(PickRequest.plain()));
        }
        assertThat(byInstance(leases))
                .hasSize(5)
                .allSatisfy((id, count) -> assertThat(count).isBetween(60, 200));
    }

    @Test
    void key_itsInstanceIsFull_goesToTheNextInItsOrder() {
        Strategy ordered = eligible -> request -> {
            int i = 0;
            while (i < eligible.size() - 1 && request.excludes(eligible.get(i))) {
                i++;
            }
            return eligible.get(i);
        };
        open(1, 4, ordered);
        for (String expected : List.of("a", "b", "c", "d")) {
            assertThat(balancer.acquire(PickRequest.ofKey("k")).instance().id()).isEqualTo(expected);
        }
    }

    @Test
    void furtherAttempt_onlyTheFailedOneHasRoom_doesNotGoThere() {
        open(1, 2, Rig.UNIFORM);
        List<Lease> leases = fill();
        PickRequest next = PickRequest.plain().nextAttempt(leases.get(0).candidate());
        leases.get(0).close();
        assertThatExceptionOfType(InstancesBusyException.class).isThrownBy(() -> balancer.acquire(next));
        leases.get(1).close();
        assertThat(balancer.acquire(next).candidate()).isSameAs(leases.get(1).candidate());
    }

    @Test
    void reports_oneIsFull_showIt() {
        open(1, 2, FIRST);
        Lease lease = balancer.acquire(PickRequest.plain());
        assertThat(state(balancer, "a")).isEqualTo(State.FULL);
        assertThat(report(balancer, "a").limit()).isEqualTo(1);
        assertThat(state(balancer, "b")).isEqualTo(State.ELIGIBLE);
        assertThat(balancer.explain(PickRequest.plain()).pick()).isEqualTo(instance("b", 1002));
        assertThat(balancer.explain(PickRequest.plain()).toString()).contains("in flight 1/1", "in flight 0/1", "FULL");
        Lease other = balancer.acquire(PickRequest.plain());
        Explanation full = balancer.explain(PickRequest.plain());
        assertThat(full.pick()).isNull();
        assertThat(full.error()).isInstanceOf(InstancesBusyException.class);
        assertThat(report(balancer, "b").inFlight()).isEqualTo(1);
        lease.close();
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
        other.close();
    }

    @Test
    void reports_notLimited_haveNoLimit() {
        balancer = rig.builder().build();
        rig.set(instances(1));
        assertThat(report(balancer, "a").limit()).isEqualTo(Integer.MAX_VALUE);
        assertThat(balancer.explain(PickRequest.plain()).toString()).contains("in flight 0  ");
        assertThat(balancer.waiting()).isZero();
    }

    @Test
    void callsInFlight_acrossSnapshots_areStillCounted() {
        open(2, 2, Rig.UNIFORM);
        List<Lease> leases = fill();
        rig.set(instances(1));
        rig.set(instances(3));
        assertThat(byInstance(fill())).isEqualTo(Map.of("c", 2));
        leases.forEach(Lease::close);
        assertThat(byInstance(fill())).isEqualTo(Map.of("a", 2, "b", 2));
    }

    @Test
    void lease_limitedButNoTrackerOfTheStrategys_wantsNoReports() {
        balancer = rig.builder().concurrencyLimit(ConcurrencyLimit.aimd()).build();
        rig.set(instances(1));
        Lease lease = balancer.acquire(PickRequest.plain());
        assertThat(lease.wantsReports()).isFalse();
        lease.close();
    }

    @Test
    void build_queueWithoutLimit_isRefused() {
        assertThatIllegalStateException()
                .isThrownBy(() -> rig.builder().queue(CallQueue.DEFAULT).build())
                .withMessageContaining("concurrencyLimit is missing");
    }
}
