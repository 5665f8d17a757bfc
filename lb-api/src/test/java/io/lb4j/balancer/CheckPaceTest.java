package io.lb4j.balancer;

import static io.lb4j.balancer.Rig.instances;
import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.health.HealthCheck;
import io.lb4j.health.OutlierDetection;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** When checks come. */
final class CheckPaceTest extends CheckedService {
    @Test
    void intervals_areShortWhileInTheBalance_longerWhenOut_andGrowWhileAllIsWell() {
        open(HealthCheck.builder(script).jitter(0).fall(3).rise(3), 1);
        for (int i = 0; i < 8; i++) {
            advanceToCheck();
        }
        assertThat(script.gapsMillis()).containsExactly(5000L, 7500L, 11_250L, 16_875L, 20_000L, 20_000L, 20_000L);
        script.answer(DOWN);
        for (int i = 0; i < 5; i++) {
            advanceToCheck();
        }
        assertThat(script.gapsMillis().subList(7, 12)).containsExactly(20_000L, 250L, 250L, 1000L, 1000L);
        script.answer(UP);
        for (int i = 0; i < 5; i++) {
            advanceToCheck();
        }
        assertThat(script.gapsMillis().subList(12, 17)).containsExactly(1000L, 250L, 250L, 7500L + 3750L, 16_875L);
    }

    @Test
    void jitter_spreadsTheIntervals() {
        open(HealthCheck.builder(script).jitter(0.2).maxInterval(Duration.ofSeconds(5)), 1);
        rig.advanceMillis(300_000);
        assertThat(script.gapsMillis()).allMatch(gap -> gap >= 3999 && gap <= 6001);
        assertThat(script.gapsMillis().stream().distinct()).hasSizeGreaterThan(40);
        assertThat(script.gapsMillis().stream().mapToLong(gap -> gap).average().orElse(0))
                .isBetween(4700.0, 5300.0);
    }

    @Test
    void firstProbes_ofManyInstances_areSpreadOverAnInterval() {
        open(HealthCheck.builder(script), 100);
        rig.advanceMillis(1000);
        assertThat(script.askedAt.stream().limit(100).distinct()).hasSizeGreaterThan(90);
    }

    @Test
    void failedCall_bringsTheNextCheckForward() {
        open(HealthCheck.builder(script).jitter(0.2), 1);
        rig.advanceMillis(4000);
        assertThat(script.askedAt).hasSize(1);
        rig.fail(balancer, "a", 1);
        rig.advanceMillis(50);
        assertThat(script.askedAt)
                .as("within a fifth of the suspect's interval")
                .hasSize(2);
    }

    @Test
    void failedCall_duringACheck_asksForAnotherAfterIt() {
        script.hang();
        open(HealthCheck.builder(script).jitter(0), 1);
        advanceToCheck();
        rig.fail(balancer, "a", 3);
        rig.advanceMillis(100);
        assertThat(script.askedAt).hasSize(1);
        script.pending.get(0).complete(UP);
        advanceToCheck();
        assertThat(script.gapsMillis()).as("from the end of the one before").containsExactly(350L);
    }

    @Test
    void failuresThatChecksDoNotSee_costNoMoreChecksThanPeace() {
        balancerWithoutEjections(HealthCheck.builder(script).jitter(0));
        advanceToCheck();
        int before = script.askedAt.size();
        for (int i = 0; i < 12_000; i++) {
            if (i % 10 == 0) {
                rig.fail(balancer, "a", 1);
            }
            rig.advanceMillis(10);
        }
        List<Long> gaps =
                script.gapsMillis().subList(before - 1, script.gapsMillis().size());
        assertThat(gaps.subList(0, 4)).allMatch(gap -> gap < 2500);
        assertThat(gaps.subList(6, gaps.size())).allMatch(gap -> gap >= 5000 && gap <= 5110);
    }

    @Test
    void checkThatSeesTheTrouble_isFollowedByQuickOnesAgain() {
        balancerWithoutEjections(HealthCheck.builder(script).jitter(0).fall(3));
        for (int i = 0; i < 8; i++) {
            rig.fail(balancer, "a", 1);
            rig.advanceMillis(5000);
        }
        script.answer(DOWN);
        advanceToCheck();
        script.answer(UP);
        advanceToCheck();
        int checks = script.askedAt.size();
        rig.fail(balancer, "a", 1);
        advanceToCheck();
        assertThat(script.gapsMillis().get(checks - 1)).isEqualTo(250L);
    }

    private void balancerWithoutEjections(HealthCheck.Builder check) {
        slots = new CheckSlots(256, rig.time);
        balancer = rig.builder()
                .checkSlots(slots)
                .outlierDetection(OutlierDetection.OFF)
                .healthCheck(check.build())
                .build();
        rig.set(instances(1));
    }
}
