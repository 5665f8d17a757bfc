package io.lb4j.jmh;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;

/** Of the same results, the tables and the chart. */
class PickTablesTest {
    @TempDir
    Path dir;

    @Test
    void tables_ofLibraryPeersAndFloor_areComparedSizeBySize() throws IOException {
        String table = PickTables.of(read(
                pick("lb4j", 10, 6, 0.1, 0.001),
                pick("lb4j", 1000, 6, 0.1, 24.2),
                pick("armeria", 10, 12, 0.1, 0),
                pick("armeria", 1000, 5, 0.1, 0),
                pick("grpc", 10, 8, 0.1, 0),
                pick("floor", 10, 4, 0.1, 0),
                pick("floor", 1000, 5, 0.1, 0)));
        assertThat(table.lines().filter(line -> !line.isBlank()))
                .containsExactly(
                        "### A pick, 1 thread",
                        "| policy | library | 10 | 1,000 | × fastest peer | × floor | growth | B/op |",
                        "| --- | --- | --: | --: | --: | --: | --: | --: |",
                        "| round robin | lb4j | 6.00 | 6.00 | 1.20× | 1.50× | 1.00× | 24 |",
                        "| round robin | armeria | 12.0 | 5.00 | 1.50× | 3.00× | 0.42× | 0 |",
                        "| round robin | grpc | 8.00 |  | 1.00× | 2.00× |  | 0 |",
                        "| round robin | floor | 4.00 | 5.00 |  |  | 1.25× | 0 |");
    }

    @Test
    void tables_withoutPeers_leaveTheComparisonOut() throws IOException {
        assertThat(PickTables.of(read(pick("lb4j", 10, 6, 0.1, 0), pick("floor", 10, 3, 0.1, 0))))
                .contains("| round robin | lb4j | 6.00 |  | 2.00× |  | 0 |");
    }

    @Test
    void tables_errorTooLarge_areMarked() throws IOException {
        assertThat(PickTables.of(read(pick("lb4j", 10, 6, 2, 0)))).contains("| ≈ 6.00 |");
        assertThat(PickTables.of(read(pick("lb4j", 10, 6, 1, 0)))).contains("| 6.00 |");
    }

    @Test
    void chart_ofResults_isADrawingOfEachLibrary() throws Exception {
        String svg = Chart.of(read(
                pick("lb4j", 10, 6, 0.1, 0),
                pick("lb4j", 1000, 60, 0.1, 0),
                pick("armeria", 1000, 5, 0.1, 0),
                pick("floor", 10_000, 4_000, 0.1, 0)));
        Document document = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
        assertThat(document.getDocumentElement().getTagName()).isEqualTo("svg");
        assertThat(document.getElementsByTagName("circle").getLength()).isEqualTo(3);
        assertThat(svg)
                .contains(">round robin<", ">lb4j<", ">armeria<", ">floor<", "10 to 10,000")
                .contains("prefers-color-scheme: dark")
                .contains("<circle class=\"own\"", "<circle class=\"peer\"", "<circle class=\"floor\"");
    }

    @Test
    void chart_ofNothing_isStillADrawing() throws IOException {
        assertThat(Chart.of(read())).startsWith("<svg").endsWith("</svg>\n");
    }

    private List<Result> read(String... entries) throws IOException {
        return Result.read(Files.writeString(dir.resolve("results.json"), "[" + String.join(",", entries) + "]"));
    }

    private static String pick(String library, int instances, double nanos, double error, double bytes) {
        return """
                {"benchmark": "io.lb4j.jmh.PickBenchmark.pick", "threads": 1,
                 "params": {"policy": "ROUND_ROBIN", "library": "%s", "instances": "%d"},
                 "primaryMetric": {"score": %s, "scoreError": %s},
                 "secondaryMetrics": {"gc.alloc.rate.norm": {"score": %s}}}""".formatted(library, instances, nanos, error, bytes);
    }
}
