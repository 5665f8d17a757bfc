package io.lb4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LatenciesTest {
    private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    /** 2^-19 of a float cut short. */
    private static final Percentage PRECISION = Percentage.withPercentage(0.0004);

    @Test
    void median_nothingKnown_isNaN() {
        assertThat(new Latencies(0).median(0, 5)).isNaN();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, Long.MAX_VALUE - 2_000_000_000L, Long.MIN_VALUE, -1})
    void median_oddAndEvenNumberOfCalls_isTheMiddle(long origin) {
        Latencies latencies = new Latencies(origin);
        long now = origin + 3 * SECOND;
        for (long millis : new long[] {9, 1, 5}) {
            latencies.record(3, millis * MILLI, now);
        }
        assertThat(latencies.median(3, now)).isCloseTo(5e6, PRECISION);
        latencies.record(3, 6 * MILLI, now);
        assertThat(latencies.median(3, now)).isCloseTo(5.5 * MILLI, PRECISION);
    }

    @Test
    void median_manyCallsOfOneCrowd_isOfTheLastOnes() {
        Latencies latencies = new Latencies(0);
        for (int i = 1; i <= 1000; i++) {
            latencies.record(2, i * MILLI, SECOND);
        }
        double middleOfLast = 1000 - (Latencies.SAMPLES - 1) / 2.0;
        assertThat(latencies.median(2, SECOND)).isCloseTo(middleOfLast * MILLI, PRECISION);
    }

    @Test
    void median_crowdsOfSeveralSizes_isOfThoseLikeNow() {
        Latencies latencies = new Latencies(0);
        for (int i = 0; i < 20; i++) {
            latencies.record(0, 10 * MILLI, SECOND);
            latencies.record(10, 20 * MILLI, SECOND);
            latencies.record(100, 200 * MILLI, SECOND);
        }
        assertThat(latencies.median(0, SECOND)).isCloseTo(10e6, PRECISION);
        assertThat(latencies.median(11, SECOND)).isCloseTo(20e6, PRECISION);
        assertThat(latencies.median(90, SECOND)).isCloseTo(200e6, PRECISION);
        // Nobody like that: whatever is nearest.
        assertThat(latencies.median(100_000, SECOND)).isCloseTo(200e6, PRECISION);
        assertThat(latencies.median(Integer.MAX_VALUE, SECOND)).isCloseTo(200e6, PRECISION);
    }

    @Test
    void median_fewOfTheExactCrowd_asksTheNeighbours() {
        Latencies latencies = new Latencies(0);
        latencies.record(3, 500 * MILLI, SECOND);
        for (int i = 0; i < 10; i++) {
            latencies.record(2, 10 * MILLI, SECOND);
            latencies.record(4, 12 * MILLI, SECOND);
        }
        assertThat(latencies.median(3, SECOND)).isBetween(10.0 * MILLI, 12.001 * MILLI);
    }

    @Test
    void median_oldAndNewCalls_countsTheNewIfThereAreEnough() {
        Latencies latencies = new Latencies(0);
        for (int i = 0; i < 16; i++) {
            latencies.record(1, 10 * MILLI, SECOND);
        }
        long now = 10 * SECOND;
        for (int i = 0; i < 4; i++) {
            latencies.record(1, 90 * MILLI, now);
        }
        assertThat(latencies.median(1, now)).as("four are too few").isCloseTo(10e6, PRECISION);
        for (int i = 0; i < 4; i++) {
            latencies.record(1, 90 * MILLI, now);
        }
        assertThat(latencies.median(1, now)).as("eight are enough").isCloseTo(90e6, PRECISION);
    }

    @Test
    void median_noCallForAMinute_isNaNAgain() {
        Latencies latencies = new Latencies(0);
        latencies.record(1, 10 * MILLI, SECOND);
        assertThat(latencies.median(1, 60 * SECOND)).isCloseTo(10e6, PRECISION);
        assertThat(latencies.median(1, 62 * SECOND)).isNaN();
    }

    @Test
    void record_extremeLatencies_areKept() {
        for (long latency : new long[] {0, 1, 17, 123_456_789, Long.MAX_VALUE / 2}) {
            Latencies latencies = new Latencies(0);
            latencies.record(1, latency, 5);
            assertThat(latencies.median(1, 5))
                    .as("latency of %d", latency)
                    .isCloseTo((double) Math.max(1, latency), within(Math.max(1, latency) * 4e-6));
        }
    }

    @Test
    void ringOf_allSizes_growsAndStaysInRange() {
        int last = -1;
        for (int others = 0; others < 1 << 20; others++) {
            int ring = Latencies.ringOf(others);
            assertThat(ring - last).isBetween(0, 1);
            last = ring;
        }
        assertThat(Latencies.ringOf(Integer.MAX_VALUE)).isEqualTo(8 + 4 * 28 - 1);
        assertThat(Latencies.ringOf(-1)).isZero();
    }

    @Test
    void median_latencyGrowingWithTheCrowd_followsIt() {
        // A server of 8 cores under processor sharing, crowds at random: the estimate tells crowds apart.
        Latencies latencies = new Latencies(0);
        Random random = new Random(7);
        long now = SECOND;
        for (int i = 0; i < 100_000; i++) {
            int others = random.nextInt(64);
            now += MILLI / 10;
            latencies.record(others, (long) (service(others) * (0.5 + random.nextDouble())), now);
        }
        for (int others = 0; others < 64; others++) {
            assertThat(latencies.median(others, now))
                    .as("median with %d others", others)
                    .isCloseTo(service(others), Percentage.withPercentage(35));
        }
    }

    private static double service(int others) {
        return 10.0 * MILLI * Math.max(1, (others + 1) / 8.0);
    }
}
