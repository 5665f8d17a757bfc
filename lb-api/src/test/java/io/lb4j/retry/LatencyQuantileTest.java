package io.lb4j.retry;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.testing.ChiSquare;
import io.lb4j.testing.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class LatencyQuantileTest {
    private static final long MILLI = 1_000_000;

    private final VirtualTime time = new VirtualTime();
    private final SplittableRandom random = new SplittableRandom(7);

    /** Lets the estimate take in what it was told, whose age would else be up to a tenth of a second. */
    private void settle(LatencyQuantile quantile, long nanos) {
        time.advance(Duration.ofNanos(LatencyQuantile.REFRESH_NANOS));
        quantile.record(nanos);
    }

    private void feed(LatencyQuantile quantile, Duration during, int perSecond, LongSupplier latency) {
        Duration gap = Duration.ofSeconds(1).dividedBy(perSecond);
        for (Duration passed = Duration.ZERO; passed.compareTo(during) < 0; passed = passed.plus(gap)) {
            time.advance(gap);
            quantile.record(latency.getAsLong());
        }
    }

    private long exponential(double meanMillis) {
        return (long) (-Math.log(1 - random.nextDouble()) * meanMillis * MILLI);
    }

    @ParameterizedTest
    @CsvSource({"50, 1", "90, 3", "95, 0.01", "95, 20", "99, 4000", "99.9, 100"})
    void percentile_ofAnySamples_isTheTrueOneOrUpToAThirtySecondMore(double percentile, double meanMillis) {
        LatencyQuantile quantile = new LatencyQuantile(percentile, percentile, time);
        long[] all = new long[20_001];
        for (int i = 0; i < all.length - 1; i++) {
            all[i] = Math.max(1 << 10, exponential(meanMillis));
            quantile.record(all[i]);
        }
        all[all.length - 1] = (long) (meanMillis * MILLI);
        settle(quantile, all[all.length - 1]);

        Arrays.sort(all);
        long exact = all[(int) Math.ceil(percentile / 100 * all.length) - 1];
        assertThat(quantile.nanos()).isBetween(exact, exact + exact / 32 + 1);
    }

    @ParameterizedTest
    @ValueSource(doubles = {50, 90, 95, 99})
    void percentile_ofManyCalls_isExceededByThatShareOfTheNext(double percentile) {
        LatencyQuantile quantile = new LatencyQuantile(percentile, percentile, time);
        feed(quantile, Duration.ofSeconds(20), 10_000, () -> exponential(10));
        long usual = quantile.nanos();

        long[] counts = new long[2];
        for (int i = 0; i < 2000; i++) {
            counts[exponential(10) < usual ? 0 : 1]++;
        }
        assertThat(ChiSquare.excess(counts, new double[] {percentile, 100 - percentile}))
                .isLessThanOrEqualTo(1);
    }

    /** Of a hundred calls so many take 300 ms, the others 10. */
    @ParameterizedTest
    @CsvSource({"1, 10", "3, 10", "4, 10", "6, 300"})
    void percentile_slowCallsBeginBeforeIt_isTheEarlierOneIfThatIsBeforeThem(int slow, int expectedMillis) {
        LatencyQuantile quantile = new LatencyQuantile(98, 95, time);
        int[] calls = new int[1];
        feed(quantile, Duration.ofSeconds(20), 1000, () -> (calls[0]++ % 100 < slow ? 300 : 10) * MILLI);
        assertThat(quantile.nanos()).isBetween(expectedMillis * MILLI, expectedMillis * MILLI * 33 / 32);
    }

    @Test
    void percentile_noSlowCallsButATail_isNotTheEarlierOne() {
        LatencyQuantile quantile = new LatencyQuantile(98, 95, time);
        LatencyQuantile late = new LatencyQuantile(98, 98, time);
        for (int i = 0; i < 20_000; i++) {
            long nanos = exponential(10);
            quantile.record(nanos);
            late.record(nanos);
        }
        settle(quantile, MILLI);
        settle(late, MILLI);
        assertThat(quantile.nanos()).isEqualTo(late.nanos()).isGreaterThan(35 * MILLI);
    }

    @Test
    void percentile_fewCalls_isUnknown() {
        LatencyQuantile quantile = new LatencyQuantile(95, 95, time);
        for (int i = 0; i < LatencyQuantile.ENOUGH - 2; i++) {
            quantile.record(5 * MILLI);
        }
        settle(quantile, 5 * MILLI);
        assertThat(quantile.nanos()).isZero();
        settle(quantile, 5 * MILLI);
        assertThat(quantile.nanos()).isBetween(5 * MILLI, 5 * MILLI * 33 / 32);
    }

    @Test
    void percentile_serviceBecomesSlowerAndQuickerAgain_followsWithinTheWindow() {
        LatencyQuantile quantile = new LatencyQuantile(95, 95, time);
        feed(quantile, Duration.ofSeconds(30), 100, () -> 10 * MILLI);
        assertThat(quantile.nanos()).isBetween(10 * MILLI, 11 * MILLI);

        // One call in twenty is above the 95th percentile of what was before, so a window's twentieth is enough.
        feed(quantile, Duration.ofSeconds(1), 100, () -> 100 * MILLI);
        assertThat(quantile.nanos()).isBetween(100 * MILLI, 104 * MILLI);

        feed(quantile, Duration.ofSeconds(30), 100, () -> 100 * MILLI);
        feed(quantile, Duration.ofNanos(LatencyQuantile.WINDOW_NANOS).plusMillis(100), 100, () -> 10 * MILLI);
        assertThat(quantile.nanos()).isBetween(10 * MILLI, 11 * MILLI);
    }

    @Test
    void percentile_fewCallsInAnyWindow_keepsEnoughOfThem() {
        LatencyQuantile quantile = new LatencyQuantile(90, 90, time);
        // In any ten seconds there are ten of these calls, and none of them says what is usual.
        for (int i = 0; i < 1000; i++) {
            time.advance(Duration.ofSeconds(1));
            quantile.record((i % 20 == 0 ? 500 : 20) * MILLI);
            if (i >= LatencyQuantile.ENOUGH) {
                assertThat(quantile.nanos()).isBetween(20 * MILLI, 21 * MILLI);
            }
        }
    }

    @Test
    void percentile_afterALongSilence_isOfTheCallsBeforeAndThenOfTheNewOnes() {
        LatencyQuantile quantile = new LatencyQuantile(95, 95, time);
        feed(quantile, Duration.ofSeconds(20), 100, () -> 10 * MILLI);
        time.advance(Duration.ofDays(100 * 365));
        assertThat(quantile.nanos()).isBetween(10 * MILLI, 11 * MILLI);
        feed(quantile, Duration.ofSeconds(11), 100, () -> 2 * MILLI);
        assertThat(quantile.nanos()).isBetween(2 * MILLI, 2 * MILLI * 33 / 32);
    }

    @Test
    void latencies_beyondTheRange_countAsItsEnds() {
        LatencyQuantile low = new LatencyQuantile(95, 95, time);
        LatencyQuantile high = new LatencyQuantile(95, 95, time);
        for (int i = 0; i < 200; i++) {
            low.record(i % 2 == 0 ? 0 : Long.MIN_VALUE);
            high.record(Long.MAX_VALUE);
        }
        settle(low, 0);
        settle(high, Long.MAX_VALUE);
        assertThat(low.nanos()).isBetween(1L, 1100L);
        assertThat(Duration.ofNanos(high.nanos())).isGreaterThan(Duration.ofHours(1));
    }

    @Test
    void manyThreads_loseNoLatency() throws Exception {
        LatencyQuantile quantile = new LatencyQuantile(75, 75, time);
        ExecutorService pool = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> parts = new ArrayList<>();
            for (int t = 1; t <= 4; t++) {
                long latency = t * 10L * MILLI;
                parts.add(pool.submit(() -> {
                    for (int i = 0; i < 50_000; i++) {
                        quantile.record(latency);
                    }
                }));
            }
            for (Future<?> part : parts) {
                part.get(30, TimeUnit.SECONDS);
            }
        } finally {
            pool.shutdownNow();
        }
        // Exactly three quarters took 30 ms or less; one more or one lost would show.
        settle(quantile, 1);
        assertThat(quantile.nanos()).isBetween(30 * MILLI, 31 * MILLI);
        settle(quantile, 40 * MILLI);
        settle(quantile, 40 * MILLI);
        assertThat(quantile.nanos()).isBetween(40 * MILLI, 42 * MILLI);
    }
}
