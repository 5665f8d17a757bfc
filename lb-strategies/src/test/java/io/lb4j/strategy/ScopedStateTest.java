package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.Strategy;
import io.lb4j.balancer.Lease;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;

/** Strategies in a scope after they were used outside of it: what is known of instances is shared, the rest is not. */
final class ScopedStateTest {
    private static final int CALLS = 4000;

    private static Eligible scoped(Eligible set) {
        List<Candidate> all = new ArrayList<>();
        double[] weights = new double[set.size()];
        for (int i = 0; i < weights.length; i++) {
            all.add(set.get(i));
            weights[i] = set.weight(i);
        }
        return set.select("part", all, weights);
    }

    private static Strategy inAScope(Strategy strategy) {
        return set -> {
            strategy.newPicker(set);
            return strategy.newPicker(scoped(set));
        };
    }

    /** The first instance's share of the second half of the calls. */
    private static double shareOfTheFirst(Rig rig, IntFunction<Duration> time, IntFunction<LoadReport> report) {
        double share = 0;
        for (int i = 0; i < CALLS; i++) {
            Lease lease = rig.balancer.acquire(PickRequest.plain());
            int index = Rig.index(lease.instance());
            rig.time.advance(time.apply(index));
            lease.report(report.apply(index));
            lease.close(Outcome.SUCCESS);
            share += i >= CALLS / 2 && index == 0 ? 2.0 / CALLS : 0;
        }
        return share;
    }

    @Test
    void weightedByResponseTime_inAScope_followsIt() {
        try (Rig rig = new Rig(inAScope(Strategies.weightedByResponseTime()), 1).set(1, 1)) {
            LoadReport none = LoadReport.builder().build();
            assertThat(shareOfTheFirst(rig, i -> Duration.ofMillis(i == 0 ? 10 : 30), i -> none))
                    .isEqualTo(0.75, within(0.01));
        }
    }

    @Test
    void weightedByUtilization_inAScope_followsIt() {
        try (Rig rig = new Rig(inAScope(Strategies.weightedByUtilization()), 1).set(1, 1)) {
            LoadReport[] reports = {
                LoadReport.builder().rpsFractional(10).cpuUtilization(0.2).build(),
                LoadReport.builder().rpsFractional(10).cpuUtilization(0.6).build()
            };
            assertThat(shareOfTheFirst(rig, i -> Duration.ofMillis(10), i -> reports[i]))
                    .isEqualTo(0.75, within(0.01));
        }
    }

    @Test
    void blended_newcomerInAScope_isTakenForTheMeanOfTheOthers() {
        try (Rig rig = new Rig(Strategies.powerOfTwoChoices(LoadMeasure.blended()), 1).set(1, 1)) {
            LoadReport busy = LoadReport.builder().inFlight(10).build();
            shareOfTheFirst(rig, i -> Duration.ofMillis(10), i -> busy);
            Eligible before = scoped(rig.eligible);
            LoadMeasure.blended().gauge(before, 0);
            try (Rig other = new Rig(Strategies.roundRobin(), 1).set(1)) {
                Candidate newcomer = other.eligible.get(0);
                Eligible grown = before.select(List.of(before.get(0), before.get(1), newcomer), new double[] {1, 1, 1});
                assertThat(LoadMeasure.blended().gauge(grown, 2).load(rig.time.nanos()))
                        .isEqualTo(11, within(0.1));
            }
        }
    }
}
