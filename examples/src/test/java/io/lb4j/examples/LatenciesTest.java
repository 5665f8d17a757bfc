package io.lb4j.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class LatenciesTest {
    private final Latencies latencies = new Latencies();

    @ParameterizedTest
    @ValueSource(longs = {1, 15, 16, 31, 32, 33, 1000, 999_999, 1L << 40, Long.MAX_VALUE})
    void percentile_oneValue_isThatValueWithinABucket(long nanos) {
        latencies.record(nanos);

        double expected = nanos / 1e6;
        assertThat(latencies.snapshot().percentileMillis(50)).isBetween(expected, expected * 1.0626);
    }

    @ParameterizedTest
    @ValueSource(doubles = {1, 50, 90, 99, 99.9, 100})
    void percentile_manyValues_agreesWithSorting(double percent) {
        long[] values = new SplittableRandom(7)
                .longs(10_000, 0, 1_000_000_000)
                .map(n -> (n * n) >>> 31)
                .toArray();
        Arrays.stream(values).forEach(latencies::record);
        Arrays.sort(values);

        double exact = values[(int) Math.ceil(values.length * percent / 100) - 1] / 1e6;
        assertThat(latencies.snapshot().percentileMillis(percent)).isCloseTo(exact, within(exact * 0.0626));
    }

    @Test
    void percentile_nothingRecorded_isZero() {
        assertThat(latencies.snapshot().percentileMillis(99)).isZero();
    }

    @Test
    void since_laterCalls_areAllThatCounts() {
        latencies.record(1_000_000_000);
        Latencies.Snapshot before = latencies.snapshot();
        latencies.record(1_000_000);
        latencies.record(2_000_000);

        Latencies.Snapshot later = latencies.snapshot().since(before);

        assertThat(later.count()).isEqualTo(2);
        assertThat(later.percentileMillis(100)).isCloseTo(2, within(0.13));
        assertThat(before.count()).isEqualTo(1);
    }
}
