package io.lb4j.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class LeagueTest {
    private static Result result(String name, double success, long meanMillis, long p99Millis) {
        return new Result(
                "s",
                name,
                name.startsWith("bound"),
                1000,
                1000,
                success,
                Duration.ofMillis(meanMillis),
                Duration.ofMillis(meanMillis),
                Duration.ofMillis(p99Millis),
                Duration.ofMillis(p99Millis),
                1,
                1,
                Duration.ZERO,
                Map.of(),
                1000,
                Run.of(
                                Scenario.named("s")
                                        .server("a", ServerSpec.firstCome(1))
                                        .load(Load.regular(1))
                                        .serviceTime(ServiceTime.constant(Duration.ofMillis(1)))
                                        .lasts(Duration.ofSeconds(1), Duration.ZERO)
                                        .build(),
                                Algorithm.shortestQueue(),
                                1)
                        .course(),
                new Histogram(3));
    }

    private static final Map<String, List<Result>> TWO = new LinkedHashMap<>(Map.of());

    static {
        TWO.put(
                "one",
                List.of(
                        result("a", 1, 10, 1000),
                        result("b", 1, 20, 2000),
                        result("quick by losing", 0.9, 1, 1),
                        result("close", 0.9995, 10, 1010),
                        result("bound", 1, 5, 500)));
        TWO.put(
                "two",
                List.of(
                        result("a", 1, 40, 1000),
                        result("b", 1, 10, 1000),
                        result("quick by losing", 1, 20, 1000),
                        result("close", 1, 40, 1000)));
    }

    @Test
    void who_losesCalls_comesLast_howeverQuick() {
        League league = League.of(TWO);

        assertThat(league.cell("quick by losing", "one").rank()).isEqualTo(4);
        assertThat(league.cell("quick by losing", "one").lost()).isCloseTo(0.1, within(1e-9));
        assertThat(league.cell("b", "one").ratio()).isCloseTo(2, within(1e-9));
        assertThat(league.cell("b", "one").rank()).isEqualTo(3);
    }

    @Test
    void within_onePercent_isAsGood_andATenthOfAPointIsNoLoss() {
        League league = League.of(TWO);

        assertThat(league.winners("one")).containsExactly("a", "close");
        assertThat(league.cell("close", "one").lost()).isZero();
        assertThat(league.winners("two")).containsExactly("b");
    }

    @Test
    void readers_areToldWhatIsLeftOut_onThePageAndInTheTables() {
        Report report = new Report(TWO.get("one"));

        assertThat(report.markdown()).startsWith("### League\n\n" + League.RULES + "\n\n| | rank");
        assertThat(report.html()).contains("<p class=\"soft\">" + League.RULES + "</p>");
        assertThat(League.RULES).contains("those in which it does are left out");
    }

    @Test
    void rows_areByRank_andBoundsComeLastWithoutOne() {
        List<League.Row> rows = League.of(TWO).rows();

        assertThat(rows)
                .extracting(League.Row::algorithm)
                .containsExactly("a", "b", "close", "quick by losing", "bound");
        assertThat(rows).extracting(League.Row::rank).containsExactly(2.0, 2.0, 2.0, 3.0, 0.0);
        assertThat(rows).extracting(League.Row::wins).containsExactly(1, 1, 1, 0, 0);
        League.Row losing = rows.get(3);
        assertThat(losing.losses()).isEqualTo(1);
        assertThat(losing.lostIn()).isEqualTo("one");
        assertThat(losing.ratio()).as("of where it loses none").isCloseTo(Math.sqrt(2), within(1e-9));
        assertThat(rows.get(0).worst()).isCloseTo(2, within(1e-9));
        assertThat(rows.get(0).worstIn()).isEqualTo("two");
        assertThat(rows.get(4).ratio()).isCloseTo(0.5, within(1e-9));
    }
}
