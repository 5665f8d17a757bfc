package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LongSummaryStatistics;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicLongArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
final class PhaseTest {
    private static final int PICKS = 200_000;

    @Test
    void next_onOneThread_isTheExactOrder() {
        Phase phase = new Phase(5, 8);
        long first = phase.next(3);
        for (int i = 1; i < PICKS; i++) {
            assertThat(phase.next(3)).isEqualTo(first + 3L * i);
        }
        assertThat(phase.isStriped()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8, 100, 1000})
    void stripes_areAPowerOfTwo(int processors) {
        int stripes = new Phase(0, processors).stripeCount();
        assertThat(Integer.bitCount(stripes)).isOne();
        assertThat(stripes).isBetween(2, 64);
    }

    /** However many threads meet, an instance's count is off by less than one for each stripe. */
    @ParameterizedTest
    @ValueSource(ints = {3, 7, 100})
    void next_onManyThreads_isEvenButForOnePickInEachStripe(int n) throws InterruptedException {
        Phase phase = new Phase(1, 4);
        long step = Long.divideUnsigned(-1, n);
        AtomicLongArray counts = new AtomicLongArray(n);
        Thread[] threads = new Thread[16];
        CyclicBarrier start = new CyclicBarrier(threads.length);
        for (int t = 0; t < threads.length; t++) {
            // Unequal, so that stripes are unequally far when all is done.
            int picks = PICKS / (t + 1);
            threads[t] = new Thread(() -> {
                await(start);
                for (int i = 0; i < picks; i++) {
                    counts.getAndIncrement(Fractions.scale(phase.next(step), n));
                }
            });
            threads[t].start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        LongSummaryStatistics seen = new LongSummaryStatistics();
        for (int i = 0; i < n; i++) {
            seen.accept(counts.get(i));
        }
        // One part before the stripes, and each of them.
        assertThat(seen.getMax() - seen.getMin()).isLessThanOrEqualTo(phase.stripeCount() + 1);
        assertThat(seen.getSum()).isEqualTo(total(threads.length));
    }

    private static long total(int threads) {
        long sum = 0;
        for (int t = 0; t < threads; t++) {
            sum += PICKS / (t + 1);
        }
        return sum;
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (InterruptedException | BrokenBarrierException e) {
            throw new IllegalStateException(e);
        }
    }
}
