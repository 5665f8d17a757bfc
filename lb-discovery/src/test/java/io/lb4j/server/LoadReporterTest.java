package io.lb4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.lb4j.LoadReport;
import io.lb4j.testing.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class LoadReporterTest {
    private final VirtualTime time = new VirtualTime();

    private LoadReporter.Builder builder() {
        return LoadReporter.builder().ticker(time);
    }

    @Test
    void report_nothingServed_saysSo() {
        LoadReport report = builder().build().report();

        assertThat(report.inFlight()).isZero();
        assertThat(report.latencyNanos()).isNaN();
        assertThat(report.rpsFractional()).isZero();
        assertThat(builder().build().header()).isEqualTo("TEXT named_metrics.in_flight=0");
    }

    @Test
    void report_callsOfKnownLengths_countsAndTimesThem() {
        LoadReporter reporter = builder().build();
        LoadReporter.Call waiting = reporter.start();
        for (int i = 0; i < 100; i++) {
            LoadReporter.Call call = reporter.start();
            time.advance(Duration.ofMillis(20));
            call.end(i % 4 != 0);
        }

        LoadReport report = reporter.report();
        assertThat(report.inFlight()).isEqualTo(1);
        assertThat(report.latencyNanos()).isCloseTo(20e6, within(1e3));
        assertThat(report.rpsFractional()).isCloseTo(50, within(1.5));
        assertThat(report.eps()).isCloseTo(12.5, within(1.5));

        waiting.end(true);
        assertThat(reporter.inFlight()).isZero();
    }

    @Test
    void call_endedTwice_countsOnce() {
        LoadReporter reporter = builder().build();
        LoadReporter.Call call = reporter.start();

        assertThat(call.end(true)).isTrue();
        assertThat(call.end(false)).isFalse();
        assertThat(reporter.inFlight()).isZero();
        assertThat(reporter.report().eps()).isZero();
        assertThat(reporter.report().rpsFractional()).isEqualTo(1);
    }

    @Test
    void callReport_beforeAndAfterItsEnd_leavesItOut() {
        LoadReporter reporter = builder().build();
        LoadReporter.Call first = reporter.start();
        LoadReporter.Call second = reporter.start();

        assertThat(reporter.report().inFlight()).isEqualTo(2);
        assertThat(first.report().inFlight()).isEqualTo(1);
        assertThat(first.header()).isEqualTo("TEXT named_metrics.in_flight=1");
        first.end(true);
        assertThat(first.report().inFlight()).isEqualTo(1);
        assertThat(second.report().inFlight()).isZero();
    }

    @Test
    void header_asText_isReadBack() {
        LoadReporter reporter = builder()
                .cpuUtilization(() -> 0.25)
                .memUtilization(() -> 0.5)
                .applicationUtilization(() -> 1.5)
                .utilization("db", () -> 0.75)
                .namedMetric("queue", () -> -3)
                .build();
        reporter.start();
        LoadReporter.Call call = reporter.start();
        time.advance(Duration.ofNanos(12_345_678));
        call.end(false);

        String header = reporter.header();
        assertThat(header).startsWith("TEXT ");
        LoadReport read = LoadReport.parseText(header.substring(5));
        assertThat(read.namedMetrics()).isEqualTo(reporter.report().namedMetrics());
        assertThat(read.cpuUtilization()).isEqualTo(0.25);
        assertThat(read.memUtilization()).isEqualTo(0.5);
        assertThat(read.applicationUtilization()).isEqualTo(1.5);
        assertThat(read.utilization()).containsEntry("db", 0.75);
        assertThat(read.namedMetrics()).containsEntry("queue", -3.0).containsEntry("latency_ms", 12.3457);
        assertThat(read.inFlight()).isEqualTo(1);
        assertThat(read.rpsFractional()).isEqualTo(1);
        assertThat(read.eps()).isEqualTo(1);
    }

    @Test
    void header_asJson_isOneObjectOfTheMessagesFields() throws Exception {
        LoadReporter reporter = builder()
                .format(LoadReporter.Format.JSON)
                .cpuUtilization(() -> 0.25)
                .utilization("odd\"name\\", () -> 0.75)
                .build();

        String header = reporter.header();
        assertThat(header).startsWith("JSON {").doesNotContain("\n");
        JsonNode json = new ObjectMapper().readTree(header.substring(5));
        assertThat(json.path("cpu_utilization").asDouble()).isEqualTo(0.25);
        assertThat(json.path("utilization").path("odd\"name\\").asDouble()).isEqualTo(0.75);
        assertThat(json.path("named_metrics").path("in_flight").isNumber()).isTrue();
        assertThat(json.has("eps")).isFalse();
    }

    @Test
    void gauges_brokenOnes_areLeftOut() {
        LoadReporter reporter = builder()
                .cpuUtilization(() -> Double.NaN)
                .memUtilization(() -> -1)
                .applicationUtilization(() -> {
                    throw new IllegalStateException("broken");
                })
                .utilization("infinite", () -> Double.POSITIVE_INFINITY)
                .utilization("asserting", () -> {
                    throw new AssertionError("broken");
                })
                .namedMetric("good", () -> 1)
                .build();

        for (int i = 0; i < 3; i++) {
            LoadReport report = reporter.report();
            assertThat(report.namedMetrics()).containsOnlyKeys("good", "in_flight");
            assertThat(report.cpuUtilization() + report.memUtilization() + report.applicationUtilization())
                    .isZero();
            assertThat(report.utilization()).isEmpty();
            time.advance(Duration.ofSeconds(1));
        }
    }

    @Test
    void gauges_askedOften_areAskedOncePerInterval() {
        AtomicInteger asked = new AtomicInteger();
        LoadReporter reporter = builder()
                .cpuUtilization(() -> asked.incrementAndGet() / 100.0)
                .gaugeInterval(Duration.ofMillis(50))
                .build();

        for (int i = 0; i < 10; i++) {
            assertThat(reporter.report().cpuUtilization()).isEqualTo(0.01);
        }
        time.advance(Duration.ofMillis(50));
        assertThat(reporter.report().cpuUtilization()).isEqualTo(0.02);
        assertThat(asked).hasValue(2);
    }

    @Test
    void gauges_slowOne_keepsOnlyItsAskerWaiting() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch answer = new CountDownLatch(1);
        AtomicInteger times = new AtomicInteger();
        LoadReporter reporter = builder()
                .cpuUtilization(() -> {
                    if (times.getAndIncrement() == 1) {
                        asked.countDown();
                        try {
                            answer.await();
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                        }
                        return 0.75;
                    }
                    return 0.5;
                })
                .build();
        assertThat(reporter.report().cpuUtilization()).isEqualTo(0.5);
        time.advance(Duration.ofSeconds(1));
        List<Double> seen = new ArrayList<>();
        Thread slow = new Thread(() -> seen.add(reporter.report().cpuUtilization()));
        slow.start();
        asked.await();

        assertThat(reporter.report().cpuUtilization()).isEqualTo(0.5);
        answer.countDown();
        slow.join();
        assertThat(seen).containsExactly(0.75);
        assertThat(reporter.report().cpuUtilization()).isEqualTo(0.75);
    }

    @Test
    void builder_impossibleSettings_areRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder().gaugeInterval(Duration.ofNanos(-1)))
                .withMessage("gaugeInterval: PT-0.000000001S (expected: >= 0)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder().namedMetric("in_flight", () -> 1))
                .withMessage("name: in_flight (expected: one that the reporter does not use)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder().namedMetric("a,b", () -> 1))
                .withMessageContaining("'named_metrics.a,b' (expected: visible ASCII characters");
        assertThatIllegalArgumentException().isThrownBy(() -> builder().utilization("", () -> 1));
    }

    @Test
    void counts_underManyThreads_loseNothing() throws Exception {
        LoadReporter reporter = LoadReporter.create();
        int threads = 4;
        int calls = 20_000;
        CountDownLatch go = new CountDownLatch(1);
        List<Thread> all = new ArrayList<>();
        AtomicInteger broken = new AtomicInteger();
        for (int t = 0; t < threads; t++) {
            Thread thread = new Thread(() -> {
                try {
                    go.await();
                    for (int i = 0; i < calls; i++) {
                        LoadReporter.Call call = reporter.start();
                        LoadReport report = i % 100 == 0 ? call.report() : null;
                        if (report != null && !(report.inFlight() >= 0 && report.inFlight() < threads)) {
                            broken.incrementAndGet();
                        }
                        call.end(true);
                    }
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            all.add(thread);
            thread.start();
        }
        go.countDown();
        for (Thread thread : all) {
            thread.join();
        }
        assertThat(reporter.inFlight()).isZero();
        assertThat(broken).hasValue(0);
        assertThat(reporter.report().latencyNanos()).isNotNaN();
        assertThat(reporter).hasToString("LoadReporter[0 in flight, TEXT, gauges []]");
    }
}
