package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.lb4j.PickRequest;
import io.lb4j.Strategy;
import io.lb4j.balancer.Lease;
import io.lb4j.testing.ChiSquare;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RotationTest {

    static List<Subject> rotations() {
        return Subject.ALL.stream()
                .filter(each -> Set.of(
                                "roundRobin", "weightedRoundRobin", "weightedByResponseTime", "leastRequestRoundRobin")
                        .contains(each.name()))
                .toList();
    }

    static List<Subject> weightedRotations() {
        return rotations().stream()
                .filter(each -> !each.name().equals("roundRobin"))
                .toList();
    }

    @Test
    void roundRobin_anyStart_keepsDiscoverysOrder() {
        try (Rig rig = new Rig(Strategies.roundRobin(), 1).set(Rig.equal(5))) {
            int start = rig.pick();
            assertThat(rig.picks(14))
                    .containsExactly(IntStream.rangeClosed(1, 14)
                            .map(i -> (start + i) % 5)
                            .toArray());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -1, Long.MAX_VALUE, Long.MIN_VALUE, -3})
    void roundRobin_phaseWraps_goesOn(long start) {
        try (Rig rig = new Rig(Strategies.roundRobin(), () -> start).set(Rig.equal(3))) {
            int first = rig.pick();
            assertThat(rig.picks(300))
                    .containsExactly(IntStream.rangeClosed(1, 300)
                            .map(i -> (first + i) % 3)
                            .toArray());
        }
    }

    @ParameterizedTest
    @MethodSource("rotations")
    void rotation_manyClients_startAnywhere(Subject subject) {
        long[] starts = new long[10];
        SplittableRandom seeds = new SplittableRandom(1);
        for (int client = 0; client < 2000; client++) {
            try (Rig rig = new Rig(subject.maker().get(), seeds.split()).set(Rig.equal(10))) {
                starts[rig.pick()]++;
            }
        }
        assertThat(ChiSquare.excess(starts, Rig.equal(10))).isLessThan(1);
    }

    @ParameterizedTest
    @MethodSource("rotations")
    void rotation_newSnapshotBeforeEachPick_missesNobody(Subject subject) {
        try (Rig rig = subject.rig(1).set(Rig.equal(7))) {
            for (int round = 0; round < 50; round++) {
                Set<Integer> seen = new HashSet<>();
                for (int i = 0; i < 7; i++) {
                    rig.set(Rig.equal(7));
                    seen.add(rig.pick());
                }
                assertThat(seen).hasSize(7);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("weightedRotations")
    void weightedRotation_integerRatios_isExactInEveryCycle(Subject subject) {
        double[][] sets = {{2, 3, 6}, {5, 1, 1}, {1, 2}, {1, 4}, {0.1, 0.3, 0.6}, {1.5, 2.5}, {7, 7, 7, 1}};
        for (double[] weights : sets) {
            // Turns are exact from anywhere, tags of a fair queue once all of them have been passed.
            long[] cycle = cycle(weights);
            int length = (int) Arrays.stream(cycle).sum();
            try (Rig rig = subject.rig(3).set(weights)) {
                int[] picks = rig.picks(length * 50);
                boolean anywhere = !subject.name().startsWith("least");
                for (int from = length; from + length <= picks.length; from++) {
                    long[] counts = new long[weights.length];
                    for (int i = from; i < from + length; i++) {
                        counts[picks[i]]++;
                    }
                    for (int i = 0; i < counts.length; i++) {
                        assertThat(counts[i]).isBetween(cycle[i] - (anywhere ? 0 : 1), cycle[i] + (anywhere ? 0 : 1));
                    }
                }
            }
        }
    }

    private static long[] cycle(double[] weights) {
        double least = Arrays.stream(weights).min().orElseThrow();
        for (int multiplier = 1; ; multiplier++) {
            double unit = least / multiplier;
            if (Arrays.stream(weights).allMatch(w -> Math.abs(w / unit - Math.rint(w / unit)) < 1e-6)) {
                return Arrays.stream(weights)
                        .mapToLong(w -> Math.round(w / unit))
                        .toArray();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("weightedRotations")
    void weightedRotation_anyWeights_neverStraysFarFromItsShare(Subject subject) {
        SplittableRandom random = new SplittableRandom(1);
        for (int round = 0; round < 20; round++) {
            double[] weights = random.doubles(2 + random.nextInt(30), 0.1, 10).toArray();
            double total = Arrays.stream(weights).sum();
            try (Rig rig = subject.rig(round).set(weights)) {
                long[] counts = new long[weights.length];
                for (int k = 1; k <= 5000; k++) {
                    counts[rig.pick()]++;
                    for (int i = 0; i < counts.length; i++) {
                        assertThat(Math.abs(counts[i] - k * weights[i] / total)).isLessThan(4);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("weightedRotations")
    void weightedRotation_integerRatios_areSpreadEvenly(Subject subject) {
        double[] weights = {30, 20, 10, 1};
        try (Rig rig = subject.rig(1).set(weights)) {
            int[] picks = rig.picks(2000);
            // In blocks the wait would be 31/61 of a cycle times its share of 30/61: fifteen times the fair distance.
            assertThat(longestWait(picks, weights)).isLessThan(2.5);
        }
    }

    @Test
    void weightedRoundRobin_againstStaticStride_spreadsMoreEvenly() {
        // The longest wait for an instance, as a multiple of its fair distance.
        SplittableRandom random = new SplittableRandom(1);
        double ours = 0;
        double theirs = 0;
        for (int round = 0; round < 30; round++) {
            double[] weights = random.doubles(10, 1, 5).toArray();
            StaticStride stride = new StaticStride(weights, 0);
            try (Rig rig = new Rig(Strategies.weightedRoundRobin(), round).set(weights)) {
                ours += longestWait(rig.picks(20_000), weights);
            }
            theirs += longestWait(IntStream.generate(stride::pick).limit(20_000).toArray(), weights);
        }
        assertThat(ours).isLessThan(theirs);
    }

    private static double longestWait(int[] picks, double[] weights) {
        double total = Arrays.stream(weights).sum();
        int[] last = new int[weights.length];
        double longest = 0;
        for (int at = 1000; at < picks.length; at++) {
            int i = picks[at];
            if (last[i] > 0) {
                longest = Math.max(longest, (at - last[i]) * weights[i] / total);
            }
            last[i] = at;
        }
        return longest;
    }

    @Test
    void weightedRotation_twoThreads_keepsTheSharesButForAPickInEachStripe() throws InterruptedException {
        // Exact until threads have met often, and from then on in each stripe: a cycle that is not over is off by a
        // pick.
        Offset<Long> unfinished = within(2L * (new Phase(0).stripeCount() + 1));
        Strategy strategy = Strategies.weightedRoundRobin();
        try (Rig rig = new Rig(strategy, 1).set(1, 2, 3)) {
            long[][] counts = new long[2][];
            Thread other = new Thread(() -> counts[1] = rig.counts(3, 60_000));
            other.start();
            counts[0] = rig.counts(3, 60_000);
            other.join();
            assertThat(counts[0][0] + counts[1][0]).isCloseTo(20_000L, unfinished);
            assertThat(counts[0][1] + counts[1][1]).isCloseTo(40_000L, unfinished);
            assertThat(counts[0][2] + counts[1][2]).isCloseTo(60_000L, unfinished);
        }
    }

    @Test
    void leastRequestRoundRobin_someBusy_othersTakeTurnsAndNobodyClaimsArrears() {
        try (Rig rig = new Rig(Strategies.leastRequestRoundRobin(), 1).set(Rig.equal(4))) {
            try (Lease a = rig.balancer.acquire(PickRequest.plain());
                    Lease b = rig.balancer.acquire(PickRequest.plain())) {
                Set<Integer> busy = Set.of(Rig.index(a.instance()), Rig.index(b.instance()));
                assertThat(busy).hasSize(2);
                int[] picks = rig.picks(100);
                assertThat(IntStream.of(picks)).noneMatch(busy::contains);
                for (int i = 1; i < picks.length; i++) {
                    assertThat(picks[i]).isNotEqualTo(picks[i - 1]);
                }
            }
            assertThat(new HashSet<>(Arrays.stream(rig.picks(8)).boxed().toList()))
                    .hasSize(4);
            long[] counts = rig.counts(4, 40);
            assertThat(counts).containsExactly(10, 10, 10, 10);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"weightedRoundRobin", "weightedByInFlight"})
    void weights_changeAtEveryPick_sharesAreTheirMean(String name) {
        Subject subject = Subject.ALL.stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow();
        double[][][] alternating = {
            {{1, 2, 1}, {2, 1, 1}}, {{1, 1}, {1, 3}}, {{1, 2, 3}, {3, 2, 1}, {1, 1, 1}}, {{0.3, 1.7, 1}, {1, 0.1, 1.9}}
        };
        int picks = 100_000;
        for (double[][] weights : alternating) {
            int n = weights[0].length;
            double[] due = new double[n];
            for (double[] each : weights) {
                double total = Arrays.stream(each).sum();
                for (int i = 0; i < n; i++) {
                    due[i] += each[i] / total / weights.length;
                }
            }
            long[] counts = new long[n];
            try (Rig rig = subject.rig(7)) {
                for (int i = 0; i < picks; i++) {
                    rig.set(weights[i % weights.length]);
                    counts[rig.pick()]++;
                }
            }
            for (int i = 0; i < n; i++) {
                assertThat((double) counts[i] / picks)
                        .as(Arrays.deepToString(weights) + " instance " + i)
                        .isEqualTo(due[i], within(0.002));
            }
        }
    }
}
