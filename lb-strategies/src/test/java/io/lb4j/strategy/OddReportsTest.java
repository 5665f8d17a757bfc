package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.lb4j.Candidate;
import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.balancer.Lease;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Reports at the edge of what can be said, and settings at the edge of what can be set. */
final class OddReportsTest {

    @Test
    void report_ofADrainingInstance_spoilsNobodysMean() {
        try (Rig rig = new Rig(Strategies.leastRequestRoundRobin(LoadMeasure.blended()), 1).set(1, 1)) {
            List<Lease> leases = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                leases.add(rig.balancer.acquire(PickRequest.plain()));
            }
            rig.set(1, 0);
            LoadReport report = LoadReport.builder().inFlight(5).build();
            for (int round = 0; round < 3; round++) {
                leases.forEach(lease -> lease.report(report));
            }
            rig.time.advance(Duration.ofHours(1));
            leases.forEach(lease -> lease.close(Outcome.SUCCESS));
            assertThat(LoadMeasure.blended().gauge(rig.eligible, 0).load(rig.time.nanos()))
                    .isEqualTo(6, within(1e-9));
            assertThat(LoadMeasure.reported().gauge(rig.eligible, 0).load(rig.time.nanos()))
                    .isEqualTo(6, within(1e-9));
        }
    }

    @Test
    void utilization_whoseQuotientIsInfinite_saysNothing() {
        UtilizationWeights settings =
                UtilizationWeights.builder().blackout(Duration.ZERO).build();
        try (Rig rig = new Rig(Strategies.weightedByUtilization(settings), 1).set(1, 1)) {
            LoadReport odd = LoadReport.builder()
                    .rpsFractional(1e300)
                    .cpuUtilization(1e-300)
                    .build();
            LoadReport plain =
                    LoadReport.builder().rpsFractional(10).cpuUtilization(0.5).build();
            for (int i = 0; i < 100; i++) {
                Lease lease = rig.balancer.acquire(PickRequest.plain());
                rig.time.advance(Duration.ofMillis(100));
                lease.report(Rig.index(lease.instance()) == 0 ? odd : plain);
                lease.close(Outcome.SUCCESS);
            }
            assertThat(rig.counts(2, 100)).containsExactly(50, 50);
        }
    }

    @Test
    void prequal_hugeSurplus_usesAnswersAsOftenAsItLikes() {
        Prequal settings = Prequal.builder()
                .poolSize(2)
                .surplus(1e12)
                .removalsPerCall(0)
                .hotQuantile(1)
                .build();
        try (Rig rig = new Rig(
                        Strategies.prequal(
                                (instance, timeout) -> CompletableFuture.completedFuture(LoadReport.builder()
                                        .inFlight(1)
                                        .latencyNanos(1e6 * (1 + Rig.index(instance)))
                                        .build()),
                                settings),
                        1)
                .set(Rig.equal(4))) {
            long[] counts = new long[4];
            for (int i = 0; i < 2000; i++) {
                counts[rig.pick()]++;
                rig.time.runDue();
            }
            // One of two is never the slowest of four, but for picks before there are two answers.
            assertThat(counts[3]).isLessThan(20);
        }
    }

    @Test
    void pool_instancesThatWereTaken_holdNoOthers() {
        try (Rig rig = new Rig(Strategies.roundRobin(), 1).set(1, 1)) {
            LoadPool pool = new LoadPool(Prequal.DEFAULT, null, rig.eligible);
            List<PooledInstance> all = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                Candidate candidate = rig.eligible.get(i);
                all.add(new PooledInstance(candidate, TimeLoad.times(candidate), pool, true));
            }
            all.forEach(pool::tell);
            assertThat(all.get(1).behind).isSameAs(all.get(0));
            rig.time.runDue();
            assertThat(all).allMatch(each -> each.behind == null);
        }
    }

    @Test
    void turns_ofOneWhoseWeightHasGrown_comeAsOftenAsOthers() {
        for (LoadMeasure measure : List.of(LoadMeasure.inFlight(), LoadMeasure.blended())) {
            try (Rig rig = new Rig(Strategies.leastRequestRoundRobin(measure), 1).set(1000, 1)) {
                rig.picks(10);
                rig.set(1, 1);
                rig.picks(2);
                assertThat(rig.counts(2, 100)).containsExactly(50, 50);
            }
        }
    }
}
