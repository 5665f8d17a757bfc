package io.lb4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.Candidate;
import io.lb4j.Strategy;
import io.lb4j.simulator.Report;
import io.lb4j.simulator.Result;
import io.lb4j.simulator.Scenario;
import io.lb4j.simulator.ServerSpec;
import io.lb4j.simulator.ServiceTime;
import io.lb4j.simulator.Simulation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * To copy from: a strategy of your own on a fleet like yours, in virtual time, must not be worse than the default. The same seed gives the
 * same figures on every machine, so that bounds needn't be generous.
 */
final class CompareStrategiesTest {
    /** The one with the fewest calls in flight of three that are drawn. */
    private static final Strategy LEAST_OF_THREE = eligible -> request -> {
        Candidate best = eligible.get(eligible.random().nextInt(eligible.size()));
        for (int i = 1; i < 3; i++) {
            Candidate other = eligible.get(eligible.random().nextInt(eligible.size()));
            best = other.inFlight() < best.inFlight() ? other : best;
        }
        return best;
    };

    private static final List<Scenario> FLEETS = List.of(
            fleet("all is well").build(),
            fleet("a server dies and comes back")
                    .at(Duration.ofSeconds(6), servers -> servers.crash("s-1"))
                    .at(Duration.ofSeconds(12), servers -> servers.restart("s-1"))
                    .build());

    private static Scenario.Builder fleet(String name) {
        return Scenario.named(name)
                .clients(4)
                .servers(12, "s", ServerSpec.firstCome(4))
                .serviceTime(ServiceTime.logNormal(Duration.ofMillis(8), 1))
                .utilization(0.7)
                .lasts(Duration.ofSeconds(20), Duration.ofSeconds(2));
    }

    @Test
    void mine_inEachScenario_isNotMuchWorseThanTheDefault(@TempDir Path directory) throws Exception {
        Path pictures = directory.resolve("report.html");

        Report report = Simulation.compare(LEAST_OF_THREE).with(FLEETS).report(pictures);

        for (Scenario scenario : FLEETS) {
            Result mine = report.of(scenario.name(), "mine");
            Result usual = report.of(scenario.name(), "default");
            assertThat(mine.success()).as(scenario.name()).isGreaterThanOrEqualTo(usual.success() - 0.001);
            assertThat(seconds(mine.p99())).as(scenario.name()).isLessThan(1.2 * seconds(usual.p99()));
        }
        assertThat(Files.readString(pictures)).contains("League over 2 scenarios");
    }

    private static double seconds(Duration time) {
        return time.toNanos() / 1e9;
    }
}
