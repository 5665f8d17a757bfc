package io.lb4j.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** That it is measured, not how fast it is: that depends on the machine. */
class SpeedTest {
    private static final Scenario REGULAR = Scenario.named("regular")
            .server("a", ServerSpec.firstCome(1))
            .serviceTime(ServiceTime.constant(Duration.ofMillis(1)))
            .load(Load.regular(500))
            .lasts(Duration.ofSeconds(2), Duration.ofSeconds(1))
            .build();

    @Test
    void table_countsEveryCall_thoseOfTheWarmUpToo() {
        String table = Speed.table(REGULAR, List.of(Algorithm.byDefault(), Algorithm.shortestQueue()), 2);

        assertThat(table.lines().toList())
                .hasSize(4)
                .element(0)
                .isEqualTo("| regular | calls | processor s | calls / s of a processor |");
        assertThat(table).containsPattern("\\| default \\| 1000 \\| \\d+\\.\\d{3} \\| \\d+ \\|\n");
        assertThat(table).containsPattern("\\| shortest queue \\| 1000 \\| ");
    }

    @Test
    void report_knowsHowManyCallsWereSimulated_inAllRuns() {
        Report report = Simulation.of(Algorithm.byDefault(), Algorithm.shortestQueue())
                .with(List.of(REGULAR))
                .run();

        assertThat(report.simulated()).isEqualTo(2000);
        assertThat(Speed.told(report.simulated(), 4_000_000))
                .isEqualTo("2000 calls in 0.0 s of processor time: 500000 a second");
    }
}
