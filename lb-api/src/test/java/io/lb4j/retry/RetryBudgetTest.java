package io.lb4j.retry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.testing.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RetryBudgetTest {
    private final VirtualTime time = new VirtualTime();

    private static int drain(RetryBudget budget) {
        int retries = 0;
        while (retries < 1_000_000 && budget.tryRetry()) {
            retries++;
        }
        return retries;
    }

    @Test
    void ratio_givesThatShareOfTheCalls() {
        RetryBudget budget = new RetryBudget(0.2, 0, time);
        assertThat(drain(budget)).isZero();
        int retries = 0;
        for (int i = 0; i < 10_000; i++) {
            budget.onCall();
            retries += budget.tryRetry() ? 1 : 0;
        }
        assertThat(retries).isEqualTo(2000);
    }

    @Test
    void floor_givesThatManyPerSecond() {
        RetryBudget budget = new RetryBudget(0, 10, time);
        assertThat(drain(budget)).as("at the start: one second's").isEqualTo(10);
        time.advance(Duration.ofMillis(99));
        assertThat(budget.tryRetry()).isFalse();
        time.advance(Duration.ofMillis(1));
        assertThat(drain(budget)).isEqualTo(1);
        int retries = 0;
        for (int i = 0; i < 60_000; i++) {
            time.advance(Duration.ofMillis(1));
            retries += budget.tryRetry() ? 1 : 0;
        }
        assertThat(retries).isBetween(599, 600);
    }

    @Test
    void quietTime_storesTenSecondsOfTheFloorAtMost() {
        RetryBudget budget = new RetryBudget(0.2, 10, time);
        time.advance(Duration.ofDays(365));
        assertThat(drain(budget)).isEqualTo(100);
    }

    @Test
    void busyTime_storesWhatAHundredCallsDepositAtMost() {
        RetryBudget budget = new RetryBudget(0.5, 0, time);
        for (int i = 0; i < 100_000; i++) {
            budget.onCall();
        }
        assertThat(drain(budget)).isEqualTo(50);
    }

    @Test
    void tinyRatio_stillSavesUpOne() {
        RetryBudget budget = new RetryBudget(0.001, 0, time);
        for (int i = 0; i < 999; i++) {
            budget.onCall();
        }
        assertThat(budget.tryRetry()).isFalse();
        budget.onCall();
        assertThat(drain(budget)).isOne();
    }

    @Test
    void zero_givesNothing() {
        RetryBudget budget = new RetryBudget(0, 0, time);
        budget.onCall();
        time.advance(Duration.ofHours(1));
        assertThat(budget.tryRetry()).isFalse();
    }

    @Test
    void largest_doesNotOverflow() {
        RetryBudget budget = new RetryBudget(10, 1_000_000, time);
        time.advance(Duration.ofDays(100 * 365));
        budget.onCall();
        assertThat(budget.tryRetry()).isTrue();
    }

    @Test
    void unlimited_neverRefuses() {
        RetryBudget budget = RetryBudget.unlimited();
        budget.onCall();
        assertThat(drain(budget)).isEqualTo(1_000_000);
    }

    @ParameterizedTest
    @ValueSource(doubles = {-0.1, 10.1, Double.NaN})
    void ratio_outOfRange_isRefused(double ratio) {
        assertThatThrownBy(() -> new RetryBudget(ratio, 1, time))
                .hasMessage("ratio: " + ratio + " (expected: 0 to 10)");
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 1_000_001})
    void minPerSecond_outOfRange_isRefused(int value) {
        assertThatThrownBy(() -> new RetryBudget(0.2, value, time))
                .hasMessage("minPerSecond: " + value + " (expected: 0 to 1000000)");
    }

    @Test
    void manyThreads_spendNoMoreThanThereIs() throws Exception {
        RetryBudget budget = new RetryBudget(0.1, 0, time);
        int threads = 4;
        int calls = 50_000;
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<Integer>> spent = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                spent.add(pool.submit(() -> {
                    int retries = 0;
                    for (int i = 0; i < calls; i++) {
                        budget.onCall();
                        retries += budget.tryRetry() ? 1 : 0;
                    }
                    return retries;
                }));
            }
            int total = drain(budget);
            for (Future<Integer> part : spent) {
                total += part.get(30, TimeUnit.SECONDS);
            }
            total += drain(budget);
            assertThat(total).isEqualTo(threads * calls / 10);
        } finally {
            pool.shutdownNow();
        }
    }
}
