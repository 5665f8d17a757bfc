package io.lb4j.retry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class HedgeBudgetTest {

    private static int drain(HedgeBudget budget) {
        int hedges = 0;
        while (budget.tryTake()) {
            hedges++;
        }
        return hedges;
    }

    private static void calls(HedgeBudget budget, int count) {
        for (int i = 0; i < count; i++) {
            budget.onCall();
        }
    }

    @ParameterizedTest
    @CsvSource({"0.05, 10", "0.02, 1", "0.3, 7", "1, 3", "0.0007, 2"})
    void everyCallLate_getsTheShareAndNotOneMoreFromTheFirstCallOn(double share, int burst) {
        HedgeBudget budget = new HedgeBudget(share, burst);
        assertThat(budget.tryTake()).isFalse();
        int calls = 20_000;
        long hedges = 0;
        for (int i = 1; i <= calls; i++) {
            budget.onCall();
            hedges += drain(budget);
            assertThat((double) hedges).isLessThanOrEqualTo(share * i + 1e-6);
        }
        assertThat((double) hedges).isGreaterThan(share * calls * 0.97 - 1);
    }

    @Test
    void quietTime_savesUpOneBurst() {
        HedgeBudget budget = new HedgeBudget(0.05, 10);
        calls(budget, 1_000_000);
        assertThat(drain(budget)).isEqualTo(10);
        calls(budget, 199);
        assertThat(budget.hasRoom()).isFalse();
        assertThat(drain(budget)).isZero();
        budget.onCall();
        assertThat(budget.hasRoom()).isTrue();
        assertThat(drain(budget)).isEqualTo(10);
    }

    @ParameterizedTest
    @CsvSource({"0.05, 10, 200", "0.02, 4, 200", "0.3, 7, 24", "0.01, 1, 100"})
    void anyStretch_quietOrLate_hasNoMoreThanTheShare(double share, int burst, int stretch) {
        SplittableRandom random = new SplittableRandom(11);
        HedgeBudget budget = new HedgeBudget(share, burst);
        Deque<Long> last = new ArrayDeque<>();
        double late = 0;
        for (long call = 1; call <= 300_000; call++) {
            if (call % 50 == 0) {
                // Quiet, a few late calls, or all of them, for a while.
                late = Math.max(0, random.nextDouble(-1, 2));
            }
            budget.onCall();
            while (!last.isEmpty() && last.peek() <= call - stretch) {
                last.remove();
            }
            if (random.nextDouble() < late && budget.tryTake()) {
                last.add(call);
            }
            assertThat(last.size()).isLessThanOrEqualTo(burst);
        }
    }

    @Test
    void manyThreads_takeNoMoreThanTheShare() throws Exception {
        HedgeBudget budget = new HedgeBudget(0.1, 5);
        int threads = 4;
        int calls = 50_000;
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        int total = 0;
        try {
            List<Future<Integer>> parts = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                parts.add(pool.submit(() -> {
                    int hedges = 0;
                    for (int i = 0; i < calls; i++) {
                        budget.onCall();
                        hedges += budget.tryTake() ? 1 : 0;
                    }
                    return hedges;
                }));
            }
            for (Future<Integer> part : parts) {
                total += part.get(30, TimeUnit.SECONDS);
            }
        } finally {
            pool.shutdownNow();
        }
        assertThat(total).isPositive().isLessThanOrEqualTo(threads * calls / 10);
        // And no place was lost.
        calls(budget, 50);
        assertThat(drain(budget)).isEqualTo(5);
    }
}
