package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.testing.ChiSquare;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Sequences that other balancers' tests expect of weighted rotations. The order within a cycle is each one's own, and in
 * Envoy's it hangs on how floating point rounds; how often each comes up in a cycle is the same for all, and ours keeps to
 * it from any pick on.
 */
final class RotationVectorsTest {
    private static final int CYCLES = 40;

    private static double[] numbers(String text) {
        return Arrays.stream(text.split(" ")).mapToDouble(Double::parseDouble).toArray();
    }

    private static void assertEveryCycleHolds(double[] weights, long[] cycle) {
        int length = (int) LongStream.of(cycle).sum();
        try (Rig rig = new Rig(Strategies.weightedRoundRobin(), 7).set(weights)) {
            int[] picks = rig.picks(length * CYCLES);
            long[] counts = new long[cycle.length];
            for (int at = 0; at < picks.length; at++) {
                counts[picks[at]]++;
                if (at >= length) {
                    counts[picks[at - length]]--;
                }
                if (at >= length - 1) {
                    assertThat(counts).containsExactly(cycle);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        // Envoy, round_robin_lb_test.cc and least_request_lb_test.cc
        "1 2, 101101",
        "1 4, 1110111101",
        "2 1 3, 202102",
        // ServiceTalk, RoundRobinSelectorTest
        "1 2 3, 122012",
        "1 2 3, 201212",
        // Armeria, interleaved
        "1 2 3, 012122",
        "3 2 2, 1201200",
        "4 4 4, 012012012012",
        "2 4 6, 012012121222",
        "3 5 7, 012012012121222"
    })
    void weightedRoundRobin_publishedSequence_isMatchedInEveryCycle(String weights, String sequence) {
        double[] all = numbers(weights);
        long[] published = new long[all.length];
        sequence.chars().forEach(each -> published[each - '0']++);
        // A sequence of some cycles is cut down to one.
        long cycles = Math.max(1, published[0] / (long) all[0]);
        assertEveryCycleHolds(
                all, LongStream.of(published).map(count -> count / cycles).toArray());
    }

    @Test
    void weightedRoundRobin_weights1To128_picksEachAsOftenAsItsWeight() {
        // Envoy, edf_scheduler_test.cc: 8256 picks, host i exactly i + 1 times.
        double[] weights = IntStream.rangeClosed(1, 128).asDoubleStream().toArray();
        try (Rig rig = new Rig(Strategies.weightedRoundRobin(), 1).set(weights)) {
            rig.picks(1000);
            assertThat(rig.counts(128, 8256))
                    .containsExactly(LongStream.rangeClosed(1, 128).toArray());
        }
    }

    @Test
    void weightedRoundRobin_128EqualWeights_missesNobodyInAnyCycle() {
        // Envoy, edf_scheduler_test.cc
        long[] once = new long[128];
        Arrays.fill(once, 1);
        assertEveryCycleHolds(Rig.equal(128), once);
    }

    @ParameterizedTest
    @CsvSource({
        // Envoy, round_robin_lb_test.cc: window 60 s after 12 s and 20 s and at its end, window 10 s after 6 s and 5 s
        "1 0.2, 5 1",
        "3 1, 3 1",
        "1 1, 1 1",
        "1 0.6, 5 3",
        "1 0.5 0.5, 2 1 1",
        // gRPC A42: localities of weight 3 and 2, with endpoints of 2 and 1, and of 3 and 1
        "6 3 6 2, 6 3 6 2"
    })
    void weightedRoundRobin_publishedWeights_areSharesOfEveryCycle(String weights, String cycle) {
        assertEveryCycleHolds(
                numbers(weights),
                Arrays.stream(numbers(cycle)).mapToLong(each -> (long) each).toArray());
    }

    @Test
    void weightedRoundRobin_weightsFarApart_areNotClampedUnlikeServiceTalks() {
        // There 1/(7 * 65535) beside 1 gets one call of 65,536; here its own share, one of 458,746.
        try (Rig rig = new Rig(Strategies.weightedRoundRobin(), 1).set(1.0 / (7 * 65_535), 1)) {
            assertThat(rig.counts(2, 2 * 458_746)[0]).isBetween(1L, 3L);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"25 75", "1 99", "50 50", "1 20 79"})
    void weightedRoundRobin_firstPicksOfManyClients_followWeightsAsEnvoys(String weights) {
        // edf_scheduler_test.cc, createWithPicks
        double[] all = numbers(weights);
        SplittableRandom seeds = new SplittableRandom(5);
        long[] firsts = new long[all.length];
        for (int client = 0; client < 5000; client++) {
            try (Rig rig = new Rig(Strategies.weightedRoundRobin(), seeds.split()).set(all)) {
                firsts[rig.pick()]++;
            }
        }
        assertThat(ChiSquare.excess(firsts, all)).isLessThan(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"15 10", "3 2 1", "25 75", "1 20 79"})
    void weightedRandom_publishedWeights_areItsProportions(String weights) {
        // gRPC, WeightedRandomPickerTest, without its zeros, which are never eligible here; Armeria; Envoy
        double[] all = numbers(weights);
        try (Rig rig = new Rig(Strategies.weightedRandom(), 3).set(all)) {
            assertThat(ChiSquare.excess(rig.counts(all.length, 1_000_000), all)).isLessThan(1);
        }
    }
}
