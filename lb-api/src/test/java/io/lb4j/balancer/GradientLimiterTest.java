package io.lb4j.balancer;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.Candidate;
import io.lb4j.Outcome;
import io.lb4j.ServiceInstance;
import io.lb4j.StateKey;
import io.lb4j.Tracker;
import io.lb4j.health.GradientLimit;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** A limit that is learnt from latency. */
final class GradientLimiterTest {
    private static final long MILLI = 1_000_000;

    private long now = Long.MAX_VALUE - 1000 * MILLI;
    private int inFlight;
    private final Candidate instance = new Candidate() {
        @Override
        public ServiceInstance instance() {
            return ServiceInstance.of("h", 1);
        }

        @Override
        public int inFlight() {
            return inFlight;
        }

        @Override
        public <T extends Tracker> T tracker(StateKey<T> key, Supplier<? extends T> factory) {
            throw new AssertionError();
        }
    };

    private final GradientLimiter limiter =
            new GradientLimiter(GradientLimit.DEFAULT, instance, now, new SplittableRandom(1));

    /** So many calls with the limit in use, each so long. */
    private void calls(int calls, long millis) {
        for (int i = 0; i < calls; i++) {
            calls(1, millis, limiter.limit());
        }
    }

    private void calls(int calls, long millis, int atATime) {
        for (int i = 0; i < calls; i++) {
            long start = now;
            now += millis * MILLI;
            inFlight = atATime;
            limiter.onEnd(Outcome.SUCCESS, start, now);
        }
    }

    @Test
    void firstCalls_makeTheBaseline_andChangeNothing() {
        calls(24, 10);
        assertThat(limiter.limit()).isEqualTo(20);
        calls(20, 25);
        // Two and a half times the baseline is tolerated: 20 + 0.5 × √20.
        assertThat(limiter.limit()).isEqualTo(22);
    }

    @Test
    void latencyRises_shrinksToTheSmallest_andGrowsBack() {
        calls(24, 10);
        calls(200, 45);
        assertThat(limiter.limit()).isLessThan(3);
        calls(400, 45);
        assertThat(limiter.limit()).isEqualTo(1);
        calls(2000, 10);
        assertThat(limiter.limit()).isGreaterThan(40);
    }

    @Test
    void shrinking_isInProportion_atMostByHalf() {
        calls(24, 10);
        calls(20, 32);
        assertThat(limiter.limit()).isEqualTo(15);
        calls(15, 1000);
        assertThat(limiter.limit()).isEqualTo(7);
    }

    @Test
    void shrinking_limitNeverReached_startsFromHalfOfIt() {
        calls(24, 10);
        calls(4, 1000, 2);
        assertThat(limiter.limit()).isEqualTo(5);
    }

    @Test
    void limitNotInUse_doesNotGrow() {
        calls(24, 10);
        calls(1000, 10, 9);
        assertThat(limiter.limit()).isEqualTo(20);
    }

    @Test
    void fewSlowCalls_changeNothing() {
        calls(24, 10);
        for (int i = 0; i < 100; i++) {
            calls(8, 10, 5);
            calls(2, 10_000, 5);
        }
        assertThat(limiter.limit()).isEqualTo(20);
    }

    @Test
    void callsFromBeforeTheLastChange_sayNothing() {
        calls(24, 10);
        long before = now - 1;
        now += 1000 * MILLI;
        inFlight = 20;
        for (int i = 0; i < 1000; i++) {
            limiter.onEnd(Outcome.SUCCESS, before, now);
        }
        assertThat(limiter.limit()).isEqualTo(20);
    }

    @Test
    void dropped_shrinksWithoutABaseline() {
        inFlight = 20;
        limiter.onEnd(Outcome.TIMEOUT, now, now + MILLI);
        assertThat(limiter.limit()).isEqualTo(16);
    }

    @Test
    void baselineOld_andCallsAsQuickAsThen_isKeptWithoutHoldingBack() {
        calls(24, 10);
        for (int i = 0; i < 100_000; i++) {
            calls(1, 10, 5);
            assertThat(limiter.limit()).isEqualTo(20);
        }
    }

    @Test
    void baselineOld_andCallsSlower_isTakenAnewByFewCallsAtATime() {
        calls(24, 10);
        calls(1000, 30);
        assertThat(limiter.limit()).isLessThan(3);
        limiter.change(limit -> 20);
        int held = 0;
        for (int i = 0; i < 20_000; i++) {
            calls(1, 30, Math.max(4, limiter.limit()));
            held += limiter.limit() == 3 ? 1 : 0;
        }
        // Slower for good: the limit comes back, though its growth had to wait for a measurement.
        assertThat(limiter.limit()).isGreaterThan(20);
        assertThat(held).isPositive();
    }

    @Test
    void newBaseline_isAtMostTwiceTheOld() {
        calls(24, 10);
        // Held back after a minute; what it measures then is ten times the old.
        for (int minute = 0; minute < 2; minute++) {
            for (long end = now + 70_000 * MILLI; now - end < 0; ) {
                calls(1, 110);
            }
        }
        // 20 or 40 ms now: 110 is still too long.
        assertThat(limiter.limit()).isLessThanOrEqualTo(3);
        calls(100, 39);
        assertThat(limiter.limit()).isGreaterThan(5);
    }

    @Test
    void callsTakeLessThanHalfTheBaseline_isTakenAnew() {
        calls(24, 100);
        calls(30, 10, 5);
        calls(60, 10, 5);
        // 10 ms is the baseline: 40 is too long.
        calls(400, 40);
        assertThat(limiter.limit()).isLessThan(5);
    }

    @Test
    void limits_stayWithinTheirBounds() {
        GradientLimiter bounded = new GradientLimiter(
                GradientLimit.builder().initial(5).min(4).max(6).build(), instance, now, new SplittableRandom(1));
        for (int i = 0; i < 2000; i++) {
            inFlight = bounded.limit();
            bounded.onEnd(Outcome.SUCCESS, now, now + MILLI);
            now += MILLI;
        }
        assertThat(bounded.limit()).isEqualTo(6);
        for (int i = 0; i < 2000; i++) {
            inFlight = bounded.limit();
            bounded.onEnd(Outcome.SUCCESS, now, now + 100 * MILLI);
            now += 100 * MILLI;
        }
        assertThat(bounded.limit()).isEqualTo(4);
    }
}
