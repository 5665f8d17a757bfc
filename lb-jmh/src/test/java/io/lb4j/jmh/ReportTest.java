package io.lb4j.jmh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
    @TempDir
    Path dir;

    @Test
    void calls_bothClients_areComparedByProcessorTime() throws IOException {
        String table = Report.calls(
                read(call("plain", 40, 6000, ""), call("balanced", 44, 7000, ""), call("alternate", 90, 0, """
                        , "plainNanos": {"score": 2000000}, "balancedNanos": {"score": 2100000}, "calls": {"score": 100}
                        """)));
        assertThat(table)
                .contains("| 1 | plain | 20.0 | 40.0 | 6,000 |")
                .contains("| 1 | lb4j | 21.0 | 44.0 | 7,000 |")
                .contains("| 1 | difference | +5.0 % | +10.0 % | +1,000 |");
    }

    @Test
    void calls_oneClientMissing_isRefused() throws IOException {
        List<Result> results = read(call("plain", 40, 6000, ""));
        assertThatThrownBy(() -> Report.calls(results))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("only [plain] (expected: plain, balanced and alternate)");
    }

    @Test
    void updates_perPolicy_showPercentiles() throws IOException {
        String table = Report.updates(read("""
                {"benchmark": "io.lb4j.jmh.UpdateBenchmark.replaceOne", "threads": 1,
                 "params": {"policy": "RING_HASH", "instances": "10000"},
                 "primaryMetric": {"score": 3, "scorePercentiles": {"50.0": 2, "99.0": 9, "100.0": 12.34}},
                 "secondaryMetrics": {"gc.alloc.rate.norm": {"score": 2500000}}}"""));
        assertThat(table).contains("| ring hash | 10,000 | 3.00 | 2.00 | 9.00 | 12.3 | 2.50 |");
    }

    @Test
    void replaced_betweenItsMarks_leavesTheRest() {
        String text = "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n<!-- y:begin -->\nkept\n<!-- y:end -->\n";
        assertThat(Report.replaced(text, "x", "\nnew\n\n"))
                .isEqualTo("a\n<!-- x:begin -->\nnew\n<!-- x:end -->\nb\n<!-- y:begin -->\nkept\n<!-- y:end -->\n");
        assertThatThrownBy(() -> Report.replaced(text, "z", "new"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("<!-- z:begin -->");
    }

    @Test
    void read_noResult_saysWhichFile() throws IOException {
        Path file = Files.writeString(dir.resolve("picks.json"), "{}");
        assertThatThrownBy(() -> Result.read(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("picks.json")
                .hasMessageContaining("expected: a JSON array");
    }

    @Test
    void benchmarksDocument_asItStands_takesEveryTable() throws IOException {
        String text = Files.readString(Path.of("..", "docs", "benchmarks.md"));
        for (String part : List.of("picks", "calls", "updates")) {
            assertThat(Report.replaced(text, part, "here")).contains("<!-- " + part + ":begin -->\nhere\n");
        }
    }

    private List<Result> read(String... entries) throws IOException {
        return Result.read(Files.writeString(dir.resolve("results.json"), "[" + String.join(",", entries) + "]"));
    }

    private static String call(String method, double micros, double bytes, String more) {
        return """
                {"benchmark": "io.lb4j.jmh.CallBenchmark.%s", "threads": 1, "params": {"instances": "1"},
                 "primaryMetric": {"score": %s},
                 "secondaryMetrics": {"gc.alloc.rate.norm": {"score": %s}%s}}""".formatted(method, micros, bytes, more);
    }
}
