package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.balancer.Lease;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class PeakEwmaTest {
    private static final long MS = 1_000_000;
    private static final long SECOND = 1000 * MS;
    private static final Outcome BUSY = Outcome.overloaded(Duration.ZERO);

    /** The tracker alone, on a clock of its own. */
    @Nested
    final class Cost {
        /** Times of the estimate are in units of 1.05 ms. */
        private static final Percentage ROUNDING = Percentage.withPercentage(0.02);

        private final PeakResponseTime tracker = new PeakResponseTime(ResponseTime.decay(Duration.ofSeconds(10)));
        private long now = Long.MAX_VALUE - 5 * SECOND;

        private void call(long nanos, Outcome outcome) {
            long start = now;
            tracker.onStart(start);
            now += nanos;
            tracker.onEnd(outcome, start, now);
        }

        private double cost(int inFlight) {
            return tracker.cost(inFlight, now);
        }

        @Test
        void cost_finaglesVectors_areMet() {
            call(100 * MS, Outcome.SUCCESS);
            assertThat(cost(0)).isEqualTo(1e8);
            now += 10 * SECOND;
            assertThat(cost(0)).isCloseTo(36_787_944, ROUNDING);
        }

        @Test
        void cost_quickerAnswerASecondLater_falls() {
            call(100 * MS, Outcome.SUCCESS);
            now += SECOND - 50 * MS;
            call(50 * MS, Outcome.SUCCESS);
            assertThat(cost(0)).isCloseTo(95_241_871, ROUNDING);
        }

        @Test
        void cost_slowerAnswer_isTakenAtOnce() {
            call(100 * MS, Outcome.SUCCESS);
            call(200 * MS, Outcome.SUCCESS);
            assertThat(cost(0)).isEqualTo(2e8);
        }

        @Test
        void cost_unmeasured_isBestIdleAndWorstBusy() {
            assertThat(cost(0)).isZero();
            assertThat(cost(1)).isEqualTo(1L << 47);
        }

        @Test
        void cost_manyQuickAnswersInOneUnit_areCounted() {
            call(100 * MS, Outcome.SUCCESS);
            for (int i = 0; i < 200_000; i++) {
                call(100_000, Outcome.SUCCESS);
            }
            // 20 s of them leave e^-2 of the 100 ms.
            assertThat(cost(0)).isCloseTo(0.1e6 + 99.9e6 * Math.exp(-2), Percentage.withPercentage(1));
        }

        @Test
        void cost_unfinishedCall_countsWithItsAge() {
            call(10 * MS, Outcome.SUCCESS);
            long hangs = now;
            tracker.onStart(hangs);
            now += 5 * SECOND;
            // Other calls come and go.
            call(10 * MS, Outcome.SUCCESS);
            assertThat(cost(1)).isEqualTo(5.01e9, within(2.0));
            tracker.onEnd(Outcome.IGNORED, hangs, now);
            assertThat(cost(1)).isLessThan(11e6);
        }

        @ParameterizedTest
        @ValueSource(longs = {0, 1, -1, Long.MIN_VALUE, Long.MAX_VALUE})
        void cost_anyOriginOfTime_isTheSame(long origin) {
            now = origin;
            call(100 * MS, Outcome.SUCCESS);
            tracker.onStart(now);
            now += SECOND;
            assertThat(cost(1)).isEqualTo(1e9, within(2.0));
            assertThat(cost(0)).isCloseTo(1e8 * Math.exp(-0.1), ROUNDING);
        }

        @Test
        void cost_failures_riseWithTheirShareAndAreForgiven() {
            call(100 * MS, Outcome.SUCCESS);
            call(1000, Outcome.SERVER_ERROR);
            assertThat(cost(0)).isCloseTo(1e8 * (1 + 10 / 8.0), ROUNDING);
            for (int i = 0; i < 100; i++) {
                call(1000, Outcome.CONNECT_FAILURE);
            }
            assertThat(cost(0)).isCloseTo(11e8, Percentage.withPercentage(1));
            for (int i = 0; i < 60; i++) {
                call(100 * MS, Outcome.SUCCESS);
            }
            assertThat(cost(0)).isCloseTo(1e8, Percentage.withPercentage(1));
        }

        @Test
        void cost_failsAtOnceForMinutes_neverLooksQuick() {
            call(100 * MS, Outcome.SUCCESS);
            for (int i = 0; i < 100; i++) {
                now += 3 * SECOND;
                call(1000, i % 2 == 0 ? Outcome.SERVER_ERROR : BUSY);
                assertThat(cost(0)).isGreaterThan(2e8);
            }
        }

        @Test
        void cost_firstCallFails_isASecondAndAllowsATryLater() {
            call(1000, Outcome.CONNECT_FAILURE);
            assertThat(cost(0)).isGreaterThan(1e9);
            now += 200 * SECOND;
            assertThat(cost(0)).isLessThan(1e4);
        }

        @Test
        void cost_timeout_countsItsDuration() {
            call(100 * MS, Outcome.SUCCESS);
            call(30 * SECOND, Outcome.TIMEOUT);
            assertThat(cost(0)).isGreaterThan(30e9);
        }

        @Test
        void cost_cancelledCalls_countForNothing() {
            call(100 * MS, Outcome.SUCCESS);
            call(0, Outcome.IGNORED);
            call(0, Outcome.IGNORED);
            assertThat(cost(0)).isEqualTo(1e8);
        }

        @Test
        void cost_updatedByManyThreads_staysWithinTheSamples() throws InterruptedException {
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                Thread thread = new Thread(() -> {
                    for (int i = 1; i <= 50_000; i++) {
                        long start = 2L * i * MS;
                        tracker.onStart(start);
                        tracker.onEnd(Outcome.SUCCESS, start, start + 10 * MS);
                    }
                });
                thread.start();
                threads.add(thread);
            }
            for (Thread thread : threads) {
                thread.join();
            }
            now = 100_010 * MS;
            assertThat(tracker.cost(0, now)).isCloseTo(1e7, Percentage.withPercentage(1));
            assertThat(tracker.cost(1, now + SECOND)).isLessThan(1.1e7);
        }
    }

    @Test
    void picks_slowInstance_avoidedWhileOthersShare() {
        try (Rig rig = new Rig(Strategies.peakEwma(), 1).set(Rig.equal(4))) {
            long[] counts = new long[4];
            for (int i = 0; i < 4000; i++) {
                Lease lease = rig.balancer.acquire(PickRequest.plain());
                int index = Rig.index(lease.instance());
                counts[index]++;
                rig.time.advance(Duration.ofMillis(index == 2 ? 50 : 5));
                lease.close(Outcome.SUCCESS);
            }
            assertThat(counts[2]).isBetween(1L, 100L);
            assertThat(counts[0]).isGreaterThan(800);
            assertThat(counts[1]).isGreaterThan(800);
            assertThat(counts[3]).isGreaterThan(800);
        }
    }

    @Test
    void picks_oneFailsAtOnce_isNoBlackHole() {
        try (Rig rig = new Rig(Strategies.peakEwma(), 1).set(Rig.equal(3))) {
            int failed = 0;
            for (int i = 0; i < 3000; i++) {
                Lease lease = rig.balancer.acquire(PickRequest.plain());
                boolean bad = Rig.index(lease.instance()) == 1;
                failed += bad ? 1 : 0;
                rig.time.advance(bad ? Duration.ofNanos(1000) : Duration.ofMillis(10));
                lease.close(bad ? Outcome.CONNECT_FAILURE : Outcome.SUCCESS);
            }
            assertThat(failed).isBetween(1, 30);
        }
    }

    @Test
    void picks_newInstance_isTriedByOneCallAtATime() {
        try (Rig rig = new Rig(Strategies.peakEwma(), 1).set(Rig.equal(2))) {
            for (int i = 0; i < 100; i++) {
                Lease lease = rig.balancer.acquire(PickRequest.plain());
                rig.time.advance(Duration.ofMillis(10));
                lease.close(Outcome.SUCCESS);
            }
            rig.set(Rig.equal(3));
            List<Lease> held = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                held.add(rig.balancer.acquire(PickRequest.plain()));
            }
            assertThat(held).filteredOn(l -> Rig.index(l.instance()) == 2).hasSize(1);
            held.forEach(Lease::close);
        }
    }

    @Test
    void picks_instancesInFlight_followWeights() {
        try (Rig rig = new Rig(Strategies.peakEwma(), 1).set(1, 2, 3)) {
            for (int i = 0; i < 300; i++) {
                Lease lease = rig.balancer.acquire(PickRequest.plain());
                rig.time.advance(Duration.ofMillis(10));
                lease.close(Outcome.SUCCESS);
            }
            List<Lease> held = new ArrayList<>();
            for (int i = 0; i < 600; i++) {
                held.add(rig.balancer.acquire(PickRequest.plain()));
            }
            for (int i = 0; i < 3; i++) {
                assertThat(rig.eligible.get(i).inFlight() / (100.0 * (i + 1))).isBetween(0.85, 1.15);
            }
            held.forEach(Lease::close);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 36.8", "10, 90.5"})
    void decay_asGiven_isUsed(int seconds, double percent) {
        PeakResponseTime tracker = new PeakResponseTime(ResponseTime.decay(Duration.ofNanos((long) (seconds * 1e9))));
        tracker.onStart(0);
        tracker.onEnd(Outcome.SUCCESS, 0, 100 * MS);
        assertThat(tracker.cost(0, 100 * MS + SECOND) / 1e6).isCloseTo(percent, within(0.1));
    }
}
