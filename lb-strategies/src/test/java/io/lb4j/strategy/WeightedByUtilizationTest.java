package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.balancer.Lease;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The vectors of gRPC's WeightedRoundRobinLoadBalancerTest and of its proposals A58 and A114, and their neighbours. */
final class WeightedByUtilizationTest {
    private static final int PICKS = 3600;

    private static LoadReport report(double cpu, double calls) {
        return LoadReport.builder().cpuUtilization(cpu).rpsFractional(calls).build();
    }

    /** A round of calls in which each instance says this of itself, or nothing if null; every call ticks the clock. */
    private static void round(Rig rig, LoadReport... reports) {
        boolean[] told = new boolean[reports.length];
        for (int left = reports.length; left > 0; ) {
            Lease lease = rig.balancer.acquire(PickRequest.plain());
            int index = Rig.index(lease.instance());
            if (!told[index]) {
                told[index] = true;
                left--;
                if (reports[index] != null) {
                    lease.report(reports[index]);
                }
            }
            lease.close(Outcome.SUCCESS);
        }
    }

    private static void assertShares(Rig rig, double... shares) {
        long[] counts = rig.counts(shares.length, PICKS);
        for (int i = 0; i < shares.length; i++) {
            assertThat(counts[i]).isCloseTo(Math.round(shares[i] * PICKS), within(2L));
        }
    }

    @Test
    void shares_blackoutThenWeightsThenExpiry_areThoseOfGrpc() {
        try (Rig rig = new Rig(Strategies.weightedByUtilization(), 1).set(1, 1, 1)) {
            rig.time.advance(Duration.ofSeconds(5));
            round(rig, report(0.1, 1), report(0.2, 1), null);
            rig.time.advance(Duration.ofMillis(9_999));
            round(rig, report(0.1, 1), report(0.2, 1), null);
            assertShares(rig, 1 / 3.0, 1 / 3.0, 1 / 3.0);
            rig.time.advance(Duration.ofSeconds(1));
            round(rig, report(0.1, 1), report(0.2, 1), null);
            // 10 and 5, and their mean for the one that says nothing.
            assertShares(rig, 4 / 9.0, 2 / 9.0, 3 / 9.0);
            rig.time.advance(Duration.ofSeconds(179));
            round(rig, null, null, null);
            assertShares(rig, 4 / 9.0, 2 / 9.0, 3 / 9.0);
            rig.time.advance(Duration.ofSeconds(1));
            round(rig, null, null, null);
            assertShares(rig, 1 / 3.0, 1 / 3.0, 1 / 3.0);
            // What expired begins a blackout anew.
            rig.time.advance(Duration.ofSeconds(1));
            round(rig, report(0.1, 1), report(0.2, 1), null);
            rig.time.advance(Duration.ofSeconds(9));
            round(rig, report(0.1, 1), report(0.2, 1), null);
            assertShares(rig, 1 / 3.0, 1 / 3.0, 1 / 3.0);
            rig.time.advance(Duration.ofSeconds(1));
            round(rig, report(0.1, 1), report(0.2, 1), null);
            assertShares(rig, 4 / 9.0, 2 / 9.0, 3 / 9.0);
        }
    }

    @ParameterizedTest
    @CsvSource({
        // cpu, application, calls, errors, penalty, weight
        "0.1, 0, 1, 0, 1, 10",
        "0.2, 0, 1, 0, 1, 5",
        "0.1, 0.4, 100, 0, 1, 250",
        "0.9, 0, 22, 7, 1, 18.060",
        "0.5, 0, 10, 5, 1, 10",
        "0.5, 0, 10, 5, 2, 6.667",
        "0.5, 0, 10, 5, 0, 20",
        "1.5, 0, 30, 0, 1, 20",
        "0, 0, 10, 5, 1, 0",
        "0.5, 0, 0, 5, 1, 0"
    })
    void speed_ofAReport_isCallsForUtilisationAndErrors(
            double cpu, double application, double calls, double errors, double penalty, double weight) {
        ReportedUtilization pace = pace(UtilizationWeights.builder().errorPenalty(penalty));
        pace.onLoadReport(
                LoadReport.builder()
                        .cpuUtilization(cpu)
                        .applicationUtilization(application)
                        .rpsFractional(calls)
                        .eps(errors)
                        .build(),
                7);
        assertThat(pace.speed(7)).isEqualTo(weight, within(0.001));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                // names; report; utilisation
                "named_metrics.foo; named_metrics.foo=0.5,application_utilization=0.9; 0.5",
                "named_metrics.foo.bar; named_metrics.foo.bar=0.4,cpu_utilization=0.9; 0.4",
                "named_metrics.foo named_metrics.bar; named_metrics.foo=0.3,named_metrics.bar=0.6; 0.6",
                "named_metrics.foo named_metrics.bar; named_metrics.foo=-1,named_metrics.bar=0.6; 0.6",
                "named_metrics.foo; named_metrics.foo=0,application_utilization=0.8,cpu_utilization=0.9; 0.8",
                "named_metrics.foo; named_metrics.foo=-2,cpu_utilization=0.9; 0.9",
                "named_metrics.other; named_metrics.foo=0.3,cpu_utilization=0.7; 0.7",
                "utilization.disk mem_utilization; utilization.disk=0.2,mem_utilization=0.25; 0.25",
                "request_cost.x; request_cost.x=2; 2"
            })
    void utilisation_withCustomMetrics_isTheirLargest(String names, String report, double utilization) {
        ReportedUtilization pace = pace(UtilizationWeights.builder().metrics(names.split(" ")));
        pace.onLoadReport(LoadReport.parseText(report + ",rps_fractional=1"), 0);
        assertThat(pace.speed(0)).isEqualTo(1 / utilization, within(1e-9));
    }

    private static ReportedUtilization pace(UtilizationWeights.Builder settings) {
        return new ReportedUtilization(settings.blackout(Duration.ZERO).build(), new UpdateClock(1, 0));
    }

    @Test
    void shares_ownWeights_multiply() {
        UtilizationWeights soon =
                UtilizationWeights.builder().blackout(Duration.ZERO).build();
        try (Rig rig = new Rig(Strategies.weightedByUtilization(soon), 1).set(1, 3)) {
            rig.time.advance(Duration.ofSeconds(2));
            round(rig, report(0.1, 1), report(0.2, 1));
            rig.time.advance(Duration.ofSeconds(1));
            round(rig, report(0.1, 1), report(0.2, 1));
            assertShares(rig, 2 / 5.0, 3 / 5.0);
        }
    }

    @Test
    void settings_allOfThem_surviveABuilder() {
        UtilizationWeights settings = UtilizationWeights.builder()
                .blackout(Duration.ofSeconds(1))
                .expiration(Duration.ofSeconds(2))
                .updatePeriod(Duration.ofMillis(1))
                .errorPenalty(4)
                .metrics("named_metrics.queue")
                .build();
        assertThat(settings.updatePeriod()).isEqualTo(Duration.ofMillis(100));
        assertThat(settings.toBuilder().build()).usingRecursiveComparison().isEqualTo(settings);
        assertThat(settings)
                .hasToString(
                        "blackout PT1S, expiration PT2S, updated every PT0.1S, error penalty 4.0, by [named_metrics.queue]");
    }
}
