package io.lb4j.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.Strategy;
import io.lb4j.strategy.Strategies;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SimulationReportTest {
    @TempDir
    Path directory;

    private static final Scenario CRASH = Scenario.named("a <crash> & more")
            .clients(3)
            .servers(60, "s", ServerSpec.firstCome(1))
            .serviceTime(ServiceTime.exponential(Duration.ofMillis(10)))
            .utilization(0.5)
            .lasts(Duration.ofSeconds(6), Duration.ofSeconds(1))
            .at(Duration.ofSeconds(2), fleet -> fleet.crash("s-3"))
            .build();

    private static final Scenario SPIKE = Scenario.named("spike")
            .server("a", ServerSpec.firstCome(1).queue(1))
            .serviceTime(ServiceTime.constant(Duration.ofMillis(10)))
            .load(Load.regular(1000))
            .lasts(Duration.ofMillis(5), Duration.ZERO)
            .build();

    /** The second comes in the middle, and the one client has no use for it: it goes on with the call it makes all the time. */
    private static final Scenario JOIN = Scenario.named("join")
            .server("a", ServerSpec.firstCome(1))
            .serviceTime(ServiceTime.constant(Duration.ofMinutes(1)))
            .load(Load.closed(1, Duration.ZERO))
            .lasts(Duration.ofSeconds(6), Duration.ZERO)
            .at(Duration.ofSeconds(3), fleet -> fleet.join("b", ServerSpec.firstCome(1)))
            .build();

    @Test
    void page_needsNothingElse_andIsTheSameForTheSameSeed() throws IOException {
        Path file = directory.resolve("new/report.html");
        Simulation simulation = Simulation.compare(Strategies.random()).with(List.of(CRASH, SPIKE));

        Report report = simulation.report(file);

        String page = Files.readString(file);
        assertThat(page)
                .isEqualTo(simulation.run().html())
                .isEqualTo(report.html())
                .doesNotContain("http", "url(", "src=", "<script", "<link", "NaN", "Infinity", "<crash>")
                .contains("League over 2 scenarios", "a &lt;crash&gt; &amp; more", "Calls that fail")
                .contains("the 48 of 60 that change most", ">mine<", ">default<", "shortest queue (bound)")
                .hasSizeLessThan(200_000);
        assertThat(page.split("<svg", -1)).hasSameSizeAs(page.split("</svg>", -1));
        assertThat(page.split("<figure>", -1)).hasSameSizeAs(page.split("</figure>", -1));
    }

    @Test
    void bounds_areMarked_inTablesAndPictures() {
        Report report =
                Simulation.compare(Strategies.random()).with(List.of(SPIKE)).run();

        assertThat(report.markdown())
                .contains("\n| mine | ", "\n| *shortest queue* | ", "\n| *central queue* | ")
                .doesNotContain("| shortest queue |", "*mine*");
        assertThat(report.html())
                .contains("<tr class=\"bound\"><td>shortest queue</td><td>bound</td>")
                .contains("stroke-dasharray=\"6 3\"/></svg>shortest queue (bound)")
                .contains("stroke-dasharray=\"2 3\"/></svg>central queue (bound)")
                .doesNotContain("<tr class=\"bound\"><td>mine");
    }

    @Test
    void dots_areSharesInTermsOfAnEqualOne() {
        Scenario two = Scenario.named("two")
                .server("a", ServerSpec.firstCome(1))
                .server("b", ServerSpec.firstCome(1))
                .serviceTime(ServiceTime.constant(Duration.ofMillis(1)))
                .load(Load.regular(100))
                .lasts(Duration.ofSeconds(1), Duration.ZERO)
                .build();
        Strategy uneven = eligible -> {
            int[] picks = new int[1];
            return request -> eligible.get(picks[0]++ % 4 == 0 ? 1 : 0);
        };

        String page = Simulation.compare(uneven).with(List.of(two)).run().html();

        assertThat(page).contains("<title>a: 1.5×</title>", "<title>b: 0.5×</title>");
    }

    @Test
    void strip_isDarkestWhereMostCallsAre_andGreyWhereThereIsNoServer() throws IOException {
        Course course = Run.of(JOIN, Algorithm.shortestQueue(), 1).course();

        BufferedImage cells = picture(HeatStrip.svg(course, 4));

        assertThat(cells.getWidth()).isEqualTo(Course.SLICES);
        assertThat(cells.getHeight()).isEqualTo(2);
        // The first one has one call all the time: half of the way, by the square root of a quarter.
        assertThat(cells.getRaster().getSample(30, 0, 0)).isEqualTo(32);
        assertThat(cells.getRaster().getSample(29, 1, 0)).as("before it joined").isEqualTo(64);
        assertThat(cells.getRaster().getSample(31, 1, 0))
                .as("with nothing to do")
                .isZero();
        assertThat(cells.getRGB(31, 1) & 0xff).as("pale").isGreaterThan(cells.getRGB(30, 0) & 0xff);
        assertThat(picture(HeatStrip.svg(course, 1)).getRaster().getSample(30, 0, 0))
                .isEqualTo(63);
        assertThat(HeatStrip.legend(4)).contains(">0</text>", ">1</text>", ">≥ 4</text>");
    }

    private static BufferedImage picture(String svg) throws IOException {
        String start = "base64,";
        int from = svg.indexOf(start) + start.length();
        byte[] png = Base64.getDecoder().decode(svg.substring(from, svg.indexOf('"', from)));
        return ImageIO.read(new ByteArrayInputStream(png));
    }

    @Test
    void course_tellsWhenAServerHadNoCalls() {
        Course course = Run.of(CRASH, Algorithm.byDefault(), 1).course();

        List<Double> crashed = course.crowds().get(3).inFlight();
        assertThat(course.crowds().get(3).id()).isEqualTo("s-3");
        assertThat(crashed.subList(0, 20)).anyMatch(value -> value > 0);
        assertThat(crashed.subList(21, 60)).containsOnly(0.0);
        assertThat(course.p50(10)).isBetween(0.004, 0.02);
        assertThat(course.p99(10)).isGreaterThan(course.p50(10));
        assertThat(course.warmUpSeconds()).isEqualTo(1);
        assertThat(course.sliceSeconds()).isEqualTo(0.1);
    }

    @Test
    void course_countsFailuresWhereTheCallsStarted() {
        Course course = Run.of(SPIKE, Algorithm.shortestQueue(), 1).course();

        // At 0 and 1 ms there is room, at 2, 3 and 4 there is none.
        assertThat(course.failed(0)).isZero();
        assertThat(course.failed(11)).isZero();
        assertThat(course.failed(23)).isEqualTo(1);
        assertThat(course.failed(47)).isEqualTo(1);
        assertThat(course.p50(0)).isBetween(0.0097, 0.0103);
        assertThat(course.p50(6)).isNaN();
    }

    @Test
    void names_areTheirOwn() {
        assertThatThrownBy(() -> Simulation.compare("default", Strategies.random()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("algorithm: default twice (expected: each by a name of its own)");
    }

    @Test
    void progress_offATerminal_isALineForEachTenth() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ProgressBar bar = new ProgressBar(new PrintStream(out, true, StandardCharsets.UTF_8), false);

        for (int done = 1; done <= 200; done++) {
            bar.accept(done, 200);
            bar.accept(done - 1, 200);
        }

        assertThat(out.toString(StandardCharsets.UTF_8).lines().toList())
                .hasSize(10)
                .allMatch(line -> line.matches("\\d+ of 200 runs, about \\d+ s left"))
                .last()
                .isEqualTo("200 of 200 runs, about 0 s left");
    }

    @Test
    void progress_onATerminal_isABar() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ProgressBar bar = new ProgressBar(new PrintStream(out, true, StandardCharsets.UTF_8), true);

        bar.accept(1, 2);

        assertThat(out.toString(StandardCharsets.UTF_8))
                .startsWith("\r[" + "#".repeat(20) + "-".repeat(20) + "] 1 of 2 runs, about ");
    }

    @Test
    void logHistogram_isRightToTwoPercent() {
        LogHistogram histogram = new LogHistogram();
        assertThat(histogram.at(0.5)).isNaN();
        for (int i = 1; i <= 1000; i++) {
            histogram.record(i * 1_000_000L);
        }
        histogram.record(Long.MAX_VALUE);
        histogram.record(0);

        for (double quantile : new double[] {0.01, 0.5, 0.9, 0.99}) {
            assertThat(histogram.at(quantile) / (quantile * 1e9))
                    .as("%s", quantile)
                    .isBetween(0.98, 1.02);
        }
    }

    @Test
    void numbers_haveThreeDigitsAndTheirUnit() {
        assertThat(List.of(0.000_000_5, 0.001, 0.012_34, 0.9999, 1.5, 120.0, 12_345.0))
                .map(Axis::time)
                .containsExactly("0.5 µs", "1 ms", "12.3 ms", "1 s", "1.5 s", "120 s", "12345 s");
        assertThat(List.of(0.0, 50.0, 99.9, 99.99, 100.0))
                .map(Axis::number)
                .containsExactly("0", "50", "99.9", "99.99", "100");
        assertThat(String.format(Locale.ROOT, "%.3f", Axis.shares("").at(0.99))).isEqualTo("0.500");
    }
}
