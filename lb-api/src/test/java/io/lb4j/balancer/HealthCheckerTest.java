package io.lb4j.balancer;

import static io.lb4j.balancer.Rig.instances;
import static io.lb4j.balancer.Rig.report;
import static io.lb4j.balancer.Rig.state;
import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.ServiceInstance;
import io.lb4j.balancer.InstanceReport.State;
import io.lb4j.health.HealthCheck;
import io.lb4j.health.Probe;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Active health: probes in virtual time. */
final class HealthCheckerTest {
    private static final Probe.Result UP = new Probe.Result(true, "200 OK");
    private static final Probe.Result DOWN = new Probe.Result(false, "503");

    private final Rig rig = new Rig();
    private final Script script = new Script();
    private LoadBalancer balancer;

    /** Answers every probe by the current rule and notes when it was asked. */
    private final class Script implements Probe {
        final List<Long> askedAt = new ArrayList<>();
        final List<CompletableFuture<Result>> pending = new ArrayList<>();
        Probe rule = (instance, timeout) -> CompletableFuture.completedFuture(UP);

        @Override
        public CompletionStage<Result> probe(ServiceInstance instance, Duration timeout) {
            askedAt.add(rig.time.nanos());
            return rule.probe(instance, timeout);
        }

        void answer(Result result) {
            rule = (instance, timeout) -> CompletableFuture.completedFuture(result);
        }

        void hang() {
            rule = (instance, timeout) -> {
                CompletableFuture<Result> verdict = new CompletableFuture<>();
                pending.add(verdict);
                return verdict;
            };
        }

        List<Long> gapsMillis() {
            List<Long> gaps = new ArrayList<>();
            for (int i = 1; i < askedAt.size(); i++) {
                gaps.add((askedAt.get(i) - askedAt.get(i - 1)) / 1_000_000);
            }
            return gaps;
        }
    }

    private void open(HealthCheck.Builder check, int instances) {
        balancer = rig.builder().healthCheck(check.build()).panicThreshold(0).build();
        rig.set(instances(instances));
        rig.events.drain();
    }

    @AfterEach
    void nothingLeaks() {
        balancer.close();
        rig.time.runDue();
        assertThat(rig.time.pending()).as("timers after close").isZero();
    }

    @Test
    void newcomer_isHealthyUntilFallChecksFailed_andBackAfterRise() {
        script.answer(DOWN);
        open(HealthCheck.builder(script).jitter(0).fall(3).rise(2), 1);
        rig.advanceMillis(2999);
        assertThat(script.askedAt).hasSize(3);
        assertThat(rig.events.drain()).containsExactly("unhealthy a 503");
        assertThat(report(balancer, "a")).satisfies(r -> {
            assertThat(r.state()).isEqualTo(State.UNHEALTHY);
            assertThat(r.reason()).isEqualTo("503");
        });
        script.answer(UP);
        rig.advanceMillis(1000);
        assertThat(state(balancer, "a")).isEqualTo(State.UNHEALTHY);
        rig.advanceMillis(1000);
        assertThat(rig.events.drain()).containsExactly("healthy a 200 OK");
        assertThat(report(balancer, "a").weight()).as("slow start").isLessThan(0.3);
    }

    @Test
    void goodCheck_betweenBadOnes_startsTheCountAgain() {
        script.answer(DOWN);
        open(HealthCheck.builder(script).jitter(0).fall(2), 1);
        rig.advanceMillis(999);
        script.answer(UP);
        rig.advanceMillis(1000);
        script.answer(DOWN);
        rig.advanceMillis(5000);
        assertThat(script.askedAt).hasSize(3);
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
        rig.advanceMillis(1000);
        assertThat(state(balancer, "a")).isEqualTo(State.UNHEALTHY);
    }

    @Test
    void intervals_areShortForSuspectsAndLongForTheWell() {
        open(HealthCheck.builder(script).jitter(0).fall(2).rise(2), 1);
        rig.advanceMillis(16_000);
        assertThat(script.gapsMillis()).containsExactly(5000L, 5000L, 5000L);
        script.answer(DOWN);
        rig.advanceMillis(10_000);
        assertThat(script.gapsMillis().subList(5, 8)).containsOnly(1000L);
    }

    @Test
    void jitter_spreadsTheIntervals() {
        open(HealthCheck.builder(script).jitter(0.2), 1);
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
}
