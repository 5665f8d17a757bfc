package io.lb4j.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** HealthCheck, OutlierDetection, SlowStart and the limits: defaults, checks, and the ramp's formula. */
final class HealthSettingsTest {
    private static final Probe PROBE =
            (instance, timeout) -> CompletableFuture.completedFuture(new Probe.Result(true, ""));
    private static final Duration FOREVER = Duration.ofSeconds(Long.MAX_VALUE);

    @Test
    void healthCheck_defaults_areTheDocumentedOnes() {
        assertThat(HealthCheck.of(PROBE))
                .isEqualTo(new HealthCheck(
                        PROBE,
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(20),
                        Duration.ofSeconds(1),
                        Duration.ofMillis(250),
                        Duration.ofSeconds(1),
                        2,
                        2,
                        0.2,
                        true));
    }

    static Stream<Arguments> badHealthChecks() {
        return Stream.of(
                check("interval: PT0S (expected: > 0, <= 365 days)", b -> b.interval(Duration.ZERO)),
                check("interval: " + FOREVER + " (expected: > 0, <= 365 days)", b -> b.interval(FOREVER)),
                check("unhealthyInterval: PT-1S (", b -> b.unhealthyInterval(Duration.ofSeconds(-1))),
                check("maxInterval: PT4.9S (expected: >= interval PT5S)", b -> b.maxInterval(Duration.ofMillis(4900))),
                check("maxInterval: " + FOREVER, b -> b.maxInterval(FOREVER)),
                check("unhealthyInterval: " + FOREVER, b -> b.unhealthyInterval(FOREVER)),
                check("suspectInterval: PT0S (", b -> b.suspectInterval(Duration.ZERO)),
                check("timeout: PT0S (", b -> b.timeout(Duration.ZERO)),
                check("rise: 0 (expected: >= 1)", b -> b.rise(0)),
                check("fall: 0 (expected: >= 1)", b -> b.fall(0)),
                check("jitter: -0.1 (expected: 0 to 1)", b -> b.jitter(-0.1)),
                check("jitter: 1.1 (expected: 0 to 1)", b -> b.jitter(1.1)),
                check("jitter: NaN (expected: 0 to 1)", b -> b.jitter(Double.NaN)));
    }

    private static Arguments check(String message, Consumer<HealthCheck.Builder> change) {
        return Arguments.of(message, change);
    }

    @ParameterizedTest
    @MethodSource("badHealthChecks")
    void healthCheck_outOfRange_isRefused(String message, Consumer<HealthCheck.Builder> change) {
        HealthCheck.Builder builder = HealthCheck.builder(PROBE);
        change.accept(builder);
        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(message);
    }

    @Test
    void healthCheck_derivedIntervals_followThoseThatWereSet() {
        HealthCheck check = HealthCheck.builder(PROBE)
                .interval(Duration.ofMillis(100))
                .unhealthyInterval(Duration.ofMillis(40))
                .build();
        assertThat(check.maxInterval()).isEqualTo(Duration.ofMillis(400));
        assertThat(check.suspectInterval()).isEqualTo(Duration.ofMillis(10));
        HealthCheck extreme = HealthCheck.builder(PROBE)
                .interval(Duration.ofDays(365))
                .unhealthyInterval(Duration.ofNanos(3))
                .build();
        assertThat(extreme.maxInterval()).isEqualTo(Duration.ofDays(365));
        assertThat(extreme.suspectInterval()).isEqualTo(Duration.ofNanos(3));
    }

    @Test
    void healthCheck_withProbe_keepsEverythingElse() {
        HealthCheck check = HealthCheck.builder(Probe.tcp())
                .interval(Duration.ofSeconds(2))
                .maxInterval(Duration.ofSeconds(3))
                .unhealthyInterval(Duration.ofSeconds(4))
                .suspectInterval(Duration.ofSeconds(5))
                .timeout(Duration.ofSeconds(6))
                .rise(7)
                .fall(8)
                .jitter(0.9)
                .endsEjections(false)
                .build();
        assertThat(check.withProbe(PROBE).withProbe(Probe.tcp())).isEqualTo(check);
        assertThat(check.withProbe(PROBE).probe()).isSameAs(PROBE);
    }

    @Test
    void outlierDetection_defaults_areTheDocumentedOnes() {
        assertThat(OutlierDetection.DEFAULT)
                .isEqualTo(new OutlierDetection(
                        5,
                        0,
                        0,
                        50,
                        20,
                        1,
                        1.9,
                        100,
                        5,
                        1e-9,
                        Duration.ofSeconds(1),
                        0,
                        Duration.ofMillis(10),
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(5),
                        Duration.ofMinutes(5),
                        Duration.ZERO,
                        0.5,
                        Duration.ofSeconds(3)));
        assertThat(OutlierDetection.OFF.consecutiveFailures()).isZero();
        assertThat(OutlierDetection.OFF.failurePercentage()).isZero();
        assertThat(OutlierDetection.OFF.successRateStdevFactor()).isZero();
        assertThat(OutlierDetection.OFF.stallTime()).isZero();
        assertThat(OutlierDetection.OFF.latencyFactor()).isZero();
    }

    static Stream<Arguments> badDetections() {
        return Stream.of(
                detection("consecutiveFailures: -1 (expected: >= 0)", b -> b.consecutiveFailures(-1)),
                detection("failurePercentage: -0.5 (expected: 0 to 100)", b -> b.failurePercentage(-0.5)),
                detection("failurePercentage: 100.5 (expected: 0 to 100)", b -> b.failurePercentage(100.5)),
                detection("failurePercentage: NaN (", b -> b.failurePercentage(Double.NaN)),
                detection("minimumVolume: 0 (expected: >= 1)", b -> b.minimumVolume(0)),
                detection("stallTime: PT0.499S (expected: 0 or >= 500 ms)", b -> b.stallTime(Duration.ofMillis(499))),
                detection("latencyFactor: -1.0 (expected: 0 or 1.5 to 1000)", b -> b.latencyFactor(-1)),
                detection("latencyFactor: 1.0 (", b -> b.latencyFactor(1)),
                detection("latencyFactor: 1001.0 (", b -> b.latencyFactor(1001)),
                detection("latencyFactor: NaN (", b -> b.latencyFactor(Double.NaN)),
                detection("latencyFloor: PT-1S (expected: >= 0", b -> b.latencyFloor(Duration.ofSeconds(-1))),
                detection("latencyFloor: " + FOREVER, b -> b.latencyFloor(FOREVER)),
                detection("minimumHosts: 0 (expected: >= 1)", b -> b.minimumHosts(0)),
                detection("trialInterval: PT-1S (expected: >= 0", b -> b.trialInterval(Duration.ofSeconds(-1))),
                detection("consecutiveGatewayFailures: -1 (expected: >= 0)", b -> b.consecutiveGatewayFailures(-1)),
                detection("consecutiveLocalFailures: -1 (expected: >= 0)", b -> b.consecutiveLocalFailures(-1)),
                detection(
                        "successRateStdevFactor: NaN (expected: 0 to 100)", b -> b.successRateStdevFactor(Double.NaN)),
                detection("successRateMinimumVolume: 0 (expected: >= 1)", b -> b.successRateMinimumVolume(0)),
                detection("successRateMinimumHosts: 1 (expected: >= 2)", b -> b.successRateMinimumHosts(1)),
                detection("significance: 0.0 (expected: > 0 and <= 1)", b -> b.significance(0)),
                detection("significance: 1.5 (expected: > 0 and <= 1)", b -> b.significance(1.5)),
                detection("maxEjectionTimeJitter: PT-1S (", b -> b.maxEjectionTimeJitter(Duration.ofSeconds(-1))),
                detection("window: PT0.5S (", b -> b.window(Duration.ofMillis(500))),
                detection("window: PT1.5S (", b -> b.window(Duration.ofMillis(1500))),
                detection("window: PT1H1S (expected: 1 s to 1 h in", b -> b.window(Duration.ofSeconds(3601))),
                detection("baseEjectionTime: PT0S (", b -> b.baseEjectionTime(Duration.ZERO)),
                detection("baseEjectionTime: " + FOREVER, b -> b.baseEjectionTime(FOREVER)),
                detection(
                        "maxEjectionTime: PT4S (expected: >= baseEjectionTime PT5S)",
                        b -> b.maxEjectionTime(Duration.ofSeconds(4))),
                detection("maxEjectionTime: " + FOREVER, b -> b.maxEjectionTime(FOREVER)),
                detection("maxEjectedShare: -0.1 (", b -> b.maxEjectedShare(-0.1)),
                detection("maxEjectedShare: 1.1 (expected: 0 to 1)", b -> b.maxEjectedShare(1.1)));
    }

    private static Arguments detection(String message, Consumer<OutlierDetection.Builder> change) {
        return Arguments.of(message, change);
    }

    @ParameterizedTest
    @MethodSource("badDetections")
    void outlierDetection_outOfRange_isRefused(String message, Consumer<OutlierDetection.Builder> change) {
        OutlierDetection.Builder builder = OutlierDetection.builder();
        change.accept(builder);
        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(message);
    }

    @Test
    void slowStart_outOfRange_isRefused() {
        Duration second = Duration.ofSeconds(1);
        assertThatThrownBy(() -> new SlowStart(Duration.ofNanos(-1), 1, 1)).hasMessageStartingWith("window: ");
        assertThatThrownBy(() -> new SlowStart(FOREVER, 1, 1)).hasMessageStartingWith("window: ");
        assertThatThrownBy(() -> new SlowStart(second, 0, 1)).hasMessage("minimum: 0.0 (expected: > 0 and <= 1)");
        assertThatThrownBy(() -> new SlowStart(second, 1.1, 1)).hasMessageStartingWith("minimum: ");
        for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> new SlowStart(second, 0.1, bad)).hasMessageStartingWith("aggression: " + bad);
        }
    }

    /** The first rows are from Envoy's round_robin_lb_test. */
    @ParameterizedTest
    @CsvSource({
        "60, 0.1, 1, 12, 0.2",
        "60, 0.1, 1, 20, 0.3333333333",
        "10, 0.1, 1, 6, 0.6",
        "10, 0.1, 1, 5, 0.5",
        "10, 0.1, 1, 0, 0.1",
        "10, 0.1, 1, 10, 1",
        "10, 0.1, 1, 1000000, 1",
        "10, 0.1, 2, 2.5, 0.5",
        "10, 0.1, 0.5, 5, 0.25",
        "10, 0.5, 1, 4, 0.5",
        "0, 1, 1, 0, 1"
    })
    void slowStart_factor_isEnvoys(long window, double minimum, double aggression, double elapsed, double expected) {
        SlowStart slowStart = new SlowStart(Duration.ofSeconds(window), minimum, aggression);
        assertThat(slowStart.factor((long) (elapsed * TimeUnit.SECONDS.toNanos(1))))
                .isCloseTo(expected, within(1e-9));
    }

    /** The weights of Armeria's ramp of a weight of 100 in ten steps, which has the same formula and rounds down. */
    @ParameterizedTest
    @CsvSource({
        "1, 0.01, 10 20 30 40 50 60 70 80 90 100",
        "2, 0.01, 31 44 54 63 70 77 83 89 94 100",
        "0.5, 0.01, 1 4 9 16 25 36 48 64 81 100",
        "1, 0.5, 50 50 50 50 50 60 70 80 90 100"
    })
    void slowStart_factor_isArmeriasTable(double aggression, double minimum, String weights) {
        SlowStart slowStart = new SlowStart(Duration.ofSeconds(10), minimum, aggression);
        List<String> seen = new ArrayList<>();
        for (int step = 1; step <= 10; step++) {
            double factor = slowStart.factor(TimeUnit.SECONDS.toNanos(step));
            seen.add(String.valueOf((int) (100 * factor)));
        }
        assertThat(String.join(" ", seen)).isEqualTo(weights);
    }

    @Test
    void slowStart_factor_neverFalls() {
        for (double aggression : new double[] {0.3, 1, 4}) {
            SlowStart slowStart = new SlowStart(Duration.ofSeconds(10), 0.05, aggression);
            double last = 0.05;
            for (long ms = 0; ms <= 11_000; ms++) {
                double factor = slowStart.factor(TimeUnit.MILLISECONDS.toNanos(ms));
                if (factor < last || factor > 1) {
                    throw new AssertionError("at " + ms + " ms: " + factor + " after " + last);
                }
                last = factor;
            }
            assertThat(last).isOne();
        }
    }

    @Test
    void limits_defaults_areTheDocumentedOnes() {
        assertThat(ConcurrencyLimit.aimd()).isEqualTo(new AimdLimit(20, 1, 1000, 0.8, Duration.ofSeconds(5)));
        assertThat(ConcurrencyLimit.gradient())
                .isEqualTo(new GradientLimit(20, 1, 1000, 2.5, 0.5, Duration.ofSeconds(60)));
        assertThat(ConcurrencyLimit.fixed(7)).isEqualTo(new FixedLimit(7));
        assertThat(CallQueue.DEFAULT).isEqualTo(new CallQueue(100, Duration.ofSeconds(1), Duration.ofMillis(100)));
    }

    static Stream<Arguments> badLimits() {
        Duration second = Duration.ofSeconds(1);
        return Stream.of(
                bad("calls: 0 (expected: >= 1)", () -> ConcurrencyLimit.fixed(0)),
                bad("min: 0 (expected: >= 1)", () -> AimdLimit.builder().min(0).build()),
                bad(
                        "max: 4 (expected: >= min 5)",
                        () -> AimdLimit.builder().min(5).max(4).build()),
                bad(
                        "initial: 20 (expected: 1 to 10)",
                        () -> AimdLimit.builder().max(10).build()),
                bad(
                        "initial: 2 (expected: 5 to 1000)",
                        () -> GradientLimit.builder().min(5).initial(2).build()),
                bad(
                        "backoff: 1.0 (expected: > 0 and < 1)",
                        () -> AimdLimit.builder().backoff(1).build()),
                bad("backoff: 0.0 (", () -> AimdLimit.builder().backoff(0).build()),
                bad(
                        "backoff: NaN (",
                        () -> AimdLimit.builder().backoff(Double.NaN).build()),
                bad(
                        "slow: PT-1S (expected: >= 0, <= 365 days)",
                        () -> AimdLimit.builder().slow(second.negated()).build()),
                bad(
                        "tolerance: 0.9 (expected: 1 to 100)",
                        () -> GradientLimit.builder().tolerance(0.9).build()),
                bad(
                        "smoothing: 0.0 (expected: > 0 and <= 1)",
                        () -> GradientLimit.builder().smoothing(0).build()),
                bad(
                        "remeasure: PT0S (",
                        () -> GradientLimit.builder().remeasure(Duration.ZERO).build()),
                bad("capacity: 0 (expected: >= 1)", () -> new CallQueue(0, second, second)),
                bad("maxWait: PT0S (", () -> new CallQueue(1, Duration.ZERO, second)),
                bad("maxWait: " + FOREVER + " (", () -> new CallQueue(1, FOREVER, second)),
                bad("target: PT-1S (", () -> new CallQueue(1, second, second.negated())));
    }

    private static Arguments bad(String message, Runnable made) {
        return Arguments.of(message, made);
    }

    @ParameterizedTest
    @MethodSource("badLimits")
    void limits_outOfRange_areRefused(String message, Runnable made) {
        assertThatThrownBy(made::run)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(message);
    }
}
