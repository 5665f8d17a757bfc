package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.Strategy;
import io.lb4j.balancer.Lease;
import io.lb4j.testing.ChiSquare;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Strategies that count calls in flight. */
final class LoadTest {
    private static final int PICKS = 1_000_000;

    static List<Strategy> counting() {
        return List.of(
                Strategies.powerOfTwoChoices(),
                Strategies.leastRequest(),
                Strategies.leastRequest(2),
                Strategies.leastRequest(4),
                Strategies.leastRequestRoundRobin());
    }

    static List<Strategy> scanning() {
        return List.of(Strategies.leastRequest(), Strategies.leastRequest(10), Strategies.leastRequestRoundRobin());
    }

    /** Holds calls until each instance has so many. */
    private static List<Lease> hold(Rig rig, int... inFlight) {
        List<Lease> held = new ArrayList<>();
        List<Lease> others = new ArrayList<>();
        int[] missing = inFlight.clone();
        while (Arrays.stream(missing).anyMatch(m -> m > 0)) {
            Lease lease = rig.balancer.acquire(PickRequest.plain());
            int index = Rig.index(lease.instance());
            if (missing[index] > 0) {
                missing[index]--;
                held.add(lease);
            } else {
                others.add(lease);
            }
        }
        others.forEach(Lease::close);
        return held;
    }

    @ParameterizedTest
    @MethodSource("counting")
    void pick_twoInstancesOneBusy_isTheOther(Strategy strategy) {
        try (Rig rig = new Rig(strategy, 1).set(Rig.equal(2))) {
            Lease busy = rig.balancer.acquire(PickRequest.plain());
            long[] counts = rig.counts(2, 1000);
            assertThat(counts[Rig.index(busy.instance())]).isZero();
            busy.close();
        }
    }

    @ParameterizedTest
    @MethodSource("scanning")
    void fullScan_oneLeastBusy_isThatOne(Strategy strategy) {
        try (Rig rig = new Rig(strategy, 1).set(Rig.equal(5))) {
            List<Lease> held = hold(rig, 4, 3, 2, 1, 5);
            assertThat(rig.counts(5, 1000)).containsExactly(0, 0, 0, 1000, 0);
            held.forEach(Lease::close);
        }
    }

    @ParameterizedTest
    @MethodSource("scanning")
    void fullScan_ties_areSharedEvenly(Strategy strategy) {
        try (Rig rig = new Rig(strategy, 1).set(Rig.equal(5))) {
            List<Lease> held = hold(rig, 3, 3, 1, 1, 1);
            long[] counts = rig.counts(5, PICKS);
            assertThat(counts[0] + counts[1]).isZero();
            assertThat(ChiSquare.excess(Arrays.copyOfRange(counts, 2, 5), Rig.equal(3)))
                    .isLessThan(1);
            held.forEach(Lease::close);
        }
    }

    @ParameterizedTest
    @MethodSource("scanning")
    void fullScan_busyInstancesOfDifferentWeight_areComparedByWeight(Strategy strategy) {
        try (Rig rig = new Rig(strategy, 1).set(1, 4, 2)) {
            // Calls with the one to be made, for the weight: 3/1, 5/4, 2/2.
            List<Lease> held = hold(rig, 2, 4, 1);
            assertThat(rig.counts(3, 500)).containsExactly(0, 0, 500);
            held.forEach(Lease::close);
            // An idle light one loses to a heavy one with little to do: 1/1 against 2/4.
            held = hold(rig, 0, 1, 2);
            assertThat(rig.counts(3, 500)).containsExactly(0, 500, 0);
            held.forEach(Lease::close);
        }
    }

    @ParameterizedTest
    @MethodSource("scanning")
    void fullScan_allExcluded_picksOneAnyway(Strategy strategy) {
        try (Rig rig = new Rig(strategy, 1).set(Rig.equal(2))) {
            PickRequest request =
                    PickRequest.plain().nextAttempt(rig.eligible.get(0)).nextAttempt(rig.eligible.get(1));
            assertThat(rig.picker.pick(request)).isIn(rig.eligible.get(0), rig.eligible.get(1));
        }
    }

    @ParameterizedTest
    @MethodSource("counting")
    void calls_inFlightAllTheTime_followWeights(Strategy strategy) {
        double[] weights = {1, 2, 3, 6};
        try (Rig rig = new Rig(strategy, 1).set(weights)) {
            List<Lease> held = new ArrayList<>();
            for (int i = 0; i < 1200; i++) {
                held.add(rig.balancer.acquire(PickRequest.plain()));
            }
            for (int i = 0; i < weights.length; i++) {
                assertThat(rig.eligible.get(i).inFlight() / (weights[i] * 100)).isBetween(0.9, 1.1);
            }
            held.forEach(Lease::close);
        }
    }

    @ParameterizedTest
    @MethodSource("comparing")
    void pick_twoBusyInstancesOfDifferentWeight_isTheLessBusyForItsWeight(Strategy strategy) {
        try (Rig rig = new Rig(strategy, 1).set(1, 4)) {
            List<Lease> measured = hold(rig, 1, 1);
            rig.time.advance(Duration.ofMillis(10));
            measured.forEach(lease -> lease.close(Outcome.SUCCESS));
            // With the call to be made: 2/1 against 3/4, and 2/1 against 9/4.
            List<Lease> held = hold(rig, 1, 2);
            assertThat(rig.counts(2, 300)).containsExactly(0, 300);
            held.addAll(hold(rig, 0, 6));
            assertThat(rig.counts(2, 300)).containsExactly(300, 0);
            held.forEach(Lease::close);
        }
    }

    @ParameterizedTest
    @MethodSource("drawing")
    void pick_idleNewcomerInSlowStart_getsTheShareOfItsWeight(Strategy strategy) {
        try (Rig rig = new Rig(strategy, 1).set(1, 1, 1, 0.1)) {
            List<Lease> measured = hold(rig, 1, 1, 1, 1);
            rig.time.advance(Duration.ofMillis(10));
            measured.forEach(lease -> lease.close(Outcome.SUCCESS));
            List<Lease> held = hold(rig, 2, 2, 2, 0);
            long newcomer = rig.counts(4, PICKS)[3];
            long[] counts = {PICKS - newcomer, newcomer};
            double[] weights = {3, 0.1};
            assertThat(ChiSquare.excess(counts, weights)).isLessThan(1);
            held.forEach(Lease::close);
        }
    }

    static List<Strategy> drawing() {
        return List.of(Strategies.powerOfTwoChoices(), Strategies.peakEwma());
    }

    static List<Strategy> comparing() {
        return List.of(
                Strategies.powerOfTwoChoices(),
                Strategies.leastRequest(),
                Strategies.leastRequestRoundRobin(),
                Strategies.peakEwma());
    }

    @Test
    void powerOfTwoChoices_manyCalls_keepsTheLongestQueueShort() {
        // 1000 calls on 1000 instances: ln ln n / ln 2 + O(1), where one choice has about ln n / ln ln n.
        assertThat(longest(Strategies.random())).isGreaterThanOrEqualTo(5);
        assertThat(longest(Strategies.powerOfTwoChoices())).isLessThanOrEqualTo(4);
        assertThat(longest(Strategies.leastRequest(4))).isLessThanOrEqualTo(3);
        assertThat(longest(Strategies.leastRequest())).isEqualTo(1);
        assertThat(longest(Strategies.leastRequestRoundRobin())).isEqualTo(1);
    }

    private static int longest(Strategy strategy) {
        try (Rig rig = new Rig(strategy, 1).set(Rig.equal(1000))) {
            List<Lease> held = new ArrayList<>();
            for (int i = 0; i < 1000; i++) {
                held.add(rig.balancer.acquire(PickRequest.plain()));
            }
            int longest = 0;
            for (int i = 0; i < 1000; i++) {
                longest = Math.max(longest, rig.eligible.get(i).inFlight());
            }
            held.forEach(Lease::close);
            return longest;
        }
    }

    @ParameterizedTest
    @CsvSource({"2", "3", "4", "5", "8", "9", "100", "1000"})
    void pairs_anySize_areDifferentAndEven(int n) {
        Rig rig = new Rig(Strategies.random(), 1).set(Rig.equal(n));
        PairSampler pairs = new PairSampler(Members.of(rig.eligible));
        long[] first = new long[n];
        long[] second = new long[n];
        int same = 0;
        for (int i = 0; i < PICKS; i++) {
            long pair = pairs.draw();
            first[PairSampler.first(pair)]++;
            second[PairSampler.second(pair)]++;
            same += PairSampler.first(pair) == PairSampler.second(pair) ? 1 : 0;
        }
        assertThat(same).isZero();
        assertThat(ChiSquare.excess(first, Rig.equal(n))).isLessThan(1);
        assertThat(ChiSquare.excess(second, Rig.equal(n))).isLessThan(1);
        rig.close();
    }

    @Test
    void pairs_oneHasNearlyAllTheWeight_areDifferent() {
        Rig rig = new Rig(Strategies.random(), 1).set(1e6, 1, 1e-6);
        PairSampler pairs = new PairSampler(Members.of(rig.eligible));
        for (int i = 0; i < 10_000; i++) {
            long pair = pairs.draw();
            assertThat(PairSampler.first(pair)).isNotEqualTo(PairSampler.second(pair));
            assertThat(PairSampler.second(pair)).isBetween(0, 2);
        }
        rig.close();
    }

    @ParameterizedTest
    @CsvSource({"3, 3", "4, 3", "6, 3", "6, 5", "7, 4", "12, 4", "210, 5", "1000, 5"})
    void fewChoices_oneIdleAmongBusy_isFoundAsOftenAsItIsDrawn(int n, int choices) {
        SplittableRandom random = new SplittableRandom(1);
        try (Rig rig = new Rig(Strategies.leastRequest(choices), random).set(Rig.equal(n))) {
            int[] inFlight = new int[n];
            Arrays.fill(inFlight, 1);
            inFlight[n / 2] = 0;
            List<Lease> held = hold(rig, inFlight);
            long found = rig.counts(n, PICKS)[n / 2];
            double share = Math.min(1, (double) choices / n);
            long[] hits = {found, PICKS - found};
            assertThat(choices >= n ? found == PICKS : ChiSquare.excess(hits, new double[] {share, 1 - share}) < 1)
                    .as("%d of %d", found, PICKS)
                    .isTrue();
            held.forEach(Lease::close);
        }
    }
}
