package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.balancer.Lease;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class WeightedByLoadTest {
    private static final int PICKS = 100_000;

    /** One call to each instance that has a report; they end at once, so that nothing ages. */
    private static void report(Rig rig, LoadReport... reports) {
        Lease[] held = new Lease[reports.length];
        int missing = reports.length;
        while (missing > 0) {
            Lease lease = rig.balancer.acquire(PickRequest.plain());
            int index = Rig.index(lease.instance());
            if (held[index] == null) {
                held[index] = lease;
                missing--;
            } else {
                lease.close(Outcome.IGNORED);
            }
        }
        rig.time.advance(Duration.ofMillis(10));
        for (int i = 0; i < held.length; i++) {
            if (reports[i] != null) {
                held[i].report(reports[i]);
                held[i].close(Outcome.SUCCESS);
            } else {
                held[i].close(Outcome.IGNORED);
            }
        }
    }

    private static LoadReport inFlight(double value) {
        return LoadReport.builder().inFlight(value).build();
    }

    private static LoadReport latency(double millis) {
        return LoadReport.builder().latencyNanos(millis * 1e6).build();
    }

    private static void assertShares(Rig rig, double... shares) {
        rig.counts(shares.length, 1000);
        long[] counts = rig.counts(shares.length, PICKS);
        double total = Arrays.stream(shares).sum();
        for (int i = 0; i < shares.length; i++) {
            assertThat((double) counts[i] / PICKS).as("share of " + i).isEqualTo(shares[i] / total, within(0.002));
        }
    }

    @Test
    void blended_allReport_isWeightByLoad() {
        try (Rig rig = new Rig(Strategies.weightedByLoad(LoadMeasure.blended()), 1).set(1, 2, 1)) {
            // None of them this client's own, which have ended.
            report(rig, inFlight(0), inFlight(3), inFlight(9));
            assertShares(rig, 1, 2 / 4.0, 1 / 10.0);
        }
    }

    @Test
    void blended_someReport_theOthersAreTheMean() {
        try (Rig rig = new Rig(Strategies.weightedByLoad(LoadMeasure.blended()), 1).set(1, 1, 1)) {
            report(rig, inFlight(1), inFlight(5), null);
            assertShares(rig, 1 / 2.0, 1 / 6.0, 1 / 4.0);
        }
    }

    @Test
    void blended_noneReports_isOwnCalls() {
        try (Rig rig = new Rig(Strategies.weightedByLoad(LoadMeasure.blended()), 1).set(1, 2, 3)) {
            assertThat(rig.counts(3, 600)).containsExactly(100, 200, 300);
            Lease held = rig.balancer.acquire(PickRequest.plain());
            double[] shares = {1, 2, 3};
            shares[Rig.index(held.instance())] /= 2;
            assertShares(rig, shares);
            held.close();
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.5, 1, 2})
    void reported_bias_isThePowerOfLoad(double bias) {
        try (Rig rig = new Rig(Strategies.weightedByLoad(LoadMeasure.reported(), bias), 1).set(1, 1, 1)) {
            report(rig, inFlight(0), inFlight(1), inFlight(3));
            assertShares(rig, 1, Math.pow(2, -bias), Math.pow(4, -bias));
        }
    }

    @Test
    void reportedLatency_isResponseTimesCounterpart() {
        try (Rig rig = new Rig(Strategies.weightedByLoad(LoadMeasure.reportedLatency()), 1).set(1, 1, 1)) {
            report(rig, latency(10), latency(20), latency(40));
            assertShares(rig, 4, 2, 1);
        }
    }

    @Test
    void responseTime_newcomer_getsACallWhenItComesUpAndNoMoreUntilItAnswers() {
        try (Rig rig = new Rig(Strategies.weightedByLoad(LoadMeasure.responseTime()), 1).set(1, 1)) {
            report(rig, inFlight(0), inFlight(0));
            rig.set(1, 1, 1);
            Lease first = null;
            for (int i = 0; i < 1000; i++) {
                Lease lease = rig.balancer.acquire(PickRequest.plain());
                if (Rig.index(lease.instance()) == 2) {
                    assertThat(first).as("one at a time").isNull();
                    assertThat(i).isLessThan(3);
                    first = lease;
                } else {
                    lease.close(Outcome.IGNORED);
                }
            }
            assertThat(first).isNotNull();
            rig.time.advance(Duration.ofMillis(10));
            first.close(Outcome.SUCCESS);
            assertShares(rig, 1, 1, 1);
        }
    }

    @Test
    void largestLoadsAndBiases_everybodyIsTakenStill() {
        LoadMeasure huge = (set, index) -> now -> index == 0 ? Double.MAX_VALUE : 1e200;
        try (Rig rig = new Rig(Strategies.weightedByLoad(huge, 100), 1).set(1, 1)) {
            assertThat(rig.counts(2, 1000)).doesNotContain(0);
        }
    }

    @Test
    void badArguments_areRefusedByName() {
        assertThatThrownBy(() -> Strategies.weightedByLoad(LoadMeasure.blended(), -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("bias: -1.0 (expected: 0 to 100)");
        assertThatThrownBy(() -> Strategies.weightedByLoad(null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("measure");
    }
}
