package io.lb4j.balancer;

import static io.lb4j.balancer.Rig.instances;
import static io.lb4j.balancer.Rig.report;
import static io.lb4j.balancer.Rig.state;
import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.Outcome;
import io.lb4j.balancer.InstanceReport.State;
import io.lb4j.health.HealthCheck;
import io.lb4j.health.OutlierDetection;
import io.lb4j.health.SlowStart;
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

    /** Trials on, as by default; "a" is ejected while its checks fail. */
    private void ejectedAndTried() {
        script.answer(DOWN);
        slots = new CheckSlots(256, rig.time);
        balancer = rig.builder()
                .checkSlots(slots)
                .outlierDetection(OutlierDetection.DEFAULT)
                .slowStart(SlowStart.OFF)
                .healthCheck(HealthCheck.builder(script).jitter(0).build())
                .panicThreshold(0)
                .build();
        rig.set(instances(2));
        rig.fail(balancer, "a", 5);
        rig.advanceMillis(1500);
        assertThat(rig.events.drain()).contains("unhealthy a 503");
        script.answer(UP);
        rig.advanceMillis(1300);
        assertThat(rig.events.drain()).contains("healthy a 200 OK").doesNotContain("returned a");
        assertThat(report(balancer, "a")).satisfies(r -> {
            assertThat(r.state()).isEqualTo(State.EJECTED);
            assertThat(r.reason()).as("long before its five seconds are over").contains("one call at a time");
        });
    }

    @Test
    void checksThatSeeTheTroubleGone_beginATrial_whichEndsTheEjectionForGood() {
        ejectedAndTried();
        Rig.end(balancer, "a", 1, Outcome.SUCCESS);
        rig.time.runDue();
        assertThat(rig.events.drain()).containsExactly("returned a");
        rig.advanceMillis(60_000);
        assertThat(rig.events.drain())
                .as("what would have ended the ejection in its time, or by a further check, is gone")
                .isEmpty();
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
    }

    @Test
    void trialThatFails_thoughChecksPass_ejectsForItsWholeTime() {
        ejectedAndTried();
        Rig.end(balancer, "a", 1, Outcome.TIMEOUT);
        rig.time.runDue();
        assertThat(rig.events.drain()).singleElement().asString().startsWith("ejected a PT10S its trial call failed");
        rig.advanceMillis(9_999);
        assertThat(report(balancer, "a").reason())
                .as("checks that pass all the time saw nothing of this")
                .startsWith("its trial call failed");
        rig.advanceMillis(1);
        assertThat(report(balancer, "a").reason()).contains("one call at a time");
    }

    @Test
    void trialThatRuns_whileChecksFailAgain_decidesTheEjection_andChecksTheRest() {
        ejectedAndTried();
        Lease trial = Rig.leaseOn(balancer, "a");
        script.answer(DOWN);
        rig.advanceMillis(30_000);
        assertThat(state(balancer, "a")).isEqualTo(State.UNHEALTHY);
        trial.close(Outcome.SUCCESS);
        rig.time.runDue();
        assertThat(state(balancer, "a")).as("not ejected, but not well").isEqualTo(State.UNHEALTHY);
        script.answer(UP);
        rig.advanceMillis(20_000);
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
    }
}
