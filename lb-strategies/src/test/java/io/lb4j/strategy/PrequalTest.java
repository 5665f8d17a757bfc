package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.lb4j.Candidate;
import io.lb4j.LoadProbe;
import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.Lease;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The rules of the paper, one by one. */
final class PrequalTest {
    private static final double MS = 1e6;

    /** Answers as the test says; an instance nobody spoke of is idle and quick. */
    private static final class Servers implements LoadProbe {
        final List<Integer> asked = new ArrayList<>();
        final double[] inFlight = new double[100];
        final double[] latency = new double[100];
        final boolean[] fails = new boolean[100];
        boolean hang;
        int open;

        @Override
        public CompletionStage<LoadReport> probe(ServiceInstance instance, Duration timeout) {
            int index = Rig.index(instance);
            asked.add(index);
            if (hang) {
                open++;
                return new CompletableFuture<>();
            }
            if (fails[index]) {
                throw new IllegalStateException("no answer");
            }
            LoadReport.Builder report = LoadReport.builder().inFlight(inFlight[index]);
            return CompletableFuture.completedFuture(
                    (latency[index] > 0 ? report.latencyNanos(latency[index]) : report).build());
        }
    }

    private final Servers servers = new Servers();

    /** Nothing leaves the pool but by age, all instances are in it, and every call asks for all of them. */
    private static Prequal.Builder all(int n) {
        return Prequal.builder()
                .poolSize(Math.max(n, 1))
                .probesPerCall(n)
                .removalsPerCall(0)
                .hotQuantile(0.7);
    }

    private Rig rig(Prequal settings, int n) {
        return new Rig(Strategies.prequal(servers, settings), 1).set(Rig.equal(n));
    }

    /** One call, after which what it asked for is there. */
    private static int pick(Rig rig) {
        int index = rig.pick();
        rig.time.runDue();
        return index;
    }

    @Nested
    final class Selection {
        @Test
        void pick_someAreHot_isTheQuickestOfTheOthers() {
            double[] calls = {2, 3, 4, 90, 80};
            double[] times = {30, 20, 25, 1, 2};
            for (int i = 0; i < 5; i++) {
                servers.inFlight[i] = calls[i];
                servers.latency[i] = times[i] * MS;
            }
            try (Rig rig = rig(all(5).hotQuantile(0.5).build(), 5)) {
                pick(rig);
                assertThat(pick(rig)).isEqualTo(1);
            }
        }

        @Test
        void pick_quantileZero_isTheOneWithTheFewestCalls() {
            for (int i = 0; i < 5; i++) {
                servers.inFlight[i] = 10 + i;
                servers.latency[i] = (10 - i) * MS;
            }
            try (Rig rig = rig(all(5).hotQuantile(0).build(), 5)) {
                pick(rig);
                assertThat(pick(rig)).isZero();
            }
        }

        @Test
        void pick_quantileOne_isTheQuickestHoweverBusy() {
            for (int i = 0; i < 5; i++) {
                servers.inFlight[i] = 10 + 100 * i;
                servers.latency[i] = (10 - i) * MS;
            }
            try (Rig rig = rig(all(5).hotQuantile(1).build(), 5)) {
                pick(rig);
                assertThat(pick(rig)).isEqualTo(4);
            }
        }

        @Test
        void pick_noLatencyReported_isTheOneWithTheFewestCalls() {
            for (int i = 0; i < 5; i++) {
                servers.inFlight[i] = 5 - i;
            }
            try (Rig rig = rig(all(5).build(), 5)) {
                pick(rig);
                assertThat(pick(rig)).isEqualTo(4);
            }
        }

        @Test
        void pick_sameAnswersUsed_countTheCallsSentMeanwhile() {
            servers.inFlight[0] = 0;
            servers.inFlight[1] = 2;
            try (Rig rig = rig(all(2).hotQuantile(0).build(), 2)) {
                pick(rig);
                // Nothing runs in between: 0 + 1 and 0 + 2 calls, then as many as the other, then in turn.
                int[] picks = rig.picks(8);
                assertThat(picks[0]).isZero();
                assertThat(picks[1]).isZero();
                assertThat(picks).containsOnly(0, 1);
                long first = Arrays.stream(picks).filter(p -> p == 0).count();
                assertThat(first).isEqualTo(5);
            }
        }

        @Test
        void pick_lessAnswersThanTheLeastPool_isAnyOfAll() {
            servers.inFlight[1] = 50;
            servers.inFlight[2] = 50;
            try (Rig rig = rig(all(1).poolSize(1).minPool(1).probesPerCall(1).build(), 3)) {
                assertThat(pick(rig)).isBetween(0, 2);
            }
            try (Rig rig = rig(
                    Prequal.builder()
                            .poolSize(2)
                            .probesPerCall(1)
                            .removalsPerCall(0)
                            .build(),
                    3)) {
                pick(rig);
                // One answer is not two.
                Set<Integer> seen = new HashSet<>();
                for (int i = 0; i < 50; i++) {
                    seen.add(rig.pick());
                }
                assertThat(seen).hasSize(3);
                rig.time.runDue();
            }
        }

        @Test
        void pick_instanceThisCallFailedOn_isAnother() {
            servers.inFlight[1] = 3;
            servers.inFlight[2] = 9;
            try (Rig rig = rig(all(3).hotQuantile(0).build(), 3)) {
                pick(rig);
                Lease first = rig.balancer.acquire(PickRequest.plain());
                assertThat(Rig.index(first.instance())).isZero();
                PickRequest next = PickRequest.plain().nextAttempt(first.candidate());
                assertThat(Rig.index(rig.balancer.acquire(next).instance())).isEqualTo(1);
                first.close();
                rig.time.runDue();
            }
        }

        @Test
        void pick_heavierInstance_bearsMore() {
            servers.inFlight[0] = 4;
            servers.inFlight[1] = 9;
            try (Rig rig =
                    new Rig(Strategies.prequal(servers, all(2).hotQuantile(0).build()), 1).set(1, 3)) {
                pick(rig);
                // 5/1 against 10/3.
                assertThat(pick(rig)).isEqualTo(1);
            }
        }

        @Test
        void pick_instanceThatFailsAtOnce_isNotTakenForAnIdleOne() {
            servers.inFlight[0] = 0;
            servers.latency[0] = MS;
            for (int i = 1; i < 4; i++) {
                servers.inFlight[i] = 3;
                servers.latency[i] = 4 * MS;
            }
            try (Rig rig = rig(all(4).build(), 4)) {
                int failures = 0;
                for (int i = 0; i < 200; i++) {
                    Lease lease = rig.balancer.acquire(PickRequest.plain());
                    boolean bad = Rig.index(lease.instance()) == 0;
                    failures += bad ? 1 : 0;
                    lease.close(bad ? Outcome.SERVER_ERROR : Outcome.SUCCESS);
                    rig.time.runDue();
                }
                assertThat(failures).isBetween(1, 10);
            }
        }
    }

    @Nested
    final class Pool {
        @ParameterizedTest
        @CsvSource({"3, 1, 1.32", "1, 0.25, 3.39", "0.5, 0.25, 11.76"})
        void uses_ofAnAnswer_areThePapers(double probes, double removals, double uses) {
            Prequal settings = Prequal.builder()
                    .probesPerCall(probes)
                    .removalsPerCall(removals)
                    .build();
            try (Rig rig = rig(settings, 100)) {
                LoadPool pool = new LoadPool(settings, servers, rig.eligible);
                pool.serve(Members.of(rig.eligible), rig.eligible);
                double sum = 0;
                for (int i = 0; i < 100_000; i++) {
                    sum += pool.budget();
                }
                assertThat(sum / 100_000).isEqualTo(uses, within(0.01));
            }
        }

        @Test
        void uses_morePlacesThanInstances_haveNoEnd() {
            try (Rig rig = rig(Prequal.DEFAULT, 10)) {
                LoadPool pool = new LoadPool(Prequal.DEFAULT, servers, rig.eligible);
                pool.serve(Members.of(rig.eligible), rig.eligible);
                assertThat(pool.budget()).isEqualTo(Integer.MAX_VALUE);
            }
        }

        @Test
        void answers_usedUp_areNotUsedAnyMore() {
            PooledLoad load = load(null, 0, 2);
            assertThat(load.spent()).isFalse();
            load.use();
            load.use();
            assertThat(load.spent()).isTrue();
        }

        private PooledLoad load(Candidate candidate, long at, int budget) {
            return new PooledLoad(
                    candidate, new PeakResponseTime(ResponseTime.decay(Duration.ofSeconds(10))), 1, 1, 1, at, budget);
        }

        @Test
        void answers_tooOld_areDropped() {
            for (int i = 1; i < 5; i++) {
                servers.inFlight[i] = 5;
            }
            try (Rig rig =
                    rig(all(5).hotQuantile(0).maxAge(Duration.ofSeconds(1)).build(), 5)) {
                pick(rig);
                rig.time.advance(Duration.ofSeconds(1));
                assertThat(rig.pick()).isZero();
                rig.time.advance(Duration.ofSeconds(2));
                servers.hang = true;
                Set<Integer> seen = new HashSet<>();
                for (int i = 0; i < 50; i++) {
                    seen.add(rig.pick());
                }
                assertThat(seen).hasSizeGreaterThan(1);
                rig.time.advance(Duration.ofSeconds(1));
            }
        }

        @Test
        void answers_moreThanThePoolHolds_dropTheOldest() {
            try (Rig rig = rig(Prequal.builder().poolSize(4).removalsPerCall(0).build(), 50)) {
                for (int i = 0; i < 20; i++) {
                    pick(rig);
                }
                LoadPool.View view = view(rig);
                assertThat(view.loads()).hasSizeBetween(2, 4);
                List<Integer> newest = new ArrayList<>();
                for (int i = servers.asked.size() - 1; newest.size() < 8; i--) {
                    if (!newest.contains(servers.asked.get(i))) {
                        newest.add(servers.asked.get(i));
                    }
                }
                assertThat(Arrays.stream(view.loads()).map(each -> Rig.index(each.candidate.instance())))
                        .isSubsetOf(newest);
            }
        }

        /** The view of a pool beside the strategy's, fed by the same probes. */
        private LoadPool.View view(Rig rig) {
            return ((PrequalStrategy) rig.strategy).pool(rig.eligible).view();
        }

        @Test
        void removal_perCall_isTheOldestAndTheWorstInTurn() {
            for (int i = 0; i < 6; i++) {
                servers.inFlight[i] = 10 * i;
            }
            try (Rig rig = rig(all(6).removalsPerCall(1).build(), 6)) {
                // The first call finds nothing to remove; those that follow get no answers.
                pick(rig);
                servers.hang = true;
                int oldest = servers.asked.get(0);
                int worst = oldest == 5 ? 4 : 5;
                assertThat(members(rig)).hasSize(6);
                pick(rig);
                assertThat(members(rig)).hasSize(5).doesNotContain(oldest).contains(worst);
                pick(rig);
                assertThat(members(rig)).hasSize(4).doesNotContain(oldest, worst);
                rig.time.advance(Duration.ofSeconds(1));
            }
        }

        private List<Integer> members(Rig rig) {
            return Arrays.stream(view(rig).loads())
                    .map(each -> Rig.index(each.candidate.instance()))
                    .toList();
        }

        @Test
        void answers_ofInstancesThatAreGone_goWithThem() {
            try (Rig rig = rig(all(6).build(), 6)) {
                pick(rig);
                assertThat(members(rig)).hasSize(6);
                rig.set(Rig.equal(3));
                assertThat(members(rig)).containsExactlyInAnyOrder(0, 1, 2);
            }
        }

        @Test
        void answers_newPicker_stay() {
            servers.inFlight[0] = 9;
            servers.inFlight[1] = 9;
            try (Rig rig = rig(all(3).hotQuantile(0).build(), 3)) {
                pick(rig);
                servers.hang = true;
                rig.set(Rig.equal(4));
                assertThat(rig.pick()).isEqualTo(2);
                rig.time.advance(Duration.ofSeconds(1));
            }
        }
    }

    @Nested
    final class Probes {
        @Test
        void probes_ofOneCall_areToDifferentInstances() {
            try (Rig rig = rig(Prequal.builder().probesPerCall(8).build(), 10)) {
                for (int i = 0; i < 200; i++) {
                    servers.asked.clear();
                    pick(rig);
                    assertThat(servers.asked).hasSize(8).doesNotHaveDuplicates();
                }
            }
        }

        @Test
        void probes_allTogether_areEven() {
            try (Rig rig = rig(Prequal.DEFAULT, 10)) {
                for (int i = 0; i < 20_000; i++) {
                    pick(rig);
                }
                long[] counts = new long[10];
                servers.asked.forEach(index -> counts[index]++);
                assertThat(servers.asked).hasSize(60_000);
                for (long count : counts) {
                    assertThat(count).isBetween(5700L, 6300L);
                }
            }
        }

        @Test
        void probes_fractionPerCall_addUp() {
            try (Rig rig = rig(Prequal.builder().probesPerCall(0.25).build(), 10)) {
                for (int i = 0; i < 400; i++) {
                    pick(rig);
                }
                assertThat(servers.asked).hasSize(100);
            }
        }

        @Test
        void picks_beforeTheSchedulerRuns_askNobody() {
            try (Rig rig = rig(Prequal.DEFAULT, 10)) {
                int before = rig.time.pending();
                rig.picks(100);
                assertThat(servers.asked).isEmpty();
                assertThat(rig.time.pending()).isEqualTo(before + 1);
                rig.time.runDue();
                assertThat(servers.asked).isNotEmpty();
            }
        }

        @Test
        void probes_thatHang_areBoundedAndGivenUp() {
            servers.hang = true;
            try (Rig rig = rig(Prequal.builder().probesPerCall(20).build(), 100)) {
                int before = rig.time.pending();
                for (int i = 0; i < 50; i++) {
                    pick(rig);
                }
                assertThat(servers.open).isEqualTo(64);
                rig.time.advance(Duration.ofMillis(100));
                assertThat(rig.time.pending()).isEqualTo(before);
                pick(rig);
                assertThat(servers.open).isEqualTo(84);
                rig.time.advance(Duration.ofMillis(100));
            }
        }

        @Test
        void probe_failsWhereItWasAnswered_dropsTheAnswer() {
            servers.inFlight[1] = 5;
            servers.inFlight[2] = 5;
            try (Rig rig = rig(all(3).hotQuantile(0).build(), 3)) {
                pick(rig);
                assertThat(pick(rig)).isZero();
                servers.fails[0] = true;
                pick(rig);
                for (int i = 0; i < 20; i++) {
                    assertThat(pick(rig)).isNotZero();
                }
            }
        }

        @Test
        void probes_neverAnsweredByHalf_leaveThemTheirShare() {
            for (int i = 0; i < 5; i++) {
                servers.fails[i] = true;
            }
            try (Rig rig = rig(all(10).build(), 10)) {
                for (int i = 0; i < 10; i++) {
                    pick(rig);
                }
                int silent = 0;
                for (int i = 0; i < 4000; i++) {
                    silent += pick(rig) < 5 ? 1 : 0;
                }
                assertThat(silent).isBetween(1800, 2200);
                // They have learnt to answer.
                Arrays.fill(servers.fails, false);
                for (int i = 5; i < 10; i++) {
                    servers.inFlight[i] = 40;
                }
                pick(rig);
                for (int i = 0; i < 20; i++) {
                    assertThat(pick(rig)).isLessThan(5);
                }
            }
        }

        @Test
        void idleProbes_withoutCalls_goOnForAMinute() {
            Prequal settings =
                    Prequal.builder().idleProbeInterval(Duration.ofSeconds(5)).build();
            try (Rig rig = rig(settings, 10)) {
                int before = rig.time.pending();
                pick(rig);
                servers.asked.clear();
                rig.time.advance(Duration.ofSeconds(30));
                assertThat(servers.asked.size()).isBetween(15, 18);
                rig.time.advance(Duration.ofSeconds(60));
                assertThat(rig.time.pending()).isEqualTo(before);
            }
        }
    }

    @Nested
    final class WithoutProbes {
        private void call(Rig rig, Duration takes, double[] inFlight) {
            Lease lease = rig.balancer.acquire(PickRequest.plain());
            rig.time.advance(takes);
            int index = Rig.index(lease.instance());
            if (inFlight.length > 0) {
                lease.report(LoadReport.builder()
                        .inFlight(inFlight[index])
                        .latencyNanos((1 + inFlight[index]) * MS)
                        .build());
            }
            lease.close(Outcome.SUCCESS);
            rig.time.runDue();
        }

        @Test
        void pick_reportsCameWithAnswers_isTheIdleOne() {
            double[] inFlight = {9, 9, 0, 9};
            try (Rig rig = new Rig(Strategies.prequal(), 1).set(Rig.equal(4))) {
                for (int i = 0; i < 300; i++) {
                    call(rig, Duration.ZERO, inFlight);
                }
                assertThat(rig.counts(4, 20)[2]).isGreaterThan(5);
                rig.time.runDue();
            }
        }

        @Test
        void pick_nobodyReports_followsWhatThisClientSees() {
            try (Rig rig = new Rig(Strategies.prequal(), 1).set(Rig.equal(4))) {
                long slow = 0;
                for (int i = 0; i < 2000; i++) {
                    Lease lease = rig.balancer.acquire(PickRequest.plain());
                    boolean bad = Rig.index(lease.instance()) == 3;
                    slow += bad ? 1 : 0;
                    rig.time.advance(Duration.ofMillis(bad ? 50 : 5));
                    lease.close(Outcome.SUCCESS);
                }
                assertThat(slow).isLessThan(150);
                rig.time.runDue();
            }
        }
    }

    @Test
    void settings_allOfThem_surviveABuilder() {
        Prequal settings = Prequal.builder()
                .poolSize(32)
                .minPool(3)
                .probesPerCall(2.5)
                .removalsPerCall(0.5)
                .surplus(0.1)
                .hotQuantile(0.6)
                .maxAge(Duration.ofSeconds(2))
                .probeTimeout(Duration.ofMillis(3))
                .idleProbeInterval(Duration.ofSeconds(4))
                .build();
        assertThat(settings.toBuilder().build()).usingRecursiveComparison().isEqualTo(settings);
        assertThat(Prequal.DEFAULT.hotQuantile()).isEqualTo(0.84, within(0.001));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Prequal.builder().poolSize(1).build())
                .withMessage("minPool: 2 (expected: at most poolSize, 1)");
    }
}
