package io.lb4j.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.simulator.Target.Subject;
import io.lb4j.strategy.Strategies;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What has been attained stays so. All of it takes minutes and is {@link Targets}'; here is what takes no time. */
class TargetsTest {
    private static final List<Target> ALL = TargetList.all();

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "busiest / mean | 10 servers of 100 cores, 80 %",
                "success | one call in a hundred fails, 50 %",
                "success | live reloading",
                "success with limits and a queue | one big spike",
                "answered within a second | Peak EWMA's bed, one of eleven takes two seconds",
                "p99.9 cut by hedges, times | the tail at scale",
                "success | fast 400s then revert",
                "mean | drastic slowdown",
                "the slow one's share | two servers, one half as fast, 70 %"
            })
    void default_attains(String what, String scenario) {
        Target target = ALL.stream()
                .filter(each -> each.what().equals(what) && each.scenario().equals(scenario))
                .findFirst()
                .orElseThrow();
        Bench bench = new Bench(7001, 7002, 7003);

        Target.Verdict verdict = target.judge(bench, new Subject("default", Strategies.defaultStrategy()));

        assertThat(verdict.met())
                .as(what + " in " + scenario + ": " + verdict.text() + ", needed " + target.limit(bench))
                .isTrue();
    }
}
