package io.lb4j.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.DoubleSummaryStatistics;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Dialogue's own results (its {@code report.md} of July 2021): success in percent and mean time in seconds for balanced with limits,
 * pinned, and balanced without limits. Its figures are of one draw each. Pinned clients draw their node, and ten clients
 * on two nodes are rarely five and five; so of them it must be among what twelve draws give, and of the others the mean.
 */
class DialogueTest {
    private static final int DRAWS = 12;

    @ParameterizedTest
    @CsvSource({
        "simplest possible case, 100, 0.7858, 100, 0.8345, 100, 0.7858",
        "slow 503s then revert, 100, 0.0888, 100, 0.1353, 100, 0.0888",
        "fast 400s then revert, 93.6, 0.1136, 82.2, 0.1022, 93.6, 0.1136",
        "drastic slowdown, 100, 0.2520, 100, 3.1207, 100, 0.2520",
        "black hole, 91.5, 0.6000, 59.2, 0.6009, 91.4, 0.6000",
        "live reloading, 92.9, 5.3515, 94.3, 7.1919, 86.9, 2.8021",
        "one big spike, 100, 1.5797, 100, 2.6676, 99.9, 1.2208"
    })
    void dialogue_asItSaysItself(
            String name, double balanced, double mean, double pinned, double pinnedMean, double free, double freeMean) {
        Scenario scenario = Scenarios.dialogue().stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow();

        about(scenario, Algorithm.dialogueBalanced(true), balanced, mean, 0.5);
        among(scenario, Algorithm.dialoguePinned(), pinned, pinnedMean);
        about(scenario, Algorithm.dialogueBalanced(false), free, freeMean, 1.5);
    }

    private record Drawn(DoubleSummaryStatistics success, DoubleSummaryStatistics mean) {}

    private static Drawn draw(Scenario scenario, Algorithm algorithm) {
        Drawn drawn = new Drawn(new DoubleSummaryStatistics(), new DoubleSummaryStatistics());
        for (int seed = 1; seed <= DRAWS; seed++) {
            Result result = Run.of(scenario, algorithm, seed);
            drawn.success.accept(100 * result.success());
            drawn.mean.accept(result.mean().toNanos() / 1e9);
        }
        return drawn;
    }

    private static void about(Scenario scenario, Algorithm algorithm, double success, double mean, double points) {
        Drawn drawn = draw(scenario, algorithm);
        assertThat(drawn.success.getAverage()).as(algorithm + ": success").isCloseTo(success, within(points));
        assertThat(drawn.mean.getAverage()).as(algorithm + ": mean").isCloseTo(mean, within(0.04 * mean));
    }

    private static void among(Scenario scenario, Algorithm algorithm, double success, double mean) {
        Drawn drawn = draw(scenario, algorithm);
        assertThat(success).isBetween(drawn.success.getMin() - 0.1, drawn.success.getMax() + 0.1);
        assertThat(mean).isBetween(0.99 * drawn.mean.getMin(), 1.01 * drawn.mean.getMax());
    }
}
