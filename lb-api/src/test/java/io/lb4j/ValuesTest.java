package io.lb4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Outcome, PickRequest, StateKey, Scheduler, Ticker. */
final class ValuesTest {

    private static final class Someone implements Candidate {
        @Override
        public ServiceInstance instance() {
            return ServiceInstance.of("h", 1);
        }

        @Override
        public int inFlight() {
            return 0;
        }

        @Override
        public <T extends Tracker> T tracker(StateKey<T> key, Supplier<? extends T> factory) {
            return factory.get();
        }
    }

    @ParameterizedTest
    @EnumSource(Outcome.Kind.class)
    void outcome_ofEveryKind_knowsWhetherItFailed(Outcome.Kind kind) throws ReflectiveOperationException {
        Outcome outcome = kind == Outcome.Kind.OVERLOADED
                ? Outcome.overloaded(Duration.ZERO)
                : (Outcome) Outcome.class.getField(kind.name()).get(null);
        assertThat(outcome.kind()).isEqualTo(kind);
        assertThat(outcome.retryAfter()).isZero();
        assertThat(outcome).hasToString(kind.name());
        boolean failure = kind.name().endsWith("FAILURE") || kind.name().matches("TIMEOUT|SERVER_ERROR");
        assertThat(outcome.isFailure()).isEqualTo(failure);
    }

    @Test
    void outcome_overloaded_carriesItsTime() {
        assertThat(Outcome.overloaded(Duration.ofSeconds(7)).retryAfter()).hasSeconds(7);
        assertThat(Outcome.overloaded(Duration.ofSeconds(7))).hasToString("OVERLOADED for PT7S");
        assertThatThrownBy(() -> Outcome.overloaded(Duration.ofNanos(-1)))
                .hasMessage("retryAfter: PT-0.000000001S (expected: >= 0)");
    }

    @Test
    void request_plain_knowsNothing() {
        PickRequest plain = PickRequest.plain();
        assertThat(plain).isSameAs(PickRequest.plain());
        assertThat(plain.hasHash()).isFalse();
        assertThat(plain.hash()).isZero();
        assertThat(plain.attempt()).isZero();
        assertThat(plain.excludedCount()).isZero();
        assertThat(plain.call(Object.class)).isNull();
        assertThat(plain.excludes(new Someone())).isFalse();
        assertThat(plain).hasToString("PickRequest[no key, attempt=0]");
    }

    @Test
    void request_ofKey_hashesIt() {
        assertThat(PickRequest.ofKey("k").hash()).isEqualTo(XxHash64.hash("k"));
        assertThat(PickRequest.ofHash(0).hasHash()).isTrue();
        assertThat(PickRequest.ofHash(255)).hasToString("PickRequest[hash=ff, attempt=0]");
    }

    @Test
    void request_nextAttempt_keepsKeyAndCallAndExcludesTheFailed() {
        Someone first = new Someone();
        Someone second = new Someone();
        PickRequest origin = PickRequest.ofHash(7).withCall("call");
        PickRequest third = origin.nextAttempt(first).nextAttempt(second);
        assertThat(third.attempt()).isEqualTo(2);
        assertThat(third.hash()).isEqualTo(7);
        assertThat(third.call(String.class)).isEqualTo("call");
        assertThat(third.call(Integer.class)).isNull();
        assertThat(third.excludedCount()).isEqualTo(2);
        assertThat(third.excludes(first)).isTrue();
        assertThat(third.excludes(second)).isTrue();
        assertThat(third.excludes(new Someone())).isFalse();
        assertThat(origin.attempt()).isZero();
        assertThat(origin.excludes(first)).isFalse();
        assertThat(third).hasToString("PickRequest[hash=7, attempt=2, call=call]");
        PickRequest elsewhere = origin.avoiding(first);
        assertThat(elsewhere.excludes(first)).isTrue();
        assertThat(elsewhere.excludedCount()).isEqualTo(1);
        assertThat(elsewhere.attempt()).isZero();
        assertThat(third.withCall("other").excludes(first)).isTrue();
    }

    @Test
    void stateKey_isItselfOnly() {
        assertThat(StateKey.create("a")).isNotEqualTo(StateKey.create("a")).hasToString("a");
    }

    @Test
    void ticker_system_runsForward() {
        long before = Ticker.system().nanos();
        assertThat(Ticker.system().nanos() - before).isNotNegative();
    }

    @Test
    void scheduler_shared_runsOnANamedDaemonThreadWithoutTheCallersBaggage() throws Exception {
        AtomicReference<Thread> thread = new AtomicReference<>();
        CountDownLatch done = new CountDownLatch(1);
        Scheduler.shared()
                .schedule(
                        () -> {
                            thread.set(Thread.currentThread());
                            done.countDown();
                        },
                        Duration.ZERO);
        assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(thread.get().isDaemon()).isTrue();
        assertThat(thread.get().getName()).isEqualTo("lb4j");
        assertThat(thread.get().getContextClassLoader()).isSameAs(Scheduler.class.getClassLoader());
        assertThat(Scheduler.shared()).isSameAs(Scheduler.shared());
    }

    @Test
    void scheduler_task_cancelledInTime_doesNotRun() {
        ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1);
        executor.setRemoveOnCancelPolicy(true);
        try {
            AtomicBoolean early = new AtomicBoolean();
            Scheduler scheduler = Scheduler.of(executor);
            Scheduler.Task never = scheduler.schedule(() -> early.set(true), Duration.ofSeconds(Long.MAX_VALUE));
            assertThat(executor.getQueue()).hasSize(1);
            never.cancel();
            never.cancel();
            assertThat(executor.getQueue()).isEmpty();
            AtomicBoolean ran = new AtomicBoolean();
            scheduler.schedule(() -> ran.set(true), Duration.ofMillis(1));
            await().atMost(Duration.ofSeconds(10)).untilTrue(ran);
            assertThat(early).isFalse();
        } finally {
            executor.shutdownNow();
        }
    }
}
