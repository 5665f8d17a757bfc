package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.lb4j.Strategy;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class StrategiesTest {

    static Stream<Arguments> mistakes() {
        return Stream.of(
                mistake(() -> Strategies.leastRequest(1), "choices: 1 (expected: >= 2)"),
                mistake(() -> Strategies.leastRequest(1, 0.5), "choices: 1 (expected: >= 2)"),
                mistake(() -> Strategies.leastRequest(2, -0.5), "activeRequestBias: -0.5 (expected: 0 or more"),
                mistake(() -> Strategies.leastRequest(2, Double.NaN), "activeRequestBias: NaN"),
                mistake(() -> Strategies.leastRequest(2, Double.POSITIVE_INFINITY), "activeRequestBias: Infinity"),
                mistake(() -> Strategies.peakEwma(Duration.ZERO), "decay: PT0S (expected: positive"),
                mistake(() -> Strategies.peakEwma(Duration.ofDays(366)), "at most 365 days"),
                mistake(() -> Strategies.weightedByResponseTime(Duration.ofSeconds(-1)), "updatePeriod: PT-1S"),
                mistake(() -> Strategies.ringHash(20, 10), "ring size: 20 to 10 (expected: 1 <= minSize <= maxSize"),
                mistake(() -> Strategies.ringHash(0, 10), "ring size: 0 to 10"),
                mistake(() -> Strategies.ringHash(1, 8_388_609), "8388609"),
                mistake(() -> Strategies.ringHash(0), "hashesPerWeight: 0 (expected: 1 to 65536)"),
                mistake(() -> Strategies.ringHash(65_537), "hashesPerWeight: 65537"),
                mistake(() -> Strategies.maglev(65_536), "tableSize: 65536 (expected: a prime from 2 to 5000011)"),
                mistake(() -> Strategies.maglev(1), "tableSize: 1"),
                mistake(() -> Strategies.maglev(5_000_077), "tableSize: 5000077"),
                mistake(() -> Strategies.boundedLoad(Strategies.maglev(), 1), "factor: 1.0 (expected: > 1 and finite)"),
                mistake(() -> Strategies.boundedLoad(Strategies.maglev(), Double.NaN), "factor: NaN"),
                mistake(() -> Strategies.boundedLoad(Strategies.maglev(), Double.POSITIVE_INFINITY), "Infinity"));
    }

    private static Arguments mistake(ThrowingCallable call, String message) {
        return Arguments.of(call, message);
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void factory_valueOutOfRange_saysWhatItExpected(ThrowingCallable call, String message) {
        assertThatIllegalArgumentException().isThrownBy(call).withMessageContaining(message);
    }

    @Test
    void names_ofAllStrategies_areDifferentWords() {
        List<String> names =
                Subject.ALL.stream().map(each -> each.maker().get().toString()).toList();
        // The default is adaptive().
        assertThat(new HashSet<>(names)).hasSize(names.size() - 1);
        assertThat(names).noneMatch(name -> name.contains("@") || name.contains("$"));
    }

    @Test
    void oneStrategy_twoServices_shareNothing() {
        Strategy strategy = Strategies.roundRobin();
        try (Rig one = new Rig(strategy, () -> 0).set(Rig.equal(3));
                Rig other = new Rig(strategy, () -> 0).set(Rig.equal(3))) {
            int start = one.pick();
            one.pick();
            assertThat(other.pick()).isEqualTo(start);
        }
    }
}
