package io.lb4j.retry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.Outcome;
import java.time.Duration;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RetryPolicyTest {
    private final RandomGenerator random = new SplittableRandom(1);

    @ParameterizedTest
    @CsvSource({
        "NEVER_SENT, false, false, true",
        "NEVER_SENT, false, true, true",
        "NEVER_SENT, true, false, true",
        "NEVER_SENT, true, true, true",
        "REFUSED, false, false, false",
        "REFUSED, false, true, true",
        "REFUSED, true, false, false",
        "REFUSED, true, true, true",
        "MAYBE_PROCESSED, false, false, false",
        "MAYBE_PROCESSED, false, true, false",
        "MAYBE_PROCESSED, true, false, false",
        "MAYBE_PROCESSED, true, true, true"
    })
    void allows_onlyWhatCannotHappenTwice(Delivery delivery, boolean idempotent, boolean replayable, boolean expected) {
        assertThat(RetryPolicy.defaults().allows(1, Outcome.CONNECT_FAILURE, delivery, idempotent, replayable))
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @EnumSource(Outcome.Kind.class)
    void allows_byDefault_everyFailureAndOverload(Outcome.Kind kind) throws ReflectiveOperationException {
        Outcome outcome = kind == Outcome.Kind.OVERLOADED
                ? Outcome.overloaded(Duration.ofSeconds(1))
                : (Outcome) Outcome.class.getField(kind.name()).get(null);
        assertThat(RetryPolicy.defaults().allows(1, outcome, Delivery.NEVER_SENT, true, true))
                .isEqualTo(outcome.isFailure() || kind == Outcome.Kind.OVERLOADED);
        assertThat(RetryPolicy.none().allows(1, outcome, Delivery.NEVER_SENT, true, true))
                .isFalse();
    }

    @Test
    void allows_upToMaxAttempts() {
        RetryPolicy policy = RetryPolicy.builder().maxAttempts(3).build();
        assertThat(policy.maxAttempts()).isEqualTo(3);
        assertThat(policy.allows(2, Outcome.TIMEOUT, Delivery.NEVER_SENT, true, true))
                .isTrue();
        assertThat(policy.allows(3, Outcome.TIMEOUT, Delivery.NEVER_SENT, true, true))
                .isFalse();
    }

    @Test
    void retryOn_limitsTheKinds() {
        RetryPolicy policy =
                RetryPolicy.builder().retryOn(Set.of(Outcome.Kind.TIMEOUT)).build();
        assertThat(policy.allows(1, Outcome.TIMEOUT, Delivery.REFUSED, true, true))
                .isTrue();
        assertThat(policy.allows(1, Outcome.SERVER_ERROR, Delivery.REFUSED, true, true))
                .isFalse();
        assertThatThrownBy(() -> RetryPolicy.builder().retryOn(Set.of(Outcome.Kind.SUCCESS)))
                .hasMessage("retryOn: [SUCCESS] (expected: neither SUCCESS nor IGNORED)");
        assertThatThrownBy(() -> RetryPolicy.builder().retryOn(Set.of(Outcome.Kind.IGNORED)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @CsvSource({"2, 25", "3, 50", "4, 100", "5, 200", "6, 250", "7, 250", "99, 250"})
    void delay_isFullJitterUpToADoublingCeiling(int attempts, long ceilingMillis) {
        int[] tenths = new int[10];
        for (int i = 0; i < 10_000; i++) {
            long nanos = RetryPolicy.defaults()
                    .delay(attempts, Outcome.SERVER_ERROR, Delivery.MAYBE_PROCESSED, random)
                    .toNanos();
            assertThat(nanos).isBetween(0L, ceilingMillis * 1_000_000);
            tenths[(int) Math.min(9, nanos * 10 / (ceilingMillis * 1_000_000))]++;
        }
        double chiSquare = 0;
        for (int count : tenths) {
            chiSquare += (count - 1000.0) * (count - 1000.0) / 1000.0;
        }
        // 9 degrees of freedom, p = 0.0001.
        assertThat(chiSquare).isLessThan(33.72);
    }

    @Test
    void delay_afterNothingWasSent_isNone() {
        assertThat(RetryPolicy.defaults().delay(2, Outcome.CONNECT_FAILURE, Delivery.NEVER_SENT, random))
                .isZero();
    }

    @Test
    void firstRetry_isMadeAtOnce() {
        for (Outcome each : new Outcome[] {Outcome.SERVER_ERROR, Outcome.TIMEOUT, Outcome.TRANSPORT_FAILURE}) {
            assertThat(RetryPolicy.defaults().delay(1, each, Delivery.MAYBE_PROCESSED, random))
                    .isZero();
        }
    }

    @Test
    void firstRetry_afterOverload_isDelayed() {
        assertThat(longest(RetryPolicy.defaults(), 1, Outcome.overloaded(Duration.ZERO)))
                .isBetween(20L, 25L);
    }

    @Test
    void immediateRetries_areCounted() {
        RetryPolicy none = RetryPolicy.builder().immediateRetries(0).build();
        assertThat(longest(none, 1, Outcome.SERVER_ERROR)).isBetween(20L, 25L);
        RetryPolicy three = RetryPolicy.builder().immediateRetries(3).build();
        assertThat(longest(three, 3, Outcome.SERVER_ERROR)).isZero();
        assertThat(longest(three, 4, Outcome.SERVER_ERROR)).isBetween(20L, 25L);
        assertThatThrownBy(() -> RetryPolicy.builder().immediateRetries(-1))
                .hasMessage("immediateRetries: -1 (expected: 0 to 100)");
    }

    /** Of many delays, in milliseconds. */
    private long longest(RetryPolicy policy, int attempts, Outcome outcome) {
        long longest = 0;
        for (int i = 0; i < 1000; i++) {
            longest = Math.max(
                    longest,
                    policy.delay(attempts, outcome, Delivery.MAYBE_PROCESSED, random)
                            .toMillis());
        }
        return longest;
    }

    @Test
    void delays_atTheEdges() {
        RetryPolicy none =
                RetryPolicy.builder().delays(Duration.ZERO, Duration.ZERO).build();
        assertThat(none.delay(5, Outcome.TRANSPORT_FAILURE, Delivery.REFUSED, random))
                .isZero();
        RetryPolicy equal = RetryPolicy.builder()
                .delays(Duration.ofMillis(1), Duration.ofMillis(1))
                .build();
        assertThat(equal.delay(50, Outcome.TRANSPORT_FAILURE, Delivery.REFUSED, random))
                .isBetween(Duration.ZERO, Duration.ofMillis(1));
        assertThatThrownBy(() -> RetryPolicy.builder().delays(Duration.ofMillis(-1), Duration.ofMillis(1)))
                .hasMessage("delays: PT-0.001S, PT0.001S (expected: >= 0, whole ms)");
        assertThatThrownBy(() -> RetryPolicy.builder().delays(Duration.ofNanos(1), Duration.ofMillis(1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> RetryPolicy.builder().delays(Duration.ofMillis(1), Duration.ofNanos(1_000_001)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> RetryPolicy.builder().delays(Duration.ofMillis(2), Duration.ofMillis(1)))
                .hasMessage("delays: max PT0.001S (expected: >= base PT0.002S)");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, 101})
    void maxAttempts_outOfRange_isRefused(int value) {
        assertThatThrownBy(() -> RetryPolicy.builder().maxAttempts(value))
                .hasMessage("maxAttempts: " + value + " (expected: 1 to 100)");
    }

    @Test
    void toString_namesEverySetting() {
        assertThat(RetryPolicy.defaults().toString())
                .startsWith("RetryPolicy[maxAttempts=3, retryOn=[")
                .endsWith(
                        "], baseDelay=PT0.025S, maxDelay=PT0.25S, immediateRetries=1, maxUnsent=7, maxRetryAfter=PT1S]");
    }

    @Test
    void maxUnsent_isNoneForOneAttempt() {
        assertThat(RetryPolicy.defaults().maxUnsent()).isEqualTo(7);
        assertThat(RetryPolicy.builder().maxUnsent(0).build().maxUnsent()).isZero();
        assertThat(RetryPolicy.none().maxUnsent()).isZero();
        assertThat(RetryPolicy.builder().maxAttempts(1).maxUnsent(100).build().maxUnsent())
                .isZero();
        assertThatThrownBy(() -> RetryPolicy.builder().maxUnsent(-1)).hasMessage("maxUnsent: -1 (expected: 0 to 100)");
        assertThatThrownBy(() -> RetryPolicy.builder().maxUnsent(101)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void patience_isWhatWasAskedForUpToTheLimit() {
        RetryPolicy policy =
                RetryPolicy.builder().maxRetryAfter(Duration.ofSeconds(3)).build();
        assertThat(policy.patience(Outcome.overloaded(Duration.ofSeconds(3)))).isEqualTo(Duration.ofSeconds(3));
        assertThat(policy.patience(Outcome.overloaded(Duration.ofMillis(3001)))).isZero();
        assertThat(policy.patience(Outcome.TIMEOUT)).isZero();
        assertThat(RetryPolicy.defaults().patience(Outcome.overloaded(Duration.ofSeconds(1))))
                .isEqualTo(Duration.ofSeconds(1));
        assertThatThrownBy(() -> RetryPolicy.builder().maxRetryAfter(Duration.ofNanos(-1)))
                .hasMessage("maxRetryAfter: PT-0.000000001S (expected: >= 0)");
    }
}
