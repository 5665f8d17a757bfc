package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.balancer.Lease;
import io.lb4j.testing.ChiSquare;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntToLongFunction;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class AdaptiveTest {
    private static final long MS = 1_000_000;

    private final Rig rig = new Rig(Strategies.adaptive(), 1);

    /** Makes calls one after the other; returns how many each instance got. */
    private long[] serve(int calls, int n, IntToLongFunction nanos, Outcome... outcomes) {
        long[] counts = new long[n];
        for (int i = 0; i < calls; i++) {
            try (Lease lease = rig.balancer.acquire(PickRequest.plain())) {
                int index = Rig.index(lease.instance());
                counts[index]++;
                rig.time.advance(Duration.ofNanos(nanos.applyAsLong(index)));
                lease.close(index < outcomes.length ? outcomes[index] : Outcome.SUCCESS);
            }
        }
        return counts;
    }

    private List<Lease> hold(int calls) {
        List<Lease> held = new ArrayList<>();
        for (int i = 0; i < calls; i++) {
            held.add(rig.balancer.acquire(PickRequest.plain()));
        }
        return held;
    }

    private static Lease firstAt(int index, List<Lease> held) {
        return held.stream()
                .filter(lease -> Rig.index(lease.instance()) == index)
                .findFirst()
                .orElseThrow();
    }

    private void close(List<Lease> held) {
        held.forEach(Lease::close);
        rig.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 10, 16})
    void pick_equalInstances_haveEquallyManyCalls(int n) {
        rig.set(Rig.equal(n));
        List<Lease> held = hold(3 * n);
        assertThat(held.stream().map(lease -> lease.candidate().inFlight())).containsOnly(3);
        close(held);
    }

    @Test
    void pick_callsOfDifferentLengthOnEqualInstances_staysEven() {
        rig.set(Rig.equal(10));
        SplittableRandom random = new SplittableRandom(1);
        long[] counts = serve(20_000, 10, index -> (long) (-10 * MS * Math.log(1 - random.nextDouble())));
        for (long count : counts) {
            assertThat(count).isBetween(1000L, 3000L);
        }
        rig.close();
    }

    @Test
    void pick_idleInstances_areDrawnByWeight() {
        rig.set(1, 3);
        long[] counts = rig.counts(2, 10_000);
        assertThat(counts[1]).isBetween(7_300L, 7_700L);
        rig.close();
    }

    /** As one that starts. Its calls end at once, the others' never, so that it is idle whenever it may be asked. */
    @ParameterizedTest
    @ValueSource(ints = {2, 16, 20})
    void pick_lightInstanceIsIdleAndTheOthersAreBusy_hasItsShareByWeight(int n) {
        double[] weights = new double[n];
        Arrays.fill(weights, 1);
        weights[0] = 0.1;
        double share = 0.1 / (n - 0.9);
        int calls = (int) (20 / share);
        int light = 0;
        for (int seed = 0; seed < 20; seed++) {
            Rig client = new Rig(Strategies.adaptive(), seed);
            client.set(weights);
            List<Lease> held = new ArrayList<>();
            for (int i = 0; i < 1000 && held.size() < 2 * n; i++) {
                Lease lease = client.balancer.acquire(PickRequest.plain());
                if (Rig.index(lease.instance()) == 0) {
                    lease.close();
                } else {
                    held.add(lease);
                }
            }
            for (int i = 0; i < calls; i++) {
                Lease lease = client.balancer.acquire(PickRequest.plain());
                light += Rig.index(lease.instance()) == 0 ? 1 : 0;
                lease.close();
            }
            held.forEach(Lease::close);
            client.close();
        }
        assertThat(light).isBetween(340, 460);
    }

    @Test
    void pick_oneOfThreeIsSlower_prefersTheOthers() {
        rig.set(Rig.equal(3));
        serve(1000, 3, index -> index == 0 ? 30 * MS : 10 * MS);
        assertThat(serve(1000, 3, index -> index == 0 ? 30 * MS : 10 * MS)[0]).isLessThan(50);
        rig.close();
    }

    @Test
    void pick_oneOfTenIsALittleQuicker_theOthersAreNotForgotten() {
        rig.set(Rig.equal(10));
        serve(2000, 10, i -> i == 0 ? 8 * MS : 10 * MS);
        long[] counts = serve(800, 10, i -> i == 0 ? 8 * MS : 10 * MS);
        assertThat(counts[0]).isGreaterThan(300);
        // In eight seconds, in which one call in eight is for these.
        for (int i = 1; i < 10; i++) {
            assertThat(counts[i]).isGreaterThan(5);
        }
        rig.close();
    }

    @Test
    void pick_oneOfTenTakesTwiceAsLong_isTriedNowAndThen() {
        rig.set(Rig.equal(10));
        serve(2000, 10, i -> i == 0 ? 20 * MS : 10 * MS);
        assertThat(serve(1000, 10, i -> i == 0 ? 20 * MS : 10 * MS)[0]).isBetween(5L, 50L);
        rig.close();
    }

    @Test
    void pick_timedOutOnItTwice_isLeftAloneForATenthOfASecond() {
        rig.set(Rig.equal(2));
        serve(100, 2, i -> MS);
        for (int failures = 0; failures < 2; ) {
            Lease lease = rig.balancer.acquire(PickRequest.plain());
            rig.time.advance(Duration.ofMillis(1));
            boolean isFirst = Rig.index(lease.instance()) == 0;
            failures += isFirst ? 1 : 0;
            lease.close(isFirst ? Outcome.TIMEOUT : Outcome.SUCCESS);
        }
        assertThat(serve(90, 2, i -> MS)[0]).isZero();
        assertThat(serve(90, 2, i -> MS)[0]).isPositive();
        rig.close();
    }

    @Test
    void pick_twoWereNotReached_areNotAskedBeforeTheThird() {
        int third = 0;
        for (int seed = 0; seed < 30; seed++) {
            Rig client = new Rig(Strategies.adaptive(), seed);
            client.set(Rig.equal(3));
            for (int i = 0; i < 50; i++) {
                try (Lease lease = client.balancer.acquire(PickRequest.plain())) {
                    client.time.advance(Duration.ofMillis(1));
                    lease.close(Outcome.SUCCESS);
                }
            }
            for (boolean[] failed = new boolean[2]; !failed[0] || !failed[1]; ) {
                try (Lease lease = client.balancer.acquire(PickRequest.plain())) {
                    int index = Rig.index(lease.instance());
                    lease.close(index < 2 ? Outcome.CONNECT_FAILURE : Outcome.SUCCESS);
                    if (index < 2) {
                        failed[index] = true;
                    }
                }
            }
            client.time.advance(Duration.ofMillis(500));
            try (Lease lease = client.balancer.acquire(PickRequest.plain())) {
                third += Rig.index(lease.instance()) == 2 ? 1 : 0;
            }
            client.close();
        }
        assertThat(third).isPositive();
        rig.close();
    }

    @Test
    void pick_firstCallOfAThousandClients_isAnywhere() {
        long[] counts = new long[10];
        for (int seed = 0; seed < 1000; seed++) {
            Rig client = new Rig(Strategies.adaptive(), seed);
            client.set(Rig.equal(10));
            try (Lease lease = client.balancer.acquire(PickRequest.plain())) {
                counts[Rig.index(lease.instance())]++;
            }
            client.close();
        }
        assertThat(ChiSquare.excess(counts, Rig.equal(10))).isLessThan(1);
        rig.close();
    }

    @Test
    void pick_slowInstanceIsQuickAgain_isUsedAgain() {
        rig.set(Rig.equal(2));
        serve(1000, 2, index -> index == 0 ? 30 * MS : 10 * MS);
        // What was learnt is forgotten.
        rig.time.advance(Duration.ofMinutes(2));
        assertThat(serve(1000, 2, index -> 10 * MS)[0]).isGreaterThan(100);
        rig.close();
    }

    @Test
    void pick_callIsLate_othersAreBusierThanItsInstance() {
        rig.set(Rig.equal(2));
        serve(200, 2, index -> 10 * MS);
        Lease hangs = rig.balancer.acquire(PickRequest.plain());
        rig.time.advance(Duration.ofSeconds(1));
        List<Lease> held = hold(8);
        assertThat(held).noneMatch(lease -> lease.candidate() == hangs.candidate());
        held.add(hangs);
        close(held);
    }

    @Test
    void pick_reportedQueue_isAvoidedUntilTheReportIsOld() {
        rig.set(Rig.equal(2));
        LoadReport[] reports = {
            LoadReport.builder().inFlight(20).build(),
            LoadReport.builder().inFlight(0).build()
        };
        List<Lease> both = hold(2);
        rig.time.advance(Duration.ofMillis(100));
        for (Lease lease : both) {
            lease.report(reports[Rig.index(lease.instance())]);
            lease.close(Outcome.SUCCESS);
        }
        List<Lease> held = hold(8);
        assertThat(held).allMatch(lease -> Rig.index(lease.instance()) == 1);
        rig.time.advance(Duration.ofMinutes(1));
        held.add(rig.balancer.acquire(PickRequest.plain()));
        assertThat(Rig.index(held.get(8).instance())).isZero();
        close(held);
    }

    /** Where others have ten calls at each on average, one's own tells where they have more. */
    @Test
    void pick_ownCallAtTheQuickerOfTwoBusyInstances_theSlowerIsNext() {
        rig.set(Rig.equal(2));
        for (int i = 0; i < 500; i++) {
            List<Lease> both = hold(2);
            rig.time.advance(Duration.ofMillis(10));
            closeWithReport(both, 1);
            rig.time.advance(Duration.ofMillis(5));
            closeWithReport(both, 0);
        }
        rig.time.advance(Duration.ofMillis(500));
        List<Lease> held = hold(2);
        assertThat(held.stream().map(lease -> Rig.index(lease.instance()))).containsExactly(1, 0);
        // Two here are not twice as telling.
        held.addAll(hold(2));
        assertThat(held.stream().map(lease -> Rig.index(lease.instance()))).containsExactly(1, 0, 1, 1);
        close(held);
    }

    private static void closeWithReport(List<Lease> held, int index) {
        for (Lease lease : held) {
            if (Rig.index(lease.instance()) == index) {
                lease.report(LoadReport.builder().inFlight(10).build());
                lease.close(Outcome.SUCCESS);
            }
        }
    }

    /** A minute's reports; long after, when the last one counts for nothing any more, three calls. */
    private List<Lease> holdThreeAfterReports(IntUnaryOperator inFlight) {
        rig.set(Rig.equal(2));
        for (int i = 0; i < 3000; i++) {
            Lease one = rig.balancer.acquire(PickRequest.plain());
            Lease other = rig.balancer.acquire(PickRequest.plain().avoiding(one.candidate()));
            rig.time.advance(Duration.ofMillis(10));
            for (Lease lease : List.of(one, other)) {
                int reported = inFlight.applyAsInt(Rig.index(lease.instance()));
                lease.report(LoadReport.builder().inFlight(reported).build());
                lease.close(Outcome.SUCCESS);
            }
        }
        rig.time.advance(Duration.ofSeconds(2));
        return hold(3);
    }

    @Test
    void pick_reportsAreOfTheSameQueueEachTime_itIsExpectedThereAgain() {
        List<Lease> held = holdThreeAfterReports(index -> index == 0 ? 30 : 10);
        assertThat(held).allMatch(lease -> Rig.index(lease.instance()) == 1);
        close(held);
    }

    @Test
    void pick_reportedTheSameQueueEachTimeButLongAgo_isForgotten() {
        List<Lease> held = holdThreeAfterReports(index -> index == 0 ? 30 : 10);
        held.forEach(Lease::close);
        rig.time.advance(Duration.ofMinutes(2));
        List<Lease> later = hold(2);
        assertThat(later.stream().map(lease -> Rig.index(lease.instance()))).containsExactlyInAnyOrder(0, 1);
        close(later);
    }

    private void serveAndReport(int calls, int inFlightPerWeight, int... weights) {
        for (int i = 0; i < calls; i++) {
            Lease lease = rig.balancer.acquire(PickRequest.plain());
            rig.time.advance(Duration.ofMillis(10));
            int inFlight = inFlightPerWeight * weights[Rig.index(lease.instance())];
            lease.report(LoadReport.builder().inFlight(inFlight).build());
            lease.close(Outcome.SUCCESS);
        }
        rig.time.advance(Duration.ofMinutes(1));
    }

    @Test
    void pick_callsOfOthersAreReported_ownOnesFollowTheWeights() {
        rig.set(1, 3);
        serveAndReport(400, 10, 1, 3);
        List<Lease> held = hold(40);
        assertThat(held.stream().filter(lease -> Rig.index(lease.instance()) == 1))
                .hasSizeBetween(28, 32);
        close(held);
    }

    @Test
    void pick_failsAtOnce_isNoMagnet() {
        rig.set(Rig.equal(2));
        assertThat(serve(1000, 2, index -> index == 0 ? 1 : 10 * MS, Outcome.SERVER_ERROR)[0])
                .isLessThan(20);
        rig.close();
    }

    @Test
    void pick_failsEveryCallAndNobodyTakesItOut_isTriedNowAndThen() {
        rig.set(Rig.equal(2));
        serve(100, 2, index -> 10 * MS, Outcome.CONNECT_FAILURE);
        // A thousand seconds: once in a few of them, lest it be missed that it is well again.
        assertThat(serve(10_000, 2, index -> 100 * MS, Outcome.CONNECT_FAILURE)[0])
                .isBetween(50L, 500L);
        assertThat(serve(10_000, 2, index -> 100 * MS)[0]).isGreaterThan(1000);
        rig.close();
    }

    @Test
    void pick_slowErrors_areAvoidedAsSlowAnswersAre() {
        rig.set(Rig.equal(2));
        serve(200, 2, index -> 10 * MS);
        assertThat(serve(1000, 2, index -> index == 0 ? 500 * MS : 10 * MS, Outcome.SERVER_ERROR)[0])
                .isLessThan(8);
        rig.close();
    }

    @Test
    void pick_failsHalfOfItsCalls_isAvoided() {
        rig.set(Rig.equal(2));
        long[] counts = new long[2];
        for (int i = 0; i < 500; i++) {
            long[] two = serve(2, 2, index -> 10 * MS, i % 2 == 0 ? Outcome.SERVER_ERROR : Outcome.SUCCESS);
            counts[0] += two[0];
        }
        assertThat(counts[0]).isLessThan(100);
        rig.close();
    }

    /** Who says so at once has no room, and is as good as any once it has; who thinks about it first is broken, busy or not. */
    @ParameterizedTest
    @CsvSource({"1, 0", "15, 1"})
    void pick_failsBesideTwoOtherCallsAndHasOnlyOne_isPreferredIfItFailedQuickly(int failMillis, int next) {
        rig.set(Rig.equal(2));
        List<Lease> held = hold(4);
        Lease ofFirst = firstAt(0, held);
        Lease ofSecond = firstAt(1, held);
        for (int i = 0; i < 3; i++) {
            Lease answers = rig.balancer.acquire(PickRequest.plain().avoiding(ofFirst.candidate()));
            rig.time.advance(Duration.ofMillis(10));
            answers.close(Outcome.SUCCESS);
            Lease fails = rig.balancer.acquire(PickRequest.plain().avoiding(ofSecond.candidate()));
            rig.time.advance(Duration.ofMillis(failMillis));
            fails.close(Outcome.SERVER_ERROR);
        }
        held.remove(ofFirst);
        ofFirst.close(Outcome.SUCCESS);
        held.addAll(hold(2));
        assertThat(held.subList(3, 5).stream().map(lease -> Rig.index(lease.instance())))
                .as("and then it is full again")
                .containsExactly(next, 1);
        close(held);
    }

    @Test
    void pick_turnsAwayEveryCallAtOnce_isNoMagnet() {
        rig.set(Rig.equal(2));
        assertThat(serve(1000, 2, index -> index == 0 ? 1 : 10 * MS, Outcome.CLIENT_ERROR)[0])
                .isLessThan(50);
        rig.close();
    }

    @Test
    void pick_allTurnAwayAsMany_staysEven() {
        rig.set(Rig.equal(2));
        long[] counts = serve(1000, 2, index -> 10 * MS, Outcome.CLIENT_ERROR, Outcome.CLIENT_ERROR);
        assertThat(counts[0]).isBetween(400L, 600L);
        rig.close();
    }

    @Test
    void pick_ofHundred_findsTheOneThatReportedToBeIdle() {
        rig.set(Rig.equal(100));
        for (int round = 0; round < 20; round++) {
            List<Lease> held = hold(100);
            rig.time.advance(Duration.ofMillis(10));
            held.forEach(lease -> {
                lease.report(LoadReport.builder().inFlight(50).build());
                lease.close(Outcome.SUCCESS);
            });
        }
        Lease idle = rig.balancer.acquire(PickRequest.plain());
        rig.time.advance(Duration.ofMillis(1));
        idle.report(LoadReport.builder().inFlight(0).build());
        idle.close(Outcome.SUCCESS);
        Lease next = rig.balancer.acquire(PickRequest.plain());
        assertThat(next.candidate()).isSameAs(idle.candidate());
        close(List.of(next));
    }

    @Test
    void pick_hundredIdleInstances_areAllUsedAlike() {
        rig.set(Rig.equal(100));
        assertThat(ChiSquare.excess(rig.counts(100, 100_000), Rig.equal(100))).isLessThan(1);
        rig.close();
    }

    /** How many instances of a hundred, every other of which is twice as slow, have the next calls of a client that knows them. */
    private long usedOfTwoSpeeds(int calls) {
        serveTwoSpeeds(4000, 100);
        return Arrays.stream(serveTwoSpeeds(calls, 100))
                .filter(count -> count > 0)
                .count();
    }

    private long[] serveTwoSpeeds(int calls, int n) {
        return serve(calls, n, index -> index % 2 == 0 ? 10 * MS : 20 * MS);
    }

    @Test
    void pick_ofHundredThatDiffer_keepsToAFewForAWhile() {
        rig.set(Rig.equal(100));
        assertThat(usedOfTwoSpeeds(100)).isLessThan(25);
        rig.close();
    }

    @Test
    void pick_ofHundredThatAreEqual_keepsToNone() {
        rig.set(Rig.equal(100));
        SplittableRandom random = new SplittableRandom(1);
        IntToLongFunction nanos = index -> (long) (-10 * MS * Math.log(1 - random.nextDouble()));
        serve(4000, 100, nanos);
        assertThat(Arrays.stream(serve(100, 100, nanos))
                        .filter(count -> count > 0)
                        .count())
                .isGreaterThan(40);
        rig.close();
    }

    @Test
    void pick_ofHundredThatDiffer_usesAllThatAreQuickInTheLongRun() {
        rig.set(Rig.equal(100));
        assertThat(usedOfTwoSpeeds(10_000)).isGreaterThan(90);
        long[] counts = serveTwoSpeeds(50_000, 100);
        for (int i = 0; i < 100; i += 2) {
            assertThat(counts[i]).isBetween(500L, 2000L);
        }
        rig.close();
    }

    /** It is as idle as those that are quick, which are known to be. */
    @ParameterizedTest
    @ValueSource(doubles = {1, 0.1})
    void pick_oneJoinsAHundredThatDiffer_isSoonFoundToBeQuick(double weight) {
        rig.set(Rig.equal(100));
        serveTwoSpeeds(4000, 100);
        double[] weights = Arrays.copyOf(Rig.equal(100), 101);
        weights[100] = weight;
        rig.set(weights);
        assertThat(serveTwoSpeeds(2000, 101)[100]).isPositive();
        rig.close();
    }

    @Test
    void newPicker_moreThanItLearnsOf_keepsNothing() {
        rig.set(Rig.equal(Adaptive.MOST + 1));
        try (Lease lease = rig.balancer.acquire(PickRequest.plain())) {
            assertThat(lease.wantsReports()).isFalse();
        }
        rig.set(Rig.equal(Adaptive.MOST));
        try (Lease lease = rig.balancer.acquire(PickRequest.plain())) {
            assertThat(lease.wantsReports()).isTrue();
        }
        rig.close();
    }

    /** Each has a stream; the oldest has been open for an hour longer than the youngest. */
    @Test
    void pick_streamsOfDifferentAge_saysNothingOfAnInstance() {
        rig.set(Rig.equal(4));
        serve(400, 4, index -> 10 * MS);
        List<Lease> streams = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            streams.addAll(hold(1));
            rig.time.advance(Duration.ofMinutes(20));
        }
        assertThat(streams.stream().map(lease -> Rig.index(lease.instance()))).containsExactlyInAnyOrder(0, 1, 2, 3);

        long[] counts = serve(4_000, 4, index -> 10 * MS);

        for (long count : counts) {
            assertThat(count).isBetween(800L, 1200L);
        }
        close(streams);
    }

    @Test
    void pick_calls_answeredBesideStreams_showThatNothingStalls() {
        rig.set(Rig.equal(2));
        serve(200, 2, index -> 10 * MS);
        List<Lease> streams = hold(1);
        answer(3);
        streams.addAll(hold(1));
        answer(2);
        assertThat(streams.stream().map(lease -> Rig.index(lease.instance()))).containsExactlyInAnyOrder(0, 1);
        rig.time.advance(Duration.ofMillis(500));

        // One stream is older than the other: if it seemed late, the other's instance would get all of these.
        long[] counts = serve(200, 2, index -> 10 * MS);

        assertThat(counts[0]).isBetween(70L, 130L);
        close(streams);
    }

    private void answer(int calls) {
        rig.time.advance(Duration.ofMillis(1));
        List<Lease> later = hold(calls);
        rig.time.advance(Duration.ofMillis(5));
        later.forEach(lease -> lease.close(Outcome.SUCCESS));
    }
}
