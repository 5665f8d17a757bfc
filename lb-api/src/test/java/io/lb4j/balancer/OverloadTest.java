package io.lb4j.balancer;

import static io.lb4j.balancer.Rig.end;
import static io.lb4j.balancer.Rig.instances;
import static io.lb4j.balancer.Rig.leaseOn;
import static io.lb4j.balancer.Rig.report;
import static io.lb4j.balancer.Rig.state;
import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.Outcome;
import io.lb4j.balancer.InstanceReport.State;
import io.lb4j.health.OutlierDetection;
import io.lb4j.health.SlowStart;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Instances that ask to be left alone (429, Retry-After). */
final class OverloadTest {
    private final Rig rig = new Rig();
    private LoadBalancer balancer;

    @BeforeEach
    void open() {
        balancer = rig.builder().slowStart(SlowStart.OFF).panicThreshold(0).build();
        rig.set(instances(2));
        rig.events.drain();
    }

    @AfterEach
    void nothingLeaks() {
        balancer.close();
        rig.time.runDue();
        assertThat(rig.time.pending()).as("timers after close").isZero();
    }

    private void overload(String id, Duration time) {
        end(balancer, id, 1, Outcome.overloaded(time));
        rig.time.runDue();
    }

    @Test
    void overloaded_isAwayForAsLongAsItAsked() {
        overload("a", Duration.ofMillis(1500));
        assertThat(state(balancer, "a")).isEqualTo(State.OVERLOADED);
        assertThat(report(balancer, "a").reason()).contains("PT1.5S");
        assertThat(rig.picks(balancer, 50)).containsOnlyKeys("b");
        rig.advanceMillis(1499);
        assertThat(state(balancer, "a")).isEqualTo(State.OVERLOADED);
        rig.advanceMillis(1);
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
        assertThat(rig.events.drain()).containsExactly("overloaded a PT1.5S", "returned a");
        assertThat(report(balancer, "a").ejections()).isZero();
    }

    @Test
    void overloaded_longerThanTheLongestEjection_isCutToThat() {
        overload("a", Duration.ofSeconds(Long.MAX_VALUE));
        assertThat(rig.events.drain()).containsExactly("overloaded a PT5M");
        rig.advanceMillis(Duration.ofMinutes(5).toMillis());
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
    }

    @Test
    void overloaded_withoutATime_keepsCalls() {
        overload("a", Duration.ZERO);
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
        assertThat(rig.events.drain()).isEmpty();
    }

    @Test
    void overloaded_again_prolongsButNeverShortens() {
        List<Lease> leases =
                IntStream.range(0, 3).mapToObj(i -> leaseOn(balancer, "a")).toList();
        leases.get(0).close(Outcome.overloaded(Duration.ofSeconds(2)));
        rig.advanceMillis(1000);
        leases.get(1).close(Outcome.overloaded(Duration.ofMillis(100)));
        rig.advanceMillis(500);
        assertThat(state(balancer, "a")).isEqualTo(State.OVERLOADED);
        leases.get(2).close(Outcome.overloaded(Duration.ofSeconds(3)));
        rig.advanceMillis(2999);
        assertThat(state(balancer, "a")).isEqualTo(State.OVERLOADED);
        rig.advanceMillis(1);
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
        assertThat(rig.events.drain()).containsExactly("overloaded a PT2S", "returned a");
    }

    @Test
    void flood_ofRefusals_costsOneTaskAndOneTimer() {
        List<Lease> leases =
                IntStream.range(0, 5000).mapToObj(i -> leaseOn(balancer, "a")).toList();
        int before = rig.time.pending();
        leases.forEach(lease -> lease.close(Outcome.overloaded(Duration.ofSeconds(60))));
        assertThat(rig.time.pending() - before).isLessThanOrEqualTo(1);
        rig.time.runDue();
        assertThat(rig.time.pending() - before).isLessThanOrEqualTo(1);
        assertThat(rig.events.drain()).containsExactly("overloaded a PT1M");
    }

    @Test
    void ejection_whileOverloaded_doesNotShortenTheRest() {
        List<Lease> late =
                IntStream.range(0, 5).mapToObj(i -> leaseOn(balancer, "a")).toList();
        overload("a", Duration.ofSeconds(60));
        late.forEach(lease -> lease.close(Outcome.TIMEOUT));
        rig.time.runDue();
        assertThat(state(balancer, "a")).isEqualTo(State.EJECTED);
        rig.advanceMillis(5000);
        assertThat(state(balancer, "a")).isEqualTo(State.OVERLOADED);
        rig.advanceMillis(55_000);
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
        assertThat(rig.events.drain()).last().isEqualTo("returned a");
    }

    @Test
    void overloaded_whileEjected_doesNotProlongTheEjection() {
        List<Lease> late =
                IntStream.range(0, 1).mapToObj(i -> leaseOn(balancer, "a")).toList();
        rig.fail(balancer, "a", 5);
        late.get(0).close(Outcome.overloaded(Duration.ofSeconds(60)));
        rig.time.runDue();
        assertThat(report(balancer, "a").reason()).contains("5 calls in a row failed");
        rig.advanceMillis(5000);
        // The ejection's place under the cap is free again.
        rig.set(instances(3));
        rig.fail(balancer, "b", 5);
        assertThat(state(balancer, "b")).isEqualTo(State.EJECTED);
        assertThat(state(balancer, "a")).isEqualTo(State.OVERLOADED);
    }

    @Test
    void overloaded_afterTheInstanceLeft_isIgnored() {
        Lease late = leaseOn(balancer, "a");
        rig.set(instances(2).get(1));
        rig.events.drain();
        late.close(Outcome.overloaded(Duration.ofSeconds(1)));
        rig.time.runDue();
        assertThat(rig.events.drain()).isEmpty();
    }

    @Test
    void overloaded_withPassiveHealthOff_stillCounts() {
        LoadBalancer other =
                rig.builder().outlierDetection(OutlierDetection.OFF).build();
        rig.time.runDue();
        end(other, "a", 1, Outcome.overloaded(Duration.ofSeconds(1)));
        rig.time.runDue();
        assertThat(state(other, "a")).isEqualTo(State.OVERLOADED);
        other.close();
    }
}
