package io.lb4j.balancer;

import static io.lb4j.balancer.Rig.instance;
import static io.lb4j.balancer.Rig.instances;
import static io.lb4j.balancer.Rig.report;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.lb4j.Candidate;
import io.lb4j.NoEligibleInstanceException;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.InstanceReport.State;
import io.lb4j.health.OutlierDetection;
import io.lb4j.health.SlowStart;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who may be picked: drain and panic; and the weights of slow start. */
final class EligibilityTest {
    private static final OutlierDetection ANY_SHARE =
            Rig.untried().maxEjectedShare(1).build();

    private final Rig rig = new Rig();
    private final List<LoadBalancer> open = new ArrayList<>();

    @AfterEach
    void nothingLeaks() {
        open.forEach(LoadBalancer::close);
        rig.time.runDue();
        assertThat(rig.time.pending()).as("timers after close").isZero();
    }

    private LoadBalancer build(LoadBalancer.Builder builder) {
        LoadBalancer balancer = builder.build();
        open.add(balancer);
        return balancer;
    }

    private LoadBalancer balancer(double panicThreshold) {
        return build(rig.builder()
                .outlierDetection(ANY_SHARE)
                .slowStart(SlowStart.OFF)
                .panicThreshold(panicThreshold));
    }

    @Test
    void drain_byWeightZero_getsNothingNewAndKeepsItsCalls() {
        LoadBalancer balancer = balancer(0.5);
        rig.set(instances(2));
        Lease inProgress = Rig.leaseOn(balancer, "a");
        rig.set(instance("a", 1001).toBuilder().weight(0).build(), instance("b", 1002));
        assertThat(rig.picks(balancer, 50)).containsOnlyKeys("b");
        assertThat(report(balancer, "a")).satisfies(r -> {
            assertThat(r.state()).isEqualTo(State.DRAINING);
            assertThat(r.inFlight()).isOne();
            assertThat(r.reason()).isEqualTo("weight 0");
            assertThat(r.weight()).isZero();
        });
        inProgress.close();
        assertThat(report(balancer, "a").inFlight()).isZero();
    }

    @Test
    void drain_ofAll_isNotPanic() {
        LoadBalancer balancer = balancer(1);
        rig.set(instance("a", 1001).toBuilder().weight(0).build());
        assertThatThrownBy(() -> balancer.acquire(PickRequest.plain()))
                .isInstanceOf(NoEligibleInstanceException.class)
                .hasMessage("no instance of service orders can take a call: 1 known, by state {DRAINING=1}, from manual"
                        + " discovery");
        assertThat(rig.events.drain()).containsExactly("instances 1");
    }

    @Test
    void drain_doesNotCountForPanic() {
        LoadBalancer balancer = balancer(0.5);
        List<ServiceInstance> all = new ArrayList<>();
        for (ServiceInstance each : instances(10)) {
            all.add(all.size() < 8 ? each.toBuilder().weight(0).build() : each);
        }
        rig.set(all);
        assertThat(rig.picks(balancer, 50)).containsOnlyKeys("i", "j");
    }

    @Test
    void panic_belowTheThreshold_servesByAllAndSaysWhy() {
        LoadBalancer balancer = balancer(0.5);
        rig.set(instances(4));
        rig.fail(balancer, "a", 5);
        rig.fail(balancer, "b", 5);
        assertThat(rig.picks(balancer, 50)).containsOnlyKeys("c", "d");
        rig.events.drain();
        rig.fail(balancer, "c", 5);
        assertThat(rig.events.drain())
                .satisfiesExactlyInAnyOrder(
                        line -> assertThat(line).startsWith("ejected c"),
                        line -> assertThat(line).isEqualTo("panic true"));
        assertThat(rig.picks(balancer, 100)).containsOnlyKeys("a", "b", "c", "d");
        assertThat(report(balancer, "a").reason())
                .isEqualTo("takes calls in panic though EJECTED: 5 calls in a row failed");
        assertThat(report(balancer, "a").weight()).isOne();
        assertThat(balancer.explain(PickRequest.plain()).panic()).isTrue();
        assertThat(balancer.explain(PickRequest.plain()).toString()).contains(", in panic");
        rig.advanceMillis(5000);
        assertThat(rig.events.lines).contains("panic false");
        assertThat(balancer.explain(PickRequest.plain()).panic()).isFalse();
    }

    @Test
    void panic_ofTheOnlyInstance_isExplained() {
        LoadBalancer balancer = balancer(0.5);
        rig.set(instances(1));
        rig.fail(balancer, "a", 5);
        assertThat(rig.picks(balancer, 5)).containsOnlyKeys("a");
        assertThat(balancer.explain(PickRequest.plain()).panic()).isTrue();
    }

    @Test
    void panic_off_failsCallsWhenNobodyIsHealthy() {
        LoadBalancer balancer = balancer(0);
        rig.set(instances(2));
        rig.fail(balancer, "a", 5);
        rig.fail(balancer, "b", 5);
        assertThatThrownBy(() -> balancer.acquire(PickRequest.plain()))
                .isInstanceOf(NoEligibleInstanceException.class)
                .hasMessageContaining("2 known, by state {EJECTED=2}");
        assertThat(balancer.explain(PickRequest.plain()).toString())
                .contains("trouble: no instance of service orders can take a call");
    }

    @Test
    void slowStart_ofANewcomer_risesByTheSecond() {
        LoadBalancer balancer = build(rig.builder().slowStart(new SlowStart(Duration.ofSeconds(10), 0.1, 1)));
        rig.set(instance("a", 1001));
        assertThat(report(balancer, "a").weight()).as("first snapshot").isOne();
        rig.set(instance("a", 1001), instance("b", 1002).toBuilder().weight(4).build());
        assertThat(report(balancer, "b").weight()).isCloseTo(0.4, within(1e-9));
        rig.advanceMillis(5000);
        assertThat(report(balancer, "b").weight()).isBetween(1.6, 2.0);
        rig.advanceMillis(6000);
        assertThat(report(balancer, "b").weight()).isEqualTo(4);
    }

    @Test
    void slowStart_ofAReturningInstance_startsAtItsReturn() {
        LoadBalancer balancer = build(rig.builder());
        rig.set(instances(2));
        rig.fail(balancer, "a", 5);
        rig.advanceMillis(5000);
        assertThat(report(balancer, "a").weight()).isCloseTo(0.1, within(1e-9));
        rig.advanceMillis(11_000);
        assertThat(report(balancer, "a").weight()).isOne();
    }

    @Test
    void weight_tinyAndRamping_staysPositive() {
        double[] least = {1};
        LoadBalancer balancer = build(rig.builder().strategy(eligible -> {
            IntStream.range(0, eligible.size()).forEach(i -> least[0] = Math.min(least[0], eligible.weight(i)));
            return Rig.UNIFORM.newPicker(eligible);
        }));
        rig.set(instances(1));
        rig.set(
                instance("a", 1001),
                instance("b", 1002).toBuilder().weight(Double.MIN_VALUE).build());
        assertThat(least[0]).isPositive();
        assertThat(balancer.instances()).hasSize(2);
    }

    @Test
    void eligible_select_keepsTheServiceAndChecksItsArguments() {
        LoadBalancer balancer = build(rig.builder().strategy(eligible -> {
            Candidate first = eligible.get(0);
            var one = eligible.select(List.of(first), new double[] {7});
            assertThat(one.size()).isOne();
            assertThat(one.weight(0)).isEqualTo(7);
            assertThat(one.service()).isEqualTo("orders");
            assertThat(one.ticker()).isSameAs(rig.time);
            assertThat(one.toString()).startsWith("orders [a");
            assertThatThrownBy(() -> eligible.select(List.of(), new double[0]))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> eligible.select(List.of(first), new double[0]))
                    .isInstanceOf(IllegalArgumentException.class);
            for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
                assertThatThrownBy(() -> eligible.select(List.of(first), new double[] {bad}))
                        .hasMessageContaining("expected: positive and finite");
            }
            assertThatThrownBy(() -> eligible.get(2)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> eligible.weight(-1)).isInstanceOf(IndexOutOfBoundsException.class);
            return request -> one.get(0);
        }));
        rig.set(instances(2));
        assertThat(rig.events.lines).containsExactly("instances 2");
        assertThat(rig.picks(balancer, 20)).containsOnlyKeys("a");
    }
}
