package io.lb4j.simulator.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.simulator.Algorithm;
import io.lb4j.simulator.Report;
import io.lb4j.simulator.Scenario;
import io.lb4j.simulator.ServerSpec;
import io.lb4j.simulator.Simulation;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Each algorithm against figures that follow from its description, and all of them at work. */
class PublishedTest {
    private static final long SECOND = 1_000_000_000;
    private static final long MS = 1_000_000;

    @Test
    void finaglePeakEwma_asDescribed() {
        FinaglePeakEwma score = new FinaglePeakEwma();
        assertThat(score.score(1, 0)).isEqualTo((1L << 47));

        score.onEnd(Outcome.SUCCESS, 0, 100 * MS);
        assertThat(score.score(2, 100 * MS)).isEqualTo(3e8);
        assertThat(score.score(0, 10_100 * MS)).isCloseTo(36_787_944, within(1.0));

        FinaglePeakEwma other = new FinaglePeakEwma();
        other.onEnd(Outcome.SUCCESS, 0, 100 * MS);
        other.onEnd(Outcome.SUCCESS, SECOND + 50 * MS, SECOND + 100 * MS);
        assertThat(other.score(0, SECOND + 100 * MS)).isCloseTo(95_241_871, within(1.0));
        other.onEnd(Outcome.SERVER_ERROR, SECOND, SECOND + 200 * MS);
        assertThat(other.score(0, SECOND + 200 * MS)).isEqualTo(2e8);
    }

    @Test
    void serviceTalk_asDescribed() {
        ServiceTalkEwma score = new ServiceTalkEwma();
        assertThat(score.score(0, 0)).isZero();
        assertThat(score.score(1, 0)).isEqualTo(Double.MAX_VALUE);

        score.onEnd(Outcome.SUCCESS, 0, 100 * MS);
        assertThat(score.score(0, 100 * MS + 5 * SECOND)).isEqualTo(71);
        assertThat(score.score(0, 100 * MS + 10 * SECOND)).isEqualTo(50);
        assertThat(score.score(2, 100 * MS)).isEqualTo(300);

        score.onEnd(Outcome.SUCCESS, SECOND + 50 * MS, SECOND + 100 * MS);
        assertThat(score.score(0, SECOND + 100 * MS)).isEqualTo(97);
        score.onEnd(Outcome.SERVER_ERROR, SECOND + 50 * MS, SECOND + 100 * MS);
        assertThat(score.score(0, SECOND + 100 * MS)).isEqualTo(970);

        score.onStart(2 * SECOND);
        assertThat(score.score(1, 4 * SECOND)).isEqualTo(4000);
    }

    @Test
    void dialogueBalanced_asDescribed() {
        DialogueBalanced score = new DialogueBalanced();
        score.onEnd(Outcome.SERVER_ERROR, 0, 0);
        assertThat(score.score(3, 0)).isEqualTo(13);
        assertThat(score.score(0, 30 * SECOND)).isEqualTo(5);
        score.onEnd(Outcome.overloaded(Duration.ZERO), 0, 30 * SECOND);
        assertThat(score.score(0, 30 * SECOND)).isEqualTo(5);
    }

    @Test
    void dubbo_countsTheWindowOnly() {
        DubboShortest score = new DubboShortest();
        assertThat(score.score(5, 0)).isZero();
        score.onEnd(Outcome.SUCCESS, 0, 10 * MS);
        score.onEnd(Outcome.SERVER_ERROR, 0, 900 * MS);
        assertThat(score.score(1, SECOND)).isEqualTo(20.0 * MS);
        assertThat(score.score(1, 31 * SECOND)).isZero();
    }

    @Test
    void c3_asDescribed() {
        C3 score = new C3(10);
        assertThat(score.score(0, 0)).isEqualTo(Double.NEGATIVE_INFINITY);
        score.onLoadReport(LoadReport.builder().inFlight(1).build(), 0);
        score.onEnd(Outcome.SUCCESS, 0, 19 * MS);
        // Queue 0.9, response 17.1 ms, service 0.9 * 19 / 1.9 = 9 ms; one in flight counts ten.
        assertThat(score.score(0, 0)).isCloseTo((17.1 - 9 + 1.9 * 1.9 * 1.9 * 9) * MS, within(1.0));
        assertThat(score.score(1, 0)).isCloseTo((17.1 - 9 + 11.9 * 11.9 * 11.9 * 9) * MS, within(1.0));
    }

    @Test
    void all_atWork_spreadTheLoadOrPin() {
        Scenario scenario = Scenario.named("at work")
                .clients(4)
                .servers(5, "s", ServerSpec.firstCome(20))
                .utilization(0.15)
                .network(Duration.ofNanos(100_000))
                .lasts(Duration.ofSeconds(40), Duration.ofSeconds(1))
                .at(Duration.ofSeconds(20), fleet -> fleet.crash("s-0"))
                .at(Duration.ofSeconds(30), fleet -> fleet.restart("s-0"))
                .build();
        List<Algorithm> all = Published.all();

        Report report = Simulation.of(all.toArray(new Algorithm[0]))
                .with(List.of(scenario))
                .run();

        for (Algorithm algorithm : all) {
            assertThat(report.of("at work", algorithm.name()).success())
                    .as(algorithm.name())
                    .isGreaterThan(0.9999);
            assertThat(report.of("at work", algorithm.name()).arrivals().values())
                    .as(algorithm.name())
                    .allMatch(calls -> calls > 0 || algorithm.name().contains("PIN"));
        }
    }
}
