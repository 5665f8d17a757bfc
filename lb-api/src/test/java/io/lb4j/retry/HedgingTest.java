package io.lb4j.retry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.testing.ChiSquare;
import io.lb4j.testing.VirtualTime;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class HedgingTest {
    private static final long MILLI = 1_000_000;

    private final VirtualTime time = new VirtualTime();
    private final SplittableRandom random = new SplittableRandom(3);

    private Hedging hedging(UnaryOperator<HedgePolicy.Builder> settings) {
        return hedging(settings, RetryBudget.unlimited());
    }

    private Hedging hedging(UnaryOperator<HedgePolicy.Builder> settings, RetryBudget retries) {
        return new Hedging(settings.apply(HedgePolicy.builder()).build(), retries, time);
    }

    private void learn(Hedging hedging, long nanos) {
        for (int i = 0; i < 200; i++) {
            time.advance(Duration.ofMillis(1));
            hedging.onLatency(nanos);
        }
    }

    @Test
    void delay_nothingLearned_isTheInitialOne() {
        Hedging hedging = hedging(policy -> policy.initialDelay(Duration.ofMillis(30)));
        assertThat(hedging.delayNanos()).isEqualTo(30 * MILLI);
        assertThat(hedging)
                .asString()
                .startsWith("Hedging[nothing learned yet, HedgePolicy[percentile=98.0, earlyPercentile=95.0");
    }

    @Test
    void delay_learned_isThePercentileWithinItsBounds() {
        Hedging hedging =
                hedging(policy -> policy.minDelay(Duration.ofMillis(5)).maxDelay(Duration.ofMillis(50)));
        learn(hedging, 20 * MILLI);
        assertThat(hedging.delayNanos()).isBetween(20 * MILLI, 21 * MILLI);
        assertThat(hedging).asString().startsWith("Hedging[usual: 2");

        Hedging quick = hedging(policy -> policy.minDelay(Duration.ofMillis(5)));
        learn(quick, MILLI);
        assertThat(quick.delayNanos()).isEqualTo(5 * MILLI);

        Hedging slow = hedging(policy -> policy.maxDelay(Duration.ofMillis(50)));
        learn(slow, 500 * MILLI);
        assertThat(slow.delayNanos()).isEqualTo(50 * MILLI);
    }

    @Test
    void tryHedge_retryBudgetSpent_isRefused() {
        RetryBudget retries = new RetryBudget(0, 0, time);
        Hedging hedging = hedging(policy -> policy.maxExtraLoad(1), retries);
        hedging.onCall();
        assertThat(hedging.hasRoom()).isFalse();
        assertThat(hedging.tryHedge()).isFalse();
        assertThat(hedging(policy -> policy.maxExtraLoad(1), RetryBudget.unlimited()))
                .satisfies(free -> {
                    free.onCall();
                    assertThat(free.hasRoom()).isTrue();
                });
    }

    @Test
    void tryHedge_noRoomForHedges_leavesTheRetriesTheirs() {
        RetryBudget retries = new RetryBudget(0, 1, time);
        Hedging hedging = hedging(policy -> policy, retries);
        hedging.onCall();
        for (int i = 0; i < 1000; i++) {
            assertThat(hedging.tryHedge()).isFalse();
        }
        assertThat(retries.tryRetry()).isTrue();
    }

    /**
     * What is learnt when some first attempts are overtaken is what would be learnt if all were waited for: calls
     * stay late as often as the percentile says.
     */
    @Test
    void percentile_lateCallsOvertaken_doesNotDrift() {
        Hedging hedging = hedging(policy -> policy);
        long[] counts = new long[2];
        int calls = 0;
        for (int i = 0; i < 400_000; i++) {
            time.advance(Duration.ofMillis(1));
            hedging.onCall();
            long delay = hedging.delayNanos();
            long first = exponential();
            long took = first;
            if (first > delay && hedging.tryHedge()) {
                took = Math.min(first, delay + exponential());
            }
            hedging.onLatency(took);
            // One call in fifty: neighbours share a percentile that is a bit off in the same direction.
            if (i > 20_000 && i % 50 == 0) {
                counts[first > delay ? 1 : 0]++;
                calls++;
            }
        }
        assertThat(calls).isGreaterThan(7000);
        assertThat(ChiSquare.excess(counts, new double[] {98, 2})).isLessThanOrEqualTo(1);
    }

    /** Every call slow at once: the extra load stays below its share, at once and for as long as it lasts. */
    @Test
    void load_allCallsSlowAtOnce_growsByTheShareAtMost() {
        Hedging hedging = hedging(policy -> policy);
        int hedges = 0;
        int late = 0;
        for (int i = 0; i < 60_000; i++) {
            time.advance(Duration.ofMillis(1));
            hedging.onCall();
            boolean slow = i >= 30_000 && i < 31_000;
            long latency = slow ? 500 * MILLI : 10 * MILLI;
            if (latency > hedging.delayNanos()) {
                late++;
                hedges += hedging.tryHedge() ? 1 : 0;
            }
            hedging.onLatency(latency);
            assertThat(hedges).isLessThanOrEqualTo(10 + 1000 / 20);
        }
        assertThat(late).isGreaterThan(300);
        assertThat(hedges).isGreaterThanOrEqualTo(10);
    }

    private long exponential() {
        return (long) (-Math.log(1 - random.nextDouble()) * 10 * MILLI);
    }

    @ParameterizedTest
    @CsvSource({
        "SAFE, true, true, true",
        "SAFE, false, true, false",
        "SAFE, false, false, false",
        "IDEMPOTENT, true, true, true",
        "IDEMPOTENT, false, true, true",
        "IDEMPOTENT, false, false, false",
        "ALL, false, false, true"
    })
    void calls_decideWhatIsHedged_andABodyThatCanBeSentOnceNever(
            HedgePolicy.Calls calls, boolean safe, boolean idempotent, boolean allowed) {
        HedgePolicy policy = HedgePolicy.builder().calls(calls).build();
        assertThat(policy.allows(safe, idempotent, true)).isEqualTo(allowed);
        assertThat(policy.allows(safe, idempotent, false)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(doubles = {49.9, 100, Double.NaN})
    void percentile_outOfRange_isRefused(double value) {
        assertThatThrownBy(() -> HedgePolicy.builder().percentile(value).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("percentile: " + value + " (expected: 50 to 99.99)");
    }

    @ParameterizedTest
    @ValueSource(doubles = {49.9, 98.1, Double.NaN})
    void earlyPercentile_outOfRange_isRefused(double value) {
        assertThatThrownBy(() -> HedgePolicy.builder().earlyPercentile(value).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("earlyPercentile: " + value + " (expected: 50 to percentile 98.0)");
    }

    @Test
    void percentile_set_isTakenHoweverLateItIs() {
        assertThat(HedgePolicy.builder().percentile(99).build().earlyPercentile())
                .isEqualTo(99);
        assertThat(HedgePolicy.builder()
                        .percentile(99)
                        .earlyPercentile(97)
                        .build()
                        .earlyPercentile())
                .isEqualTo(97);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 1.1, Double.NaN})
    void maxExtraLoad_outOfRange_isRefused(double value) {
        assertThatThrownBy(() -> HedgePolicy.builder().maxExtraLoad(value).build())
                .hasMessage("maxExtraLoad: " + value + " (expected: > 0 and <= 1)");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1001})
    void maxBurst_outOfRange_isRefused(int value) {
        assertThatThrownBy(() -> HedgePolicy.builder().maxBurst(value).build())
                .hasMessage("maxBurst: " + value + " (expected: 1 to 1000)");
    }

    @Test
    void delays_outOfRange_areRefused() {
        assertThatThrownBy(() ->
                        HedgePolicy.builder().minDelay(Duration.ofNanos(-1)).build())
                .hasMessage("minDelay: PT-0.000000001S (expected: >= 0)");
        assertThatThrownBy(() -> HedgePolicy.builder()
                        .minDelay(Duration.ofSeconds(2))
                        .maxDelay(Duration.ofSeconds(1))
                        .build())
                .hasMessage("maxDelay: PT1S (expected: >= minDelay PT2S)");
        assertThatThrownBy(
                        () -> HedgePolicy.builder().maxDelay(Duration.ofDays(2)).build())
                .hasMessage("maxDelay: PT48H (expected: <= 1 day)");
        assertThatThrownBy(() ->
                        HedgePolicy.builder().initialDelay(Duration.ofNanos(-1)).build())
                .hasMessage("initialDelay: PT-0.000000001S (expected: >= 0)");
        assertThatThrownBy(() ->
                        HedgePolicy.builder().initialDelay(Duration.ofDays(2)).build())
                .hasMessage("initialDelay: PT48H (expected: <= 1 day)");
    }
}
