package io.lb4j.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ScalingPolicyTest {
    static Stream<Arguments> wrong() {
        return Stream.of(
                Arguments.of("target", ScalingPolicy.builder().target(0)),
                Arguments.of("target", ScalingPolicy.builder().target(Double.NaN)),
                Arguments.of("tolerance", ScalingPolicy.builder().tolerance(1)),
                Arguments.of("minInstances", ScalingPolicy.builder().instances(-1, 1)),
                Arguments.of("maxInstances", ScalingPolicy.builder().instances(3, 2)),
                Arguments.of("callsPerSecond", ScalingPolicy.builder().callsPerSecond(-1)),
                Arguments.of("callsInFlight", ScalingPolicy.builder().callsInFlight(Double.POSITIVE_INFINITY)),
                Arguments.of("interval", ScalingPolicy.builder().interval(Duration.ofMillis(99))),
                Arguments.of("scaleOutWindow", ScalingPolicy.builder().scaleOutWindow(Duration.ofDays(2))),
                Arguments.of("scaleInWindow", ScalingPolicy.builder().scaleInWindow(Duration.ofSeconds(-1))),
                Arguments.of("underThreshold", ScalingPolicy.builder().thresholds(-0.1, 0.9)),
                Arguments.of("overThreshold", ScalingPolicy.builder().thresholds(0.5, 0.5)),
                Arguments.of("hysteresis", ScalingPolicy.builder().hysteresis(0.7)),
                Arguments.of("holdTime", ScalingPolicy.builder().holdTime(Duration.ofSeconds(-1))),
                Arguments.of("reportExpiry", ScalingPolicy.builder().reportExpiry(Duration.ofSeconds(-1))));
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void build_outOfRange_errorNamesComponent(String name, ScalingPolicy.Builder builder) {
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, builder::build);
        assertEquals(name, error.getMessage().split(":", 2)[0]);
    }
}
