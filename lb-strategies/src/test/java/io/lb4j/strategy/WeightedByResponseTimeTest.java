package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.balancer.Lease;
import java.time.Duration;
import java.util.function.IntFunction;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

final class WeightedByResponseTimeTest {
    private static final long MS = 1_000_000;

    /** Makes calls one after the other; returns each instance's share of the last half of them. */
    private static double[] shares(
            Rig rig, int n, int calls, IntFunction<Duration> time, IntFunction<Outcome> outcome) {
        double[] shares = new double[n];
        for (int i = 0; i < calls; i++) {
            Lease lease = rig.balancer.acquire(PickRequest.plain());
            int index = Rig.index(lease.instance());
            rig.time.advance(time.apply(index));
            lease.close(outcome.apply(index));
            if (i >= calls / 2) {
                shares[index] += 2.0 / calls;
            }
        }
        return shares;
    }

    @Test
    void shares_instancesOfDifferentSpeed_areInProportion() {
        try (Rig rig = new Rig(Strategies.weightedByResponseTime(), 1).set(1, 1, 1)) {
            double[] shares =
                    shares(rig, 3, 6000, i -> Duration.ofMillis(new int[] {10, 20, 40}[i]), i -> Outcome.SUCCESS);
            assertThat(shares[0]).isEqualTo(4 / 7.0, within(0.01));
            assertThat(shares[1]).isEqualTo(2 / 7.0, within(0.01));
            assertThat(shares[2]).isEqualTo(1 / 7.0, within(0.01));
        }
    }

    @Test
    void shares_baseWeights_multiply() {
        try (Rig rig = new Rig(Strategies.weightedByResponseTime(), 1).set(1, 3)) {
            double[] shares = shares(rig, 2, 4000, i -> Duration.ofMillis(i == 0 ? 10 : 20), i -> Outcome.SUCCESS);
            assertThat(shares[0]).isEqualTo(2 / 5.0, within(0.01));
        }
    }

    @Test
    void shares_oneVerySlow_keepsATenthOfTheMean() {
        try (Rig rig = new Rig(Strategies.weightedByResponseTime(), 1).set(Rig.equal(4))) {
            double[] shares = shares(
                    rig, 4, 4000, i -> i == 0 ? Duration.ofSeconds(2) : Duration.ofMillis(5), i -> Outcome.SUCCESS);
            // Speeds 0, 4/3, 4/3 and 4/3 times the mean, the first bounded by 0.1.
            assertThat(shares[0]).isEqualTo(0.1 / 4.1, within(0.005));
        }
    }

    @Test
    void shares_oneFailsAtOnce_isPenalised() {
        try (Rig rig = new Rig(Strategies.weightedByResponseTime(), 1).set(Rig.equal(3))) {
            double[] shares = shares(
                    rig,
                    3,
                    6000,
                    i -> i == 1 ? Duration.ofNanos(1000) : Duration.ofMillis(10),
                    i -> i == 1 ? Outcome.CONNECT_FAILURE : Outcome.SUCCESS);
            assertThat(shares[1]).isLessThan(0.06);
        }
    }

    @Test
    void shares_oneHangs_fallsWhileTheCallIsOut() {
        try (Rig rig = new Rig(Strategies.weightedByResponseTime(), 1).set(Rig.equal(2))) {
            shares(rig, 2, 400, i -> Duration.ofMillis(10), i -> Outcome.SUCCESS);
            Lease hangs = rig.balancer.acquire(PickRequest.plain());
            int bad = Rig.index(hangs.instance());
            // All calls there hang; those of the other end.
            for (int i = 0; i < 1000; i++) {
                Lease lease = rig.balancer.acquire(PickRequest.plain());
                rig.time.advance(Duration.ofMillis(10));
                lease.close(Rig.index(lease.instance()) == bad ? Outcome.IGNORED : Outcome.SUCCESS);
            }
            assertThat(rig.counts(2, 1000)[bad]).isLessThan(80);
            hangs.close();
        }
    }

    @Test
    void shares_unmeasuredInstance_isTheMean() {
        try (Rig rig = new Rig(Strategies.weightedByResponseTime(), 1).set(1, 1)) {
            shares(rig, 2, 2000, i -> Duration.ofMillis(i == 0 ? 10 : 30), i -> Outcome.SUCCESS);
            rig.set(1, 1, 1);
            long[] counts = rig.counts(3, 3000);
            assertThat(counts[0] / 3000.0).isEqualTo(1.5 / 3, within(0.01));
            assertThat(counts[1] / 3000.0).isEqualTo(0.5 / 3, within(0.01));
            assertThat(counts[2] / 3000.0).isEqualTo(1.0 / 3, within(0.01));
        }
    }

    @Test
    void weights_withinAPeriod_stay() {
        try (Rig rig = new Rig(Strategies.weightedByResponseTime(Duration.ofSeconds(5)), 1).set(1, 1)) {
            shares(rig, 2, 100, i -> Duration.ofMillis(i == 0 ? 10 : 30), i -> Outcome.SUCCESS);
            assertThat(rig.counts(2, 100)).containsExactly(50, 50);
            shares(rig, 2, 300, i -> Duration.ofMillis(i == 0 ? 10 : 30), i -> Outcome.SUCCESS);
            assertThat(rig.counts(2, 100)[0]).isGreaterThan(70);
        }
    }

    @Test
    void tracker_samples_areAveragedByTime() {
        UpdateClock clock = new UpdateClock(1000 * MS, 0);
        MeanResponseTime tracker = new MeanResponseTime(ResponseTime.decay(Duration.ofSeconds(10)), clock);
        assertThat(tracker.speed(0)).isZero();
        tracker.onEnd(Outcome.SERVER_ERROR, 0, 5 * MS);
        assertThat(tracker.speed(0)).isZero();
        tracker.onEnd(Outcome.SUCCESS, 0, 100 * MS);
        assertThat(1 / tracker.speed(100 * MS)).isEqualTo(1e8, within(10.0));
        // Ten seconds later: 1/e of the old, the rest of the new.
        tracker.onEnd(Outcome.SUCCESS, 10_050 * MS, 10_100 * MS);
        assertThat(1 / tracker.speed(10_100 * MS)).isCloseTo(5e7 + 5e7 * Math.exp(-1), Percentage.withPercentage(0.1));
        tracker.onEnd(Outcome.TIMEOUT, 10_100 * MS, 20_100 * MS);
        assertThat(1 / tracker.speed(20_100 * MS)).isGreaterThan(6e9);
        assertThat(clock.period()).isEqualTo(2);
    }

    @Test
    void shares_slowCallsOvertaken_shrinkAllTheSame() {
        try (Rig rig = new Rig(Strategies.weightedByResponseTime(), 1).set(1, 1)) {
            double[] shares = shares(
                    rig,
                    2,
                    6000,
                    i -> Duration.ofMillis(i == 0 ? 10 : 30),
                    i -> i == 0 ? Outcome.SUCCESS : Outcome.OVERTAKEN);
            assertThat(shares[1]).isEqualTo(0.25, within(0.01));
        }
    }
}
