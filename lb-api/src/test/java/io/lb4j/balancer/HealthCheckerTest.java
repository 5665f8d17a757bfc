package io.lb4j.balancer;

import static io.lb4j.balancer.Rig.instances;
import static io.lb4j.balancer.Rig.report;
import static io.lb4j.balancer.Rig.state;
import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.PickRequest;
import io.lb4j.balancer.InstanceReport.State;
import io.lb4j.health.HealthCheck;
import io.lb4j.health.Probe;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

/** Active health: probes in virtual time. */
final class HealthCheckerTest extends CheckedService {
    @Test
    void newcomer_isHealthyUntilFallChecksFailed_andBackAfterRise() {
        script.answer(DOWN);
        open(HealthCheck.builder(script).jitter(0).fall(3).rise(2), 1);
        rig.advanceMillis(1500);
        assertThat(script.askedAt).hasSize(3);
        assertThat(rig.events.drain()).containsExactly("unhealthy a 503");
        assertThat(report(balancer, "a")).satisfies(r -> {
            assertThat(r.state()).isEqualTo(State.UNHEALTHY);
            assertThat(r.reason()).isEqualTo("503");
        });
        script.answer(UP);
        advanceToCheck();
        assertThat(state(balancer, "a")).isEqualTo(State.UNHEALTHY);
        rig.advanceMillis(250);
        assertThat(rig.events.drain()).containsExactly("healthy a 200 OK");
        assertThat(report(balancer, "a").weight()).as("slow start").isLessThan(0.3);
    }

    @Test
    void goodCheck_betweenBadOnes_startsTheCountAgain() {
        script.answer(DOWN);
        open(HealthCheck.builder(script).jitter(0).fall(2), 1);
        advanceToCheck();
        script.answer(UP);
        advanceToCheck();
        script.answer(DOWN);
        advanceToCheck();
        assertThat(script.askedAt).hasSize(3);
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
        advanceToCheck();
        assertThat(state(balancer, "a")).isEqualTo(State.UNHEALTHY);
    }

    @Test
    void probe_thatHangs_timesOutAndItsLateAnswerIsIgnored() {
        script.hang();
        open(HealthCheck.builder(script).jitter(0).fall(1).rise(1), 1);
        rig.advanceMillis(2000);
        assertThat(rig.events.drain()).containsExactly("unhealthy a no answer within PT1S");
        script.pending.get(0).complete(UP);
        rig.time.runDue();
        assertThat(state(balancer, "a")).isEqualTo(State.UNHEALTHY);
        rig.advanceMillis(1000);
        assertThat(script.pending).hasSize(2);
        script.pending.get(1).complete(UP);
        rig.time.runDue();
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
    }

    @Test
    void probe_thatThrowsOrFailsOrReturnsNull_countsAsBad() {
        List<Probe> faulty = List.of(
                (instance, timeout) -> {
                    throw new IllegalStateException("thrown");
                },
                (instance, timeout) -> {
                    throw new NoClassDefFoundError("thrown");
                },
                (instance, timeout) -> null,
                (instance, timeout) -> CompletableFuture.completedFuture(null),
                (instance, timeout) -> CompletableFuture.failedFuture(new IllegalStateException("failed")),
                (instance, timeout) ->
                        CompletableFuture.failedFuture(new CompletionException(new IllegalStateException("wrapped"))));
        List<String> details = List.of(
                "probe failed: java.lang.IllegalStateException: thrown",
                "probe failed: java.lang.NoClassDefFoundError: thrown",
                "probe failed: java.lang.NullPointerException",
                "probe returned null",
                "probe failed: java.lang.IllegalStateException: failed",
                "probe failed: java.lang.IllegalStateException: wrapped");
        open(HealthCheck.builder(script).jitter(0).fall(1).rise(1), 1);
        for (int i = 0; i < faulty.size(); i++) {
            script.answer(UP);
            rig.advanceMillis(5000);
            rig.events.drain();
            script.rule = faulty.get(i);
            rig.advanceMillis(5000);
            assertThat(rig.events.drain()).singleElement().asString().startsWith("unhealthy a " + details.get(i));
        }
    }

    @Test
    void instance_leavingDuringAProbe_isNotHeardOfAgain() {
        script.hang();
        open(HealthCheck.builder(script).jitter(0).fall(1), 2);
        rig.advanceMillis(999);
        int asked = script.askedAt.size();
        assertThat(asked).isEqualTo(2);
        rig.set(instances(1));
        rig.events.drain();
        script.pending.forEach(verdict -> verdict.complete(DOWN));
        rig.time.runDue();
        assertThat(rig.events.drain()).containsExactly("unhealthy a 503");
        script.answer(DOWN);
        rig.advanceMillis(10_000);
        assertThat(script.askedAt.size() - asked)
                .as("probes of the one that is left")
                .isEqualTo(10);
    }

    @Test
    void instance_thatFlaps_keepsItsVerdictAndIsCheckedAgain() {
        script.answer(DOWN);
        open(HealthCheck.builder(script).jitter(0).fall(1).rise(1), 2);
        rig.advanceMillis(1000);
        rig.set(instances(1));
        rig.set(instances(2));
        assertThat(state(balancer, "b")).isEqualTo(State.UNHEALTHY);
        script.answer(UP);
        rig.advanceMillis(2000);
        assertThat(state(balancer, "b")).isEqualTo(State.ELIGIBLE);
    }

    @Test
    void close_duringAProbe_endsIt() {
        script.hang();
        open(HealthCheck.builder(script).jitter(0), 3);
        rig.advanceMillis(999);
        balancer.close();
        rig.time.runDue();
        script.pending.forEach(verdict -> verdict.complete(DOWN));
        rig.time.runDue();
        assertThat(rig.events.drain()).isEmpty();
        assertThat(rig.time.pending()).isZero();
    }

    @Test
    void report_saysHowTheLastCheckEnded() {
        script.hang();
        open(HealthCheck.builder(script).jitter(0), 1);
        assertThat(report(balancer, "a").lastCheck()).isNull();
        assertThat(balancer.explain(PickRequest.plain()).toString()).doesNotContain("check");
        advanceToCheck();
        rig.advanceMillis(30);
        script.pending.get(0).complete(UP);
        rig.advanceMillis(1200);
        assertThat(report(balancer, "a").lastCheck()).satisfies(check -> {
            assertThat(check.healthy()).isTrue();
            assertThat(check.detail()).isEqualTo("200 OK");
            assertThat(check.age()).hasMillis(1200);
            assertThat(check.took().toMillis())
                    .as("in ms, as it began within one")
                    .isEqualTo(30);
        });
        assertThat(balancer.explain(PickRequest.plain()).toString()).contains("passed its check 1200 ms ago: 200 OK");
        script.answer(DOWN);
        advanceToCheck();
        rig.advanceMillis(250);
        assertThat(balancer.explain(PickRequest.plain()).toString()).contains("503; failed its check 0 ms ago: 503");
    }

    @Test
    void probe_ofNoUseAnyMore_isCancelled() {
        script.hang();
        open(HealthCheck.builder(script).jitter(0), 3);
        rig.advanceMillis(999);
        assertThat(script.pending).hasSize(3).noneMatch(CompletableFuture::isCancelled);
        rig.set(instances(2));
        assertThat(script.pending.stream().filter(CompletableFuture::isCancelled))
                .hasSize(1);
        rig.advanceMillis(1000);
        assertThat(script.pending.subList(0, 3)).as("time is up").allMatch(CompletableFuture::isCancelled);
        balancer.close();
        rig.time.runDue();
        assertThat(script.pending).allMatch(CompletableFuture::isCancelled);
    }

    @Test
    void probe_whoseStageCannotBeCancelled_timesOutAllTheSame() {
        script.rule = (instance, timeout) -> new CompletableFuture<Probe.Result>() {
            @Override
            public boolean cancel(boolean mayInterrupt) {
                throw new UnsupportedOperationException();
            }
        };
        open(HealthCheck.builder(script).jitter(0).fall(1), 1);
        rig.advanceMillis(2000);
        assertThat(rig.events.drain()).containsExactly("unhealthy a no answer within PT1S");
    }
}
