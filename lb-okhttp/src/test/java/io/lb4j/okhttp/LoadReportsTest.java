package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.lb4j.LoadReport;
import java.io.IOException;
import java.util.Objects;
import java.util.Random;
import okhttp3.Headers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoadReportsTest {
    private static LoadReport read(String value) throws IOException {
        return Objects.requireNonNull(LoadReports.of(new Headers.Builder()
                .addUnsafeNonAscii("Endpoint-Load-Metrics", value)
                .build()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "TEXT cpu_utilization=0.7,application_utilization=0.8,mem_utilization=0.9,rps_fractional=1000,eps=2,"
                        + "named_metrics.in_flight=12,named_metrics.latency_ms=1.5,utilization.total=0.5,request_cost.db=3",
                "TEXT cpu_utilization:0.7,application_utilization:0.8,mem_utilization:0.9,rps_fractional:1000,eps:2,"
                        + "named_metrics.in_flight:12,named_metrics.latency_ms:1.5,utilization.total:0.5,request_cost.db:3",
                "text  cpu_utilization=0.7, application_utilization = 0.8 ,mem_utilization=0.9,rps_fractional=1e3,eps=2,"
                        + "named_metrics.in_flight=12,,named_metrics.latency_ms=1.5,utilization.total=0.5,request_cost.db=3,"
                        + "unknown=1,cpu_utilization=-1,unknown.deep=3",
                "JSON {\"cpu_utilization\":0.7,\"application_utilization\":0.8,\"mem_utilization\":0.9,"
                        + "\"rps_fractional\":1000,\"eps\":2,\"named_metrics\":{\"in_flight\":12,\"latency_ms\":1.5},"
                        + "\"utilization\":{\"total\":0.5},\"request_cost\":{\"db\":3}}",
                "json {\"cpuUtilization\":\"0.7\",\"applicationUtilization\":0.8,\"memUtilization\":0.9,"
                        + "\"rpsFractional\":\"1e3\",\"eps\":2,\"namedMetrics\":{\"in_flight\":12,\"latency_ms\":\"1.5\","
                        + "\"bad\":{\"x\":[1]},\"worse\":null},\"utilization\":{\"total\":0.5},\"requestCost\":{\"db\":3},"
                        + "\"unknown\":[{\"a\":[]}],\"unknownMap\":{\"a\":1},\"memUtilizations\":true} ",
            })
    void report_inEverySpelling_isTheSame(String value) throws IOException {
        LoadReport report = read(value);

        assertThat(report.cpuUtilization()).isEqualTo(0.7);
        assertThat(report.applicationUtilization()).isEqualTo(0.8);
        assertThat(report.memUtilization()).isEqualTo(0.9);
        assertThat(report.rpsFractional()).isEqualTo(1000);
        assertThat(report.eps()).isEqualTo(2);
        assertThat(report.inFlight()).isEqualTo(12);
        assertThat(report.latencyNanos()).isEqualTo(1_500_000);
        assertThat(report.utilization()).containsOnlyKeys("total").containsEntry("total", 0.5);
        assertThat(report.requestCost()).containsOnlyKeys("db").containsEntry("db", 3.0);
        assertThat(report.namedMetrics()).containsOnlyKeys("in_flight", "latency_ms");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "BIN CgsI",
                "cpu_utilization=0.7",
                "TEXT cpu_utilization",
                "TEXT =1",
                "TEXT cpu_utilization=many",
                "JSON",
                "JSON []",
                "JSON 3",
                "JSON {",
                "JSON {\"eps\":1",
                "JSON {\"eps\":1}}",
                "JSON {\"eps\":1} {\"eps\":2}",
                "JSON {\"eps\":NaN}",
                "JSON {'eps':1}",
                "JSON {\"named_metrics\":{\"a\":1}",
            })
    void report_malformed_isAnIOException(String value) {
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> read(value));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "TEXT ,",
                "TEXT cpu_utilization=NaN,mem_utilization=Infinity,eps=-1",
                "JSON {}",
                "JSON {\"cpu_utilization\":\"NaN\",\"mem_utilization\":\"Infinity\",\"eps\":-1,\"rps_fractional\":1e999}",
            })
    void values_thatCantBe_arePassedOver(String value) throws IOException {
        assertThat(read(value).toText()).isEmpty();
    }

    @Test
    void header_longerThanTheLimit_isRefusedUnread() {
        String entry = ",named_metrics.a=1";
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> read("TEXT eps=1" + entry.repeat(500)))
                .withMessage("load report: 9010 characters (expected: at most 8192)");
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> read("x".repeat(8000)))
                .withMessage("load report: '" + "x".repeat(40) + "' (expected: one that begins with TEXT or JSON)");
        // Deep, but within the limit.
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> read("JSON {\"a\":" + "[".repeat(8000)));
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> read("JSON " + "{\"a\":".repeat(1500)));
    }

    /** Blanks at the end of a header are lost on the way. */
    @Test
    void text_thatSaysNothing_isAnEmptyReport() throws IOException {
        assertThat(read("TEXT").toText()).isEmpty();
    }

    @Test
    void headers_severalOrNone_theFirstCounts() throws IOException {
        assertThat(LoadReports.of(Headers.of("Content-Type", "text/plain"))).isNull();
        Headers two = Headers.of("endpoint-load-metrics", "TEXT eps=1", "Endpoint-Load-Metrics", "TEXT eps=2");
        assertThat(Objects.requireNonNull(LoadReports.of(two)).eps()).isEqualTo(1);
    }

    @Test
    void junk_ofEveryKind_isAReportOrAnIOException() {
        Random random = new Random(20_261_124);
        String[] seeds = {
            "TEXT cpu_utilization=0.7,named_metrics.in_flight=12",
            "JSON {\"cpu_utilization\":0.7,\"named_metrics\":{\"in_flight\":12}}",
            "JSON {\"cpuUtilization\":\"1e-300\",\"a\":[[{\"b\":null}]],\"utilization\":{\"x\":true}}",
            "BIN AAAA",
        };
        int read = 0;
        int refused = 0;
        for (int i = 0; i < 100_000; i++) {
            String value = mutated(seeds[random.nextInt(seeds.length)], random);
            try {
                LoadReport report = read(value);
                boolean possible = report.cpuUtilization() >= 0
                        && report.cpuUtilization() < Double.POSITIVE_INFINITY
                        && report.namedMetrics().values().stream().allMatch(Double::isFinite);
                read += possible ? 1 : 200_000;
            } catch (IOException e) {
                refused += e.getMessage().length() < 1000 ? 1 : 200_000;
            }
        }
        assertThat(read).isBetween(1000, 99_000);
        assertThat(refused).isBetween(1000, 99_000);
    }

    private static String mutated(String seed, Random random) {
        StringBuilder text = new StringBuilder(seed);
        for (int change = random.nextInt(6); change > 0; change--) {
            int at = random.nextInt(text.length() + 1);
            switch (random.nextInt(5)) {
                case 0 -> text.insert(at, (char) (' ' + random.nextInt(95)));
                case 1 -> text.insert(at, "{}[]\",:=.-eE+0919NaN".charAt(random.nextInt(20)));
                case 2 -> text.setLength(at);
                case 3 -> text.insert(at, text.toString());
                default -> {
                    if (at < text.length()) {
                        text.setCharAt(at, (char) (' ' + random.nextInt(95)));
                    }
                }
            }
        }
        return text.toString();
    }
}
