package io.lb4j.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The committed figures are what the code gives, to the last digit, so that every change of an algorithm shows as a diff. Here for
 * the scenarios that take least; {@code -Dsimulation=full} runs all.
 */
class CommittedResultsTest {
    private static final Path RESULTS = Path.of("..", "docs", "results");
    private static final List<String> QUICK = List.of(
            "a pause of two seconds, 60 %",
            "slow 503s then revert",
            "fast 400s then revert",
            "drastic slowdown",
            "black hole",
            "live reloading",
            "one big spike");
    private static final String AGAIN = "docs/results, which these renew: mvn -q -DskipTests package && "
            + "java -cp lb-jmh/target/benchmarks.jar io.lb4j.simulator.Simulate docs/results";

    private static boolean full() {
        return "full".equals(System.getProperty("simulation"));
    }

    private static List<Scenario> scenarios() {
        return Scenarios.all().stream()
                .filter(scenario -> full() || QUICK.contains(scenario.name()))
                .toList();
    }

    @Timeout(480)
    @Test
    void figures_areThoseOfTheCode() throws IOException {
        JsonNode committed =
                new ObjectMapper().readTree(RESULTS.resolve("simulation.json").toFile());

        Report report = Simulate.suite().with(scenarios()).run();

        JsonNode now = new ObjectMapper().readTree(report.json());
        for (JsonNode scenario : now.get("scenarios")) {
            assertThat(named(committed, scenario.get("name").asText()).toPrettyString())
                    .as(AGAIN)
                    .isEqualTo(scenario.toPrettyString());
        }
        String committedTables = Files.readString(RESULTS.resolve("simulation.md"));
        String tables = Simulate.page(report);
        assertThat(beforeTheFirstRow(committedTables)).as(AGAIN).isEqualTo(beforeTheFirstRow(tables));
        for (Scenario scenario : scenarios()) {
            String table = table(tables, scenario.name());
            assertThat(table(committedTables, scenario.name())).as(AGAIN).isEqualTo(table);
        }
        if (full()) {
            assertThat(committedTables).as(AGAIN).isEqualTo(tables);
        }
    }

    /** What is said of the league, whatever its rows. */
    private static String beforeTheFirstRow(String tables) {
        String underTheHeadings = "|\n|---|";
        assertThat(tables).contains(underTheHeadings);
        return tables.substring(0, tables.indexOf(underTheHeadings));
    }

    private static String table(String tables, String scenario) {
        String heading = "### " + scenario + "\n";
        int from = tables.indexOf(heading);
        assertThat(from).as(scenario + " in " + AGAIN).isNotNegative();
        int end = tables.indexOf("\n### ", from);
        return tables.substring(from, end < 0 ? tables.length() : end).strip();
    }

    @Test
    void scenarios_areThoseOfTheSuite() throws IOException {
        JsonNode committed =
                new ObjectMapper().readTree(RESULTS.resolve("simulation.json").toFile());
        List<String> names = new ArrayList<>();
        committed
                .get("scenarios")
                .forEach(scenario -> names.add(scenario.get("name").asText()));

        assertThat(names)
                .as(AGAIN)
                .containsExactlyElementsOf(
                        Scenarios.all().stream().map(Scenario::name).toList());
        assertThat(names).containsAll(QUICK);
    }

    private static JsonNode named(JsonNode root, String name) {
        for (JsonNode scenario : root.get("scenarios")) {
            if (scenario.get("name").asText().equals(name)) {
                return scenario;
            }
        }
        throw new AssertionError(name + " isn't in " + AGAIN);
    }
}
