package io.lb4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class LoadReportTest {

    @Test
    void text_ofEveryField_isReadBack() {
        LoadReport report = LoadReport.builder()
                .cpuUtilization(0.3)
                .memUtilization(0.8)
                .applicationUtilization(1.25)
                .rpsFractional(1000)
                .eps(2.5)
                .utilization("disk", 0.1)
                .requestCost("rows", 12)
                .namedMetric("queue", -4)
                .inFlight(7)
                .latencyNanos(12_500_000)
                .build();
        LoadReport read = LoadReport.parseText(report.toText());
        assertThat(read.cpuUtilization()).isEqualTo(0.3);
        assertThat(read.memUtilization()).isEqualTo(0.8);
        assertThat(read.applicationUtilization()).isEqualTo(1.25);
        assertThat(read.rpsFractional()).isEqualTo(1000);
        assertThat(read.eps()).isEqualTo(2.5);
        assertThat(read.utilization()).isEqualTo(Map.of("disk", 0.1));
        assertThat(read.requestCost()).isEqualTo(Map.of("rows", 12.0));
        assertThat(read.namedMetrics()).isEqualTo(Map.of("queue", -4.0, "in_flight", 7.0, "latency_ms", 12.5));
        assertThat(read.inFlight()).isEqualTo(7);
        assertThat(read.latencyNanos()).isEqualTo(12_500_000);
    }

    @Test
    void nothingReported_isZeroOrNaN() {
        LoadReport empty = LoadReport.parseText("");
        assertThat(empty.toText()).isEmpty();
        assertThat(empty.cpuUtilization()).isZero();
        assertThat(empty.inFlight()).isNaN();
        assertThat(empty.latencyNanos()).isNaN();
    }

    @Test
    void parseText_unknownNamesAndSpacesAndStrangeValues_areSkipped() {
        LoadReport read = LoadReport.parseText(
                " cpu_utilization = 0.5 ,, future=1, named_metrics.=2, named_metrics.in_flight=-1, eps=-3,"
                        + " rps_fractional=NaN, utilization.a.b=Infinity, mem_utilization=1e-1,");
        assertThat(read.toText()).isEqualTo("cpu_utilization=0.5,mem_utilization=0.1,named_metrics.in_flight=-1");
        assertThat(read.inFlight()).as("a negative count is no count").isNaN();
    }

    @ParameterizedTest
    @ValueSource(strings = {"cpu_utilization", "=1", "cpu_utilization=", "cpu_utilization=x", "a=1;b=2", "a=0.1.2"})
    void parseText_whatIsNoEntry_isRefusedByName(String text) {
        assertThatThrownBy(() -> LoadReport.parseText(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("(expected: name=number)");
    }

    @Test
    void callsInFlightAndLatency_beyondAllBounds_areAsIfNotReported() {
        LoadReport wild = LoadReport.parseText("named_metrics.in_flight=1e300,named_metrics.latency_ms=1e305");
        assertThat(wild.inFlight()).isNaN();
        assertThat(wild.latencyNanos()).isNaN();
        LoadReport large = LoadReport.parseText("named_metrics.in_flight=1e9,named_metrics.latency_ms=1e9");
        assertThat(large.inFlight()).isEqualTo(1e9);
        assertThat(large.latencyNanos()).isEqualTo(1e15);
    }

    @Test
    void parseText_moreEntriesThanAnyReportHas_isRefused() {
        assertThatThrownBy(() -> LoadReport.parseText("eps=1,".repeat(257)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("more than 256");
    }

    @Test
    void parseText_anyText_isReadOrRefused() {
        Random random = new Random(7);
        String alphabet = "cpu_utilization=0.3,named_metrics.ab -eE+xX\u00e4;{}\"0123456789";
        for (int i = 0; i < 50_000; i++) {
            StringBuilder text = new StringBuilder();
            int length = random.nextInt(60);
            for (int k = 0; k < length; k++) {
                text.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            try {
                LoadReport read = LoadReport.parseText(text.toString());
                assertThat(LoadReport.parseText(read.toText()).toText()).hasSameSizeAs(read.toText());
            } catch (IllegalArgumentException expected) {
                assertThat(expected).hasMessageStartingWith("load report");
            }
        }
    }

    @Test
    void builder_valuesThatCannotBe_areRefusedByName() {
        assertThatThrownBy(() -> LoadReport.builder().cpuUtilization(-1))
                .hasMessage("cpuUtilization: -1.0 (expected: >= 0 and finite)");
        assertThatThrownBy(() -> LoadReport.builder().inFlight(Double.NaN))
                .hasMessage("in_flight: NaN (expected: >= 0 and finite)");
        assertThatThrownBy(() -> LoadReport.builder().namedMetric("a,b", 1)).hasMessageContaining("'a,b'");
        assertThatThrownBy(() -> LoadReport.builder().namedMetric("a", Double.POSITIVE_INFINITY))
                .hasMessage("namedMetrics.a: Infinity (expected: finite)");
    }
}
