package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.LoadProbe;
import io.lb4j.Strategy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** 100 clients and 100 servers at 90 % of their capacity: the table in docs/strategies.md, and what it must not exceed. */
@Timeout(120)
final class ManyClientsTest {
    private static final int CALLS = 100_000;

    /** Another order of random draws moves the figures by less. */
    private static final Percentage REPEATS = Percentage.withPercentage(8);

    private record Row(String name, double reporting, double limit, Function<LoadProbe, Strategy> strategy) {
        @Override
        public String toString() {
            return name;
        }
    }

    static List<Row> rows() {
        return List.of(
                new Row("`roundRobin()`", 1, 7.5, probe -> Strategies.roundRobin()),
                new Row("`powerOfTwoChoices()`", 1, 7.3, probe -> Strategies.powerOfTwoChoices()),
                new Row(
                        "`powerOfTwoChoices(blended())`",
                        1,
                        6.2,
                        probe -> Strategies.powerOfTwoChoices(LoadMeasure.blended())),
                new Row("`leastRequest(blended())`", 1, 2.9, probe -> Strategies.leastRequest(LoadMeasure.blended())),
                new Row(
                        "`leastRequest(blended())`, half of the servers report",
                        0.5,
                        3.6,
                        probe -> Strategies.leastRequest(LoadMeasure.blended())),
                new Row(
                        "`leastRequest(blended())`, none reports",
                        0,
                        7.3,
                        probe -> Strategies.leastRequest(LoadMeasure.blended())),
                new Row("`prequal()`", 1, 4.5, probe -> Strategies.prequal()),
                new Row("`prequal()`, half of the servers report", 0.5, 5, probe -> Strategies.prequal()),
                new Row("`prequal()`, none reports", 0, 5.5, probe -> Strategies.prequal()),
                new Row("`prequal(probe)`", 1, 3.8, Strategies::prequal),
                new Row(
                        "`prequal(probe)`, `hotQuantile(0)`",
                        1,
                        3.1,
                        probe -> Strategies.prequal(
                                probe, Prequal.builder().hotQuantile(0).build())),
                new Row("`prequal(probe)`, half of the servers answer", 0.5, 7.6, Strategies::prequal),
                new Row("`prequal(probe)`, none answers", 0, 7.6, Strategies::prequal));
    }

    @ParameterizedTest
    @MethodSource("rows")
    void meanTime_ofEachStrategy_isWithinItsLimitAndAsDocumented(Row row) throws IOException {
        double mean = new ManyClients(100, 100, 0.9, row.reporting, 1, row.strategy).run(CALLS);
        System.out.printf("| %s | %.2f |%n", row.name, mean);
        assertThat(mean).isLessThan(row.limit);
        assertThat(documented(row.name)).isCloseTo(mean, REPEATS);
    }

    private static double documented(String name) throws IOException {
        String document = Files.readString(Path.of("..", "docs", "strategies.md"));
        Matcher row = Pattern.compile(Pattern.quote("| " + name + " | ") + "([0-9.]+) \\|")
                .matcher(document);
        assertThat(row.find()).as("a row of %s", name).isTrue();
        return Double.parseDouble(row.group(1));
    }
}
