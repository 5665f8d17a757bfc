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
import java.util.stream.IntStream;
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

    private void succeed(RetryBudget budget, int seconds, int callsPerSecond) {
        for (int i = 0; i < seconds * callsPerSecond; i++) {
            budget.onSuccess();
            time.advance(Duration.ofNanos(1_000_000_000 / callsPerSecond));
        }
    }

    @Test
    void ratio_givesThatShareOfTheSuccesses() {
        RetryBudget budget = new RetryBudget(0.2, 0, time);
        assertThat(drain(budget)).isZero();
        int retries = 0;
        for (int i = 0; i < 10_000; i++) {
            budget.onSuccess();
            retries += budget.tryRetry() ? 1 : 0;
        }
        assertThat(retries).isEqualTo(2000);
    }

    @Test
    void floor_givesThatManyPerSecond() {
        RetryBudget budget = new RetryBudget(0, 10, time);
        assertThat(drain(budget)).as("three seconds' at once").isEqualTo(30);
        int retries = 0;
        for (int i = 0; i < 60_000; i++) {
            time.advance(Duration.ofMillis(1));
            retries += budget.tryRetry() ? 1 : 0;
        }
        assertThat(retries).isBetween(570, 600);
    }

    /** 200 calls a second; each makes the retries given after another, as far as they are allowed. */
    private long refusedRetries(RetryBudget budget, int calls, int retriesOfEach, boolean answeredAtLast) {
        long made = 0;
        for (int i = 0; i < calls; i++) {
            for (int k = 0; k < retriesOfEach && budget.tryRetryRefused(); k++) {
                made++;
            }
            if (answeredAtLast) {
                budget.onSuccess();
            }
            time.advance(Duration.ofMillis(5));
        }
        return made;
    }

    @Test
    void refusedConnections_areFreeWhileSomebodyAnswers() {
        RetryBudget budget = new RetryBudget(0.2, 10, time);
        assertThat(refusedRetries(budget, 2000, 7, true)).isEqualTo(14_000);
    }

    @Test
    void refusedConnections_countWhenNobodyAnswersAnyMore() {
        RetryBudget budget = new RetryBudget(0.2, 0, time);
        refusedRetries(budget, 200, 1, true);
        assertThat(refusedRetries(budget, 2000, 7, false))
                .as("a fifth of the second in which somebody answered")
                .isBetween(36L, 40L);
    }

    @Test
    void refusedConnections_whenSomebodyAnswersAgain_countForOneMoreSecond() {
        RetryBudget budget = new RetryBudget(0.2, 0, time);
        refusedRetries(budget, 200, 1, true);
        refusedRetries(budget, 600, 7, false);
        assertThat(refusedRetries(budget, 200, 7, true)).isLessThanOrEqualTo(40);
        assertThat(refusedRetries(budget, 200, 7, true)).isBetween(1000L, 1400L);
        assertThat(refusedRetries(budget, 200, 7, true)).isEqualTo(1400);
    }

    @Test
    void refusedConnections_andOtherRetriesShareTheBound() {
        RetryBudget budget = new RetryBudget(0.2, 0, time);
        refusedRetries(budget, 200, 0, true);
        int made = 0;
        while (budget.hasRetry()) {
            assertThat(made++ % 2 == 0 ? budget.tryRetry() : budget.tryRetryRefused())
                    .isTrue();
        }
        assertThat(made).isBetween(36, 40);
        assertThat(budget.tryRetry() || budget.tryRetryRefused()).isFalse();
        budget.onSuccess();
        assertThat(drain(budget)).as("the half that followed refusals").isEqualTo(made / 2);
    }

    @Test
    void anySecond_hasNoMoreRetriesThanItsShare() {
        RetryBudget budget = new RetryBudget(0.2, 0, time);
        List<Integer> made = new ArrayList<>();
        for (int millis = 0; millis < 20_000; millis++) {
            int retries = 0;
            if (millis % 5 == 0) {
                budget.onSuccess();
                while (millis > 3000 && budget.tryRetry()) {
                    retries++;
                }
            }
            made.add(retries);
            time.advance(Duration.ofMillis(1));
        }
        for (int from = 0; from + 1000 <= made.size(); from++) {
            assertThat(made.subList(from, from + 1000).stream()
                            .mapToInt(each -> each)
                            .sum())
                    .as("the second from %d ms on, of 200 successes", from)
                    .isLessThanOrEqualTo(40);
        }
    }

    @Test
    void floor_isNotOnTopOfTheShare() {
        RetryBudget budget = new RetryBudget(0.2, 10, time);
        for (int i = 0; i < 1000; i++) {
            budget.onSuccess();
        }
        assertThat(drain(budget)).isEqualTo(200);
    }

    @Test
    void quietTime_storesThreeSecondsOfTheFloorAtMost() {
        RetryBudget budget = new RetryBudget(0.2, 10, time);
        time.advance(Duration.ofDays(365));
        assertThat(drain(budget)).isEqualTo(30);
    }

    @Test
    void busyTime_storesWhatOneSecondsSuccessesDeposit() {
        RetryBudget budget = new RetryBudget(0.5, 0, time);
        for (int i = 0; i < 100_000; i++) {
            budget.onSuccess();
            time.advance(Duration.ofMillis(1));
        }
        assertThat(drain(budget)).isBetween(450, 500);
        time.advance(Duration.ofSeconds(1));
        assertThat(budget.tryRetry()).isFalse();
    }

    /** Both after a quiet hour and after a busy one. */
    @ParameterizedTest
    @ValueSource(ints = {0, 3600})
    void everythingDown_retriesAreThoseOfTheLastSuccessesAndThenTheFloor(int healthySeconds) {
        RetryBudget budget = new RetryBudget(0.2, 10, time);
        time.advance(Duration.ofHours(1));
        succeed(budget, healthySeconds, 200);
        // 200 calls a second, each of which would be made three times in all.
        int[] retries = new int[10];
        for (int second = 0; second < retries.length; second++) {
            for (int call = 0; call < 200; call++) {
                for (int attempt = 2; attempt <= 3 && budget.tryRetry(); attempt++) {
                    retries[second]++;
                }
                time.advance(Duration.ofMillis(5));
            }
        }
        assertThat(retries[0])
                .as("a fifth of the second before, or three seconds of the floor")
                .isBetween(healthySeconds == 0 ? 30 : 36, healthySeconds == 0 ? 30 : 40);
        for (int second = 1; second + 2 < retries.length; second++) {
            assertThat(retries[second] + retries[second + 1] + retries[second + 2])
                    .as("three seconds from " + second + " on")
                    .isLessThanOrEqualTo(30);
        }
        assertThat(IntStream.of(retries).sum())
                .as("of 2000 calls, a tenth of which would be 200")
                .isBetween(100, 130);
    }

    /** What a success gives, it gives for a second: after a standstill of two there is the floor. */
    @Test
    void successes_countForOneSecond() {
        RetryBudget budget = new RetryBudget(0.2, 0, time);
        for (int i = 0; i < 1000; i++) {
            budget.onSuccess();
        }
        time.advance(Duration.ofMillis(900));
        assertThat(budget.hasRetry()).isTrue();
        time.advance(Duration.ofMillis(100));
        assertThat(drain(budget)).as("the one that is saved").isOne();
    }

    /** Half of ten instances die at once: it takes a run of five failures on each to find out, at any traffic. */
    @ParameterizedTest
    @ValueSource(ints = {5, 20, 200, 2000})
    void someDown_thereAreRetriesEnoughToFindOut(int callsPerSecond) {
        RetryBudget budget = new RetryBudget(0.2, 10, time);
        int refused = 0;
        succeed(budget, 10, callsPerSecond);
        for (int failures = 0; failures < 28; failures++) {
            budget.onSuccess();
            refused += budget.tryRetry() ? 0 : 1;
            budget.onSuccess();
            time.advance(Duration.ofNanos(2_000_000_000L / callsPerSecond));
        }
        assertThat(refused).isZero();
    }

    @Test
    void tinyRatio_atLowTraffic_stillSavesUpOne() {
        RetryBudget budget = new RetryBudget(0.01, 0, time);
        int retries = 0;
        for (int i = 0; i < 1000; i++) {
            budget.onSuccess();
            time.advance(Duration.ofMillis(100));
            retries += budget.tryRetry() ? 1 : 0;
        }
        assertThat(retries).isEqualTo(10);
    }

    @Test
    void tinyRatio_inOneInstant_stillSavesUpOne() {
        RetryBudget budget = new RetryBudget(0.001, 0, time);
        for (int i = 0; i < 999; i++) {
            budget.onSuccess();
        }
        assertThat(budget.tryRetry()).isFalse();
        budget.onSuccess();
        assertThat(drain(budget)).isOne();
    }

    @Test
    void zero_givesNothing() {
        RetryBudget budget = new RetryBudget(0, 0, time);
        budget.onSuccess();
        time.advance(Duration.ofHours(1));
        assertThat(budget.tryRetry()).isFalse();
    }

    @Test
    void largest_doesNotOverflow() {
        RetryBudget budget = new RetryBudget(10, 1_000_000, time);
        time.advance(Duration.ofDays(100 * 365));
        budget.onSuccess();
        assertThat(budget.tryRetry()).isTrue();
    }

    @Test
    void unlimited_neverRefuses() {
        RetryBudget budget = RetryBudget.unlimited();
        budget.onSuccess();
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
                        budget.onSuccess();
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
