package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.Strategy;
import io.lb4j.balancer.Lease;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class LoadMeasureTest {
    private static final Duration CALL = Duration.ofMillis(100);

    /** One call to this instance, which takes some time and comes back with this report. */
    private static void call(Rig rig, int index, Duration takes, LoadReport report) {
        Lease lease = leaseOf(rig, index);
        rig.time.advance(takes);
        lease.report(report);
        lease.close(Outcome.SUCCESS);
    }

    private static Lease leaseOf(Rig rig, int index) {
        for (int i = 0; i < 10_000; i++) {
            Lease lease = rig.balancer.acquire(PickRequest.plain());
            if (Rig.index(lease.instance()) == index) {
                return lease;
            }
            lease.close();
        }
        throw new AssertionError("no call goes to " + index);
    }

    private static LoadReport inFlight(double value) {
        return LoadReport.builder().inFlight(value).build();
    }

    /** Instances picked at random, with gauges beside. */
    private static Rig rig(LoadMeasure measure, double... weights) {
        Rig rig = new Rig(
                set -> {
                    for (int i = 0; i < set.size(); i++) {
                        measure.gauge(set, i);
                    }
                    return Strategies.random().newPicker(set);
                },
                1);
        return rig.set(weights);
    }

    private static double load(Rig rig, LoadMeasure measure, int index) {
        return measure.gauge(rig.eligible, index).load(rig.time.nanos());
    }

    @Test
    void blended_nobodyReports_isOwnCalls() {
        try (Rig rig = rig(LoadMeasure.blended(), 1, 1)) {
            assertThat(load(rig, LoadMeasure.blended(), 0)).isEqualTo(1);
            Lease held = leaseOf(rig, 0);
            call(rig, 1, CALL, LoadReport.builder().cpuUtilization(0.5).build());
            assertThat(load(rig, LoadMeasure.blended(), 0)).isEqualTo(2);
            assertThat(load(rig, LoadMeasure.blended(), 1)).isEqualTo(1);
            held.close();
        }
    }

    @Test
    void blended_report_isOthersPlusOwnAtThisMoment() {
        try (Rig rig = rig(LoadMeasure.blended(), 1)) {
            LoadMeasure.Gauge gauge = LoadMeasure.blended().gauge(rig.eligible, 0);
            assertThat(gauge.idle()).isTrue();
            Lease own = leaseOf(rig, 0);
            // Six beside the call that reports, of which one is ours.
            call(rig, 0, CALL, inFlight(6));
            assertThat(gauge.load(rig.time.nanos())).isEqualTo(5 + 1 + 1);
            assertThat(gauge.idle()).isFalse();
            own.close();
            assertThat(gauge.load(rig.time.nanos())).isEqualTo(5 + 1);
            call(rig, 0, CALL, inFlight(0));
            assertThat(gauge.idle()).isTrue();
        }
    }

    @Test
    void blended_reportGrowsOld_driftsToTheMeanAtThePaceOfCalls() {
        try (Rig rig = rig(LoadMeasure.blended(), 1, 1)) {
            call(rig, 1, CALL, inFlight(0));
            call(rig, 0, CALL, inFlight(8));
            assertThat(load(rig, LoadMeasure.blended(), 0)).isEqualTo(9);
            // The mean is 4: half a unit above it after 5 mean times at most, exactly it afterwards.
            rig.time.advance(CALL);
            assertThat(load(rig, LoadMeasure.blended(), 0)).isEqualTo(1 + 4 + 4 / 2.5, within(1e-9));
            rig.time.advance(CALL.multipliedBy(2));
            assertThat(load(rig, LoadMeasure.blended(), 0)).isEqualTo(1 + 4 + 4 / 8.5, within(1e-9));
            rig.time.advance(CALL.multipliedBy(2));
            assertThat(load(rig, LoadMeasure.blended(), 0)).isEqualTo(5);
            assertThat(load(rig, LoadMeasure.blended(), 1)).isEqualTo(5);
        }
    }

    @Test
    void blended_instanceNotHeardOf_isTheMeanForItsWeight() {
        try (Rig rig = rig(LoadMeasure.blended(), 1, 2, 3)) {
            call(rig, 0, CALL, inFlight(2));
            call(rig, 1, CALL, inFlight(8));
            // Two per weight and four per weight.
            assertThat(load(rig, LoadMeasure.blended(), 2)).isEqualTo(1 + 3 * 3);
        }
    }

    @Test
    void blended_instanceThatDoesNotReport_isJudgedByItsResponseTime() {
        try (Rig rig = rig(LoadMeasure.blended(), 1, 1)) {
            for (int i = 0; i < 100; i++) {
                call(rig, 0, CALL, inFlight(3));
            }
            call(rig, 1, CALL.multipliedBy(4), LoadReport.builder().build());
            // Four times as long as where there were three others.
            assertThat(load(rig, LoadMeasure.blended(), 1)).isEqualTo(1 + 4 * 3 - 1, within(1.01));
            call(rig, 1, Duration.ofMillis(1), LoadReport.builder().build());
            assertThat(load(rig, LoadMeasure.blended(), 1)).isBetween(1.0, 1.1);
        }
    }

    @Test
    void reported_ownCallsSince_doNotCount() {
        try (Rig rig = rig(LoadMeasure.reported(), 1, 1)) {
            call(rig, 0, CALL, inFlight(4));
            Lease held = leaseOf(rig, 0);
            assertThat(load(rig, LoadMeasure.reported(), 0)).isEqualTo(5);
            assertThat(load(rig, LoadMeasure.reported(), 1)).isEqualTo(5);
            call(rig, 1, Duration.ZERO, inFlight(0));
            assertThat(load(rig, LoadMeasure.reported(), 1)).isEqualTo(1);
            held.close();
        }
    }

    @Test
    void reportedLatency_ownCallsSince_multiply() {
        try (Rig rig = rig(LoadMeasure.reportedLatency(), 1, 1)) {
            call(rig, 0, CALL, LoadReport.builder().latencyNanos(2e6).build());
            assertThat(load(rig, LoadMeasure.reportedLatency(), 0)).isEqualTo(2e6);
            Lease held = leaseOf(rig, 0);
            assertThat(load(rig, LoadMeasure.reportedLatency(), 0)).isEqualTo(4e6);
            assertThat(load(rig, LoadMeasure.reportedLatency(), 1)).isEqualTo(2e6);
            held.close();
        }
    }

    static List<Function<LoadMeasure, Strategy>> strategies() {
        return List.of(
                Strategies::powerOfTwoChoices,
                Strategies::leastRequest,
                measure -> Strategies.leastRequest(2, measure),
                measure -> Strategies.leastRequest(3, measure),
                Strategies::leastRequestRoundRobin);
    }

    @ParameterizedTest
    @MethodSource("strategies")
    void pick_oneOfTwoReportsMore_isTheOther(Function<LoadMeasure, Strategy> strategy) {
        for (LoadMeasure measure : List.of(LoadMeasure.blended(), LoadMeasure.reported())) {
            try (Rig rig = new Rig(strategy.apply(measure), 1).set(Rig.equal(2))) {
                call(rig, 0, Duration.ZERO, inFlight(7));
                call(rig, 1, Duration.ZERO, inFlight(2));
                assertThat(rig.counts(2, 100)).containsExactly(0, 100);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("strategies")
    void pick_byOwnCalls_isTheLeastBusyForItsWeight(Function<LoadMeasure, Strategy> strategy) {
        try (Rig rig = new Rig(strategy.apply(LoadMeasure.inFlight()), 1).set(1, 4)) {
            List<Lease> held = List.of(leaseOf(rig, 0), leaseOf(rig, 1), leaseOf(rig, 1));
            // With the call to be made: 2/1 against 3/4.
            assertThat(rig.counts(2, 100)).containsExactly(0, 100);
            held.forEach(Lease::close);
        }
    }

    @Test
    void powerOfTwoChoices_idleNewcomerInSlowStart_getsTheShareOfItsWeight() {
        try (Rig rig = new Rig(Strategies.powerOfTwoChoices(LoadMeasure.blended()), 1).set(1, 0.01)) {
            call(rig, 0, Duration.ZERO, inFlight(2));
            call(rig, 1, Duration.ZERO, inFlight(0));
            // Drawn first one time in a hundred, and idle then.
            assertThat(rig.counts(2, 20_000)[1]).isBetween(100L, 400L);
        }
    }

    @Test
    void leastRequestRoundRobin_equallyBusy_takeTurns() {
        try (Rig rig = new Rig(Strategies.leastRequestRoundRobin(LoadMeasure.blended()), 1).set(1, 1, 2)) {
            assertThat(rig.counts(3, 400)).containsExactly(100, 100, 200);
            rig.set(1, 1, 2, 4);
            assertThat(rig.counts(4, 800)).containsExactly(100, 100, 200, 400);
        }
    }
}
