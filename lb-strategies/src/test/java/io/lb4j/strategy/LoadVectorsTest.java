package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.Strategy;
import io.lb4j.balancer.Lease;
import io.lb4j.testing.ChiSquare;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Choices that other balancers' tests expect under given loads. */
final class LoadVectorsTest {

    /** How often each of the instances is picked that have so many calls in flight; the picks themselves end at once. */
    private static long[] counts(Strategy strategy, int[] inFlight, double[] weights, int picks) {
        int[] forced = {-1};
        Strategy loaded = set -> {
            Picker picker = strategy.newPicker(set);
            return request -> forced[0] >= 0 ? set.get(forced[0]) : picker.pick(request);
        };
        try (Rig rig = new Rig(loaded, 11).set(weights)) {
            List<Lease> calls = new ArrayList<>();
            for (int i = 0; i < inFlight.length; i++) {
                forced[0] = i;
                for (int call = 0; call < inFlight[i]; call++) {
                    calls.add(rig.balancer.acquire(PickRequest.plain()));
                }
            }
            forced[0] = -1;
            long[] counts = rig.counts(inFlight.length, picks);
            calls.forEach(call -> call.close(Outcome.SUCCESS));
            return counts;
        }
    }

    @Test
    void leastRequest_moreChoicesThanHosts_isEnvoysLeastBusyHost() {
        // least_request_lb_test.cc, PNC: choice 5 of 4 draws host 3 there; choices are distinct here, so all are seen.
        assertThat(counts(Strategies.leastRequest(5), new int[] {4, 3, 2, 1}, Rig.equal(4), 1000))
                .containsExactly(0, 0, 0, 1000);
    }

    @Test
    void leastRequest_fullScan_isEnvoysLeastBusyHost() {
        assertThat(counts(Strategies.leastRequest(), new int[] {4, 3, 2, 1, 5}, Rig.equal(5), 1000))
                .containsExactly(0, 0, 0, 1000, 0);
    }

    @Test
    void leastRequest_fullScanWithTies_spreadsThemAsEnvoy() {
        long[] counts = counts(Strategies.leastRequest(), new int[] {3, 3, 1, 1, 1}, Rig.equal(5), 1_000_000);
        assertThat(counts[0] + counts[1]).isZero();
        assertThat(ChiSquare.excess(new long[] {counts[2], counts[3], counts[4]}, Rig.equal(3)))
                .isLessThan(1);
    }

    @ParameterizedTest
    @CsvSource({"2, 1", "1, 0", "5, 0"})
    void powerOfTwoChoices_oneOfTwoBusier_isGrpcsChoice(int first, int second) {
        // LeastRequestLoadBalancerTest: of the two drawn the one with fewer calls, whichever was drawn first.
        assertThat(counts(Strategies.powerOfTwoChoices(), new int[] {first, second}, Rig.equal(2), 1000))
                .containsExactly(0, 1000);
    }

    static List<Strategy> twoChoices() {
        return List.of(Strategies.powerOfTwoChoices(), Strategies.leastRequest(2));
    }

    @ParameterizedTest
    @MethodSource("twoChoices")
    void twoChoices_equalScores_giveServiceTalksShares(Strategy strategy) {
        // P2CSelectorTest: within 5 % of these over 10,000 picks
        double[] weights = {2, 0.5, 1, 1, 1};
        assertThat(ChiSquare.excess(counts(strategy, new int[5], weights, 1_000_000), weights))
                .isLessThan(1);
    }

    /** Finagle's and ServiceTalk's estimates; what a call costs is the estimate times (calls in flight + 1). */
    @Nested
    final class Estimates {
        private static final long MS = 1_000_000;
        private static final long SECOND = 1000 * MS;
        private static final Duration TEN_SECONDS = Duration.ofSeconds(10);

        /** ServiceTalk states half-lives: e-folding takes 1 / ln 2 of that. */
        private static final Duration HALF_IN_TEN_SECONDS = Duration.ofNanos(Math.round(1e10 / Math.log(2)));

        /** Times of the estimate are in units of 1.05 ms. */
        private static final Percentage ROUNDING = Percentage.withPercentage(0.02);

        private long now = 5 * SECOND;

        private void serve(PeakResponseTime tracker, long nanos, Outcome outcome) {
            tracker.onStart(now);
            now += nanos;
            tracker.onEnd(outcome, now - nanos, now);
        }

        private PeakResponseTime measured(Duration decay) {
            PeakResponseTime tracker = new PeakResponseTime(ResponseTime.decay(decay));
            serve(tracker, 100 * MS, Outcome.SUCCESS);
            return tracker;
        }

        @ParameterizedTest
        @CsvSource({"0, 1, 100000000", "2, 3, 300000000"})
        void cost_callsInFlight_isFinaglesAndServiceTalksMultiple(int inFlight, int factor, double expected) {
            assertThat(measured(TEN_SECONDS).cost(inFlight, now) * factor).isEqualTo(expected);
        }

        @ParameterizedTest
        @CsvSource({"5, 71", "10, 50", "20, 25"})
        void cost_idleFor_isServiceTalksDecay(long seconds, long millis) {
            PeakResponseTime tracker = measured(HALF_IN_TEN_SECONDS);
            now += seconds * SECOND;
            assertThat(Math.round(tracker.cost(0, now) / MS)).isEqualTo(millis);
        }

        @Test
        void cost_quickerSampleASecondLater_isServiceTalksMean() {
            PeakResponseTime tracker = measured(HALF_IN_TEN_SECONDS);
            now += SECOND - 50 * MS;
            serve(tracker, 50 * MS, Outcome.SUCCESS);
            assertThat(Math.round(tracker.cost(0, now) / MS)).isEqualTo(97);
        }

        @Test
        void cost_slowerSample_isFinaglesPeakAndNotServiceTalksMean() {
            PeakResponseTime tracker = measured(TEN_SECONDS);
            serve(tracker, 200 * MS, Outcome.SUCCESS);
            assertThat(tracker.cost(0, now)).isEqualTo(2e8);
        }

        /** A call that lost to a hedge took that long at least: it may raise the estimate, and says nothing against it. */
        @Test
        void cost_overtaken_risesToTheTimeTheCallHadAndNeverFalls() {
            PeakResponseTime tracker = measured(TEN_SECONDS);
            serve(tracker, 300 * MS, Outcome.OVERTAKEN);
            assertThat(tracker.cost(0, now)).isEqualTo(3e8);
            serve(tracker, MS, Outcome.OVERTAKEN);
            assertThat(tracker.cost(0, now)).isCloseTo(3e8, ROUNDING);
            serve(tracker, 900 * MS, Outcome.IGNORED);
            assertThat(tracker.cost(0, now)).isLessThan(3e8);
        }

        @Test
        void cost_neverMeasuredAndBusy_isFinaglesPenalty() {
            // There 2^47 - 1 + 1 call pending; ServiceTalk's least integer says the same.
            PeakResponseTime tracker = new PeakResponseTime(ResponseTime.decay(TEN_SECONDS));
            assertThat(tracker.cost(0, now)).isZero();
            assertThat(tracker.cost(1, now)).isEqualTo(140_737_488_355_328.0);
        }

        @Test
        void cost_callThatStalls_countsWithItsAgeAsServiceTalks() {
            PeakResponseTime tracker = new PeakResponseTime(ResponseTime.decay(Duration.ofSeconds(1)));
            serve(tracker, 500 * MS, Outcome.SUCCESS);
            tracker.onStart(now);
            now += SECOND;
            // -2000 there: a second of age for each of two calls.
            assertThat(tracker.cost(1, now) * 2).isCloseTo(2e9, ROUNDING);
        }

        @Test
        void cost_error_isDearerByTheShareOfFailuresUnlikeServiceTalks() {
            // There one error makes a sample ten times as long; here ten times is for an instance that always fails,
            // and
            // one of eight steps towards that is taken with each.
            PeakResponseTime tracker = measured(TEN_SECONDS);
            serve(tracker, 100 * MS, Outcome.SERVER_ERROR);
            assertThat(tracker.cost(0, now)).isCloseTo(1e8 * (1 + 10 / 8.0), ROUNDING);
            for (int i = 0; i < 200; i++) {
                serve(tracker, 100 * MS, Outcome.SERVER_ERROR);
            }
            assertThat(tracker.cost(0, now)).isCloseTo(11e8, ROUNDING);
        }

        @Test
        void cost_cancelledCall_changesNothingUnlikeServiceTalks() {
            // A call that its caller gave up says nothing of the instance that its age didn't say already.
            PeakResponseTime tracker = measured(TEN_SECONDS);
            serve(tracker, 900 * MS, Outcome.IGNORED);
            assertThat(tracker.cost(0, now)).isCloseTo(1e8 * Math.exp(-0.09), ROUNDING);
        }
    }
}
