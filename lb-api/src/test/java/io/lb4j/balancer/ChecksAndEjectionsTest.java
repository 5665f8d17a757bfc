package io.lb4j.balancer;

import static io.lb4j.balancer.Rig.report;
import static io.lb4j.balancer.Rig.state;
import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.Outcome;
import io.lb4j.balancer.InstanceReport.State;
import io.lb4j.health.HealthCheck;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What checks and passive health make of each other. */
final class ChecksAndEjectionsTest extends CheckedService {
    @Test
    void ejection_thatChecksSaw_endsWhenTheySeeItGone() {
        script.answer(DOWN);
        open(HealthCheck.builder(script).jitter(0), 2);
        rig.advanceMillis(1);
        rig.time.runDue();
        rig.fail(balancer, "a", 5);
        assertThat(rig.events.drain()).contains("ejected a PT5S 5 calls in a row failed");
        rig.advanceMillis(1500);
        assertThat(rig.events.drain()).contains("unhealthy a 503");
        script.answer(UP);
        rig.advanceMillis(1300);
        assertThat(rig.events.drain()).contains("healthy a 200 OK", "returned a");
        assertThat(report(balancer, "a")).satisfies(r -> {
            assertThat(r.state()).isEqualTo(State.ELIGIBLE);
            assertThat(r.weight()).as("slow start").isLessThan(0.3);
            assertThat(r.ejections()).as("the next one is longer all the same").isEqualTo(1);
        });
        rig.fail(balancer, "a", 1);
        assertThat(rig.events.drain())
                .as("on probation")
                .contains("ejected a PT10S failed again on its return, 1 in a row");
    }

    @Test
    void ejection_thatChecksDidNotSee_lastsItsTime() {
        open(HealthCheck.builder(script).jitter(0), 2);
        rig.advanceMillis(3000);
        rig.fail(balancer, "a", 5);
        rig.events.drain();
        rig.advanceMillis(4999);
        assertThat(script.askedAt.size()).as("good checks meanwhile").isGreaterThan(5);
        assertThat(state(balancer, "a")).isEqualTo(State.EJECTED);
        rig.advanceMillis(1);
        assertThat(rig.events.drain()).containsExactly("returned a");
    }

    @Test
    void ejection_withEndsEjectionsOff_lastsItsTime() {
        script.answer(DOWN);
        open(HealthCheck.builder(script).jitter(0).fall(10).endsEjections(false), 2);
        rig.fail(balancer, "a", 5);
        rig.advanceMillis(1200);
        script.answer(UP);
        rig.advanceMillis(3799);
        assertThat(state(balancer, "a")).isEqualTo(State.EJECTED);
        rig.advanceMillis(1);
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
    }

    @Test
    void ejection_afterABadCheck_isOneThatChecksSaw() {
        open(HealthCheck.builder(script).jitter(0).fall(10), 2);
        rig.advanceMillis(1000);
        script.answer(DOWN);
        rig.fail(balancer, "a", 1);
        rig.fail(balancer, "b", 1);
        rig.advanceMillis(250);
        assertThat(report(balancer, "a").lastCheck().healthy()).isFalse();
        script.answer(UP);
        rig.fail(balancer, "a", 4);
        assertThat(state(balancer, "a")).isEqualTo(State.EJECTED);
        rig.advanceMillis(600);
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
    }

    @Test
    void ejection_thatEndsWhileChecksFail_returnsNobody() {
        script.answer(DOWN);
        open(HealthCheck.builder(script).jitter(0), 2);
        rig.fail(balancer, "a", 5);
        rig.advanceMillis(20_000);
        assertThat(state(balancer, "a")).isEqualTo(State.UNHEALTHY);
    }

    @Test
    void overload_isNotEndedByGoodChecks() {
        script.answer(DOWN);
        open(HealthCheck.builder(script).jitter(0).fall(10), 2);
        Rig.leaseOn(balancer, "a").close(Outcome.overloaded(Duration.ofSeconds(30)));
        rig.advanceMillis(1200);
        script.answer(UP);
        rig.advanceMillis(20_000);
        assertThat(state(balancer, "a")).isEqualTo(State.OVERLOADED);
    }
}
