package io.lb4j.examples.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.affinity.AffinitySettings;
import io.lb4j.health.AimdLimit;
import io.lb4j.health.CallQueue;
import io.lb4j.health.GradientLimit;
import io.lb4j.health.HealthCheck;
import io.lb4j.health.OutlierDetection;
import io.lb4j.health.Probe;
import io.lb4j.health.SlowStart;
import io.lb4j.retry.HedgePolicy;
import io.lb4j.scaling.ScalingPolicy;
import io.lb4j.socket.ConnectionSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The defaults in the tables of docs are those in the code: every setting is listed, with the value it has. */
final class DocsDefaultsTest {
    private static final Pattern ROW = Pattern.compile("\\| `(\\w+)\\.(\\w+)` \\| ([^|]+) \\|.*");

    private static final List<String> FILES =
            List.of("health.md", "overload.md", "okhttp.md", "scaling.md", "layer4.md", "affinity.md");

    static Stream<Arguments> settings() {
        return Stream.of(
                Arguments.of("OutlierDetection", OutlierDetection.DEFAULT),
                Arguments.of("SlowStart", SlowStart.DEFAULT),
                Arguments.of("HealthCheck", HealthCheck.of(Probe.tcp())),
                Arguments.of("AimdLimit", AimdLimit.DEFAULT),
                Arguments.of("GradientLimit", GradientLimit.DEFAULT),
                Arguments.of("CallQueue", CallQueue.DEFAULT),
                Arguments.of("HedgePolicy", HedgePolicy.defaults()),
                Arguments.of("ScalingPolicy", ScalingPolicy.DEFAULT),
                Arguments.of("ConnectionSettings", ConnectionSettings.DEFAULT),
                Arguments.of("AffinitySettings", AffinitySettings.DEFAULT));
    }

    @ParameterizedTest
    @MethodSource("settings")
    void table_everySetting_showsItsDefault(String type, Record defaults) throws Exception {
        Map<String, String> shown = new LinkedHashMap<>();
        List<String> lines = new ArrayList<>();
        for (String file : FILES) {
            lines.addAll(Files.readAllLines(CodeBlock.ROOT.resolve(Path.of("docs", file))));
        }
        for (String line : lines) {
            Matcher row = ROW.matcher(line);
            if (row.matches() && row.group(1).equals(type)) {
                shown.put(row.group(2), row.group(3).trim());
            }
        }
        Map<String, String> actual = new LinkedHashMap<>();
        for (var component : defaults.getClass().getRecordComponents()) {
            Object value = component.getAccessor().invoke(defaults);
            // What is no number is told of in words, unless the table has it.
            if (value instanceof Duration
                    || component.getType().isPrimitive()
                    || shown.containsKey(component.getName())) {
                actual.put(component.getName(), text(value));
            }
        }
        assertThat(shown).isEqualTo(actual);
    }

    private static String text(Object value) {
        if (value instanceof Duration duration) {
            return duration.toMillis() % 60_000 == 0 && !duration.isZero()
                    ? duration.toMinutes() + " min"
                    : duration.toMillis() % 1000 == 0 ? duration.toSeconds() + " s" : duration.toMillis() + " ms";
        }
        return value instanceof Double number && number == Math.rint(number)
                ? String.valueOf(number.longValue())
                : String.valueOf(value);
    }
}
