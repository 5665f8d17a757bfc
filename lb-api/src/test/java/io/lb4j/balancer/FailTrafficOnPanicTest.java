package io.lb4j.balancer;

import static io.lb4j.balancer.Rig.instances;
import static io.lb4j.balancer.Rig.state;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.NoEligibleInstanceException;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.InstanceReport.State;
import io.lb4j.health.OutlierDetection;
import io.lb4j.health.SlowStart;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Calls that fail at once in panic, instead of going to instances that are not healthy. */
final class FailTrafficOnPanicTest {
    private final Rig rig = new Rig();
    private LoadBalancer balancer;

    @AfterEach
    void nothingLeaks() {
        balancer.close();
        rig.time.runDue();
        assertThat(rig.time.pending()).as("timers after close").isZero();
    }

    private void open(OutlierDetection.Builder detection) {
        balancer = rig.builder()
                .outlierDetection(detection.maxEjectedShare(1).build())
                .slowStart(SlowStart.OFF)
                .failTrafficOnPanic(true)
                .build();
    }

    private void eject(String... ids) {
        for (String id : ids) {
            rig.fail(balancer, id, 5);
        }
    }

    @Test
    void panic_failsCallsAndSaysHowManyAndUntilWhen() {
        open(OutlierDetection.builder());
        rig.set(instances(4));
        eject("a", "b");
        assertThat(rig.picks(balancer, 50)).as("half are well").containsOnlyKeys("c", "d");
        rig.advanceMillis(1_000);
        eject("c");
        assertThatThrownBy(() -> balancer.acquire(PickRequest.plain()))
                .isInstanceOf(NoEligibleInstanceException.class)
                .hasMessage("calls to service orders fail at once, for too few of its instances are well"
                        + " (panicThreshold, with failTrafficOnPanic): 4 known, by state {ELIGIBLE=1, EJECTED=3},"
                        + " the first one's time is over in 4000 ms, from manual discovery");
        assertThat(balancer.acquireAsync(PickRequest.plain(), Duration.ofSeconds(1)))
                .isCompletedExceptionally();
        assertThat(balancer.explain(PickRequest.plain()).panic()).isTrue();
        assertThat(Rig.report(balancer, "d").reason()).contains("failTrafficOnPanic");
        assertThat(rig.events.lines).contains("panic true");
    }

    @Test
    void panic_endsByTrialsAsSoonAsCallsCome() {
        open(OutlierDetection.builder());
        rig.set(instances(4));
        eject("a", "b", "c");
        rig.advanceMillis(5_000);
        Lease first = balancer.acquire(PickRequest.plain());
        assertThat(state(balancer, first.instance().id())).isEqualTo(State.EJECTED);
        List<Lease> others = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            try {
                others.add(balancer.acquireAsync(PickRequest.plain(), Duration.ZERO)
                        .join());
            } catch (RuntimeException e) {
                assertThat(e).hasCauseInstanceOf(NoEligibleInstanceException.class);
            }
        }
        assertThat(others).as("one for each that is on trial").hasSize(2);
        first.close(Outcome.SUCCESS);
        rig.time.runDue();
        assertThat(balancer.explain(PickRequest.plain()).panic()).isFalse();
        assertThat(rig.picks(balancer, 50))
                .containsOnlyKeys("d", first.instance().id());
    }

    @Test
    void panic_withoutTrials_endsWithTheTime() {
        open(Rig.untried());
        rig.set(instances(2));
        eject("a", "b");
        assertThatThrownBy(() -> balancer.acquire(PickRequest.plain())).hasMessageContaining("in 5000 ms");
        rig.advanceMillis(5_000);
        assertThat(rig.picks(balancer, 50)).containsOnlyKeys("a", "b");
    }

    @Test
    void panicOfOnePriority_leavesTheOthers() {
        open(OutlierDetection.builder());
        List<ServiceInstance> all = new ArrayList<>(instances(4));
        for (int i = 2; i < 4; i++) {
            all.set(i, all.get(i).toBuilder().priority(1).build());
        }
        rig.set(all);
        eject("a", "b");
        assertThat(rig.picks(balancer, 50)).containsOnlyKeys("c", "d");
    }

    @Test
    void noInstances_isNoPanic() {
        open(OutlierDetection.builder());
        rig.set();
        assertThatThrownBy(() -> balancer.acquire(PickRequest.plain()))
                .hasMessageStartingWith("no instance of service orders can take a call: 0 known");
    }
}
