package io.lb4j.balancer;

import static io.lb4j.balancer.Rig.instances;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.lb4j.InstancesBusyException;
import io.lb4j.NoEligibleInstanceException;
import io.lb4j.NotReadyException;
import io.lb4j.PickRequest;
import io.lb4j.health.CallQueue;
import io.lb4j.health.ConcurrencyLimit;
import io.lb4j.health.SlowStart;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Calls that wait until an instance has room. */
final class QueueTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final Rig rig = new Rig();
    private LoadBalancer balancer;

    /** The call that fills the one instance. */
    private Lease first;

    @BeforeEach
    void open() {
        balancer = rig.builder()
                .emptyListGrace(Duration.ZERO)
                .slowStart(SlowStart.OFF)
                .concurrencyLimit(ConcurrencyLimit.fixed(1))
                .queue(new CallQueue(3, SECOND, Duration.ofMillis(100)))
                .build();
        rig.set(instances(1));
        first = balancer.acquire(PickRequest.plain());
    }

    @AfterEach
    void nothingLeaks() {
        balancer.close();
        rig.time.runDue();
        assertThat(rig.time.pending()).as("timers after close").isZero();
        assertThat(balancer.waiting()).isZero();
    }

    private CompletableFuture<Lease> wait(Duration maxWait) {
        return balancer.acquireAsync(PickRequest.plain(), maxWait);
    }

    private List<CompletableFuture<Lease>> waiting(int count) {
        List<CompletableFuture<Lease>> calls = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            calls.add(wait(SECOND));
        }
        return calls;
    }

    private static void assertRefused(CompletableFuture<Lease> call, String why) {
        assertThat(call).isCompletedExceptionally();
        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(call::get)
                .havingCause()
                .isInstanceOf(InstancesBusyException.class)
                .withMessageContaining(why);
    }

    @Test
    void room_oneCloses_servesOneInTurn() {
        List<CompletableFuture<Lease>> calls = waiting(3);
        assertThat(balancer.waiting()).isEqualTo(3);
        first.close();
        assertThat(calls).extracting(CompletableFuture::isDone).containsExactly(true, false, false);
        calls.get(0).join().close();
        assertThat(calls).extracting(CompletableFuture::isDone).containsExactly(true, true, false);
        calls.get(1).join().close();
        calls.get(2).join().close();
        assertThat(wait(SECOND)).isCompleted();
    }

    @Test
    void room_whileOthersWait_isNotForThoseWhoDoNot() {
        CompletableFuture<Lease> call = wait(SECOND);
        assertThatExceptionOfType(InstancesBusyException.class)
                .isThrownBy(() -> balancer.acquire(PickRequest.plain()))
                .withMessageContaining("1 wait in a queue for 3");
        first.close();
        assertThat(call).isCompleted();
    }

    @Test
    void queueThatStands_servesTheNewestAndLosesTheOldest() {
        List<CompletableFuture<Lease>> calls = waiting(3);
        rig.advanceMillis(100);
        // A burst up to now: the one that comes too late is refused.
        assertRefused(wait(SECOND), "3 wait in a queue for 3; there was no place for one more");
        rig.advanceMillis(1);
        CompletableFuture<Lease> newest = wait(SECOND);
        assertRefused(calls.get(0), "newer calls came first");
        first.close();
        assertThat(newest).isCompleted();
        assertThat(calls.get(1)).isNotDone();
        newest.join().close();
        assertThat(calls.get(2)).isCompleted();
        calls.get(2).join().close();
        assertThat(calls.get(1)).isCompleted();
        calls.get(1).join().close();
        // It was empty: what comes now is a burst again.
        Lease full = balancer.acquire(PickRequest.plain());
        List<CompletableFuture<Lease>> burst = waiting(2);
        full.close();
        assertThat(burst.get(0)).isCompleted();
        assertThat(burst.get(1)).isNotDone();
    }

    @Test
    void wait_tooLong_endsAtItsOwnTime() {
        CompletableFuture<Lease> patient = wait(Duration.ofDays(1));
        CompletableFuture<Lease> hasty = wait(Duration.ofMillis(200));
        CompletableFuture<Lease> between = wait(Duration.ofMillis(300));
        rig.advanceMillis(199);
        assertThat(hasty).isNotDone();
        rig.advanceMillis(1);
        assertRefused(hasty, "2 wait in a queue for 3; none got free in time");
        assertThat(between).isNotDone();
        rig.advanceMillis(100);
        assertThat(between).isCompletedExceptionally();
        // The queue's own limit.
        rig.advanceMillis(699);
        assertThat(patient).isNotDone();
        rig.advanceMillis(1);
        assertThat(patient).isCompletedExceptionally();
        assertThat(balancer.waiting()).isZero();
    }

    @Test
    void givenUp_leavesItsPlace() {
        List<CompletableFuture<Lease>> calls = waiting(3);
        calls.get(0).cancel(false);
        assertThat(balancer.waiting()).isEqualTo(2);
        assertThat(wait(SECOND)).isNotDone();
        first.close();
        assertThat(calls.get(1)).isCompleted();
        assertThat(calls.get(1).cancel(false)).isFalse();
        calls.get(1).join().close();
        assertThat(calls.get(2)).isCompleted();
    }

    @Test
    void givenUpByOtherMeans_leavesItsPlaceToo() {
        List<CompletableFuture<Lease>> calls = waiting(2);
        calls.get(0).completeExceptionally(new IllegalStateException("changed my mind"));
        assertThat(balancer.waiting()).isEqualTo(1);
        first.close();
        assertThat(calls.get(1)).isCompleted();
        assertThat(Rig.report(balancer, "a").inFlight()).isEqualTo(1);
    }

    @Test
    void completedByMistake_passesItsTurnOn() {
        List<CompletableFuture<Lease>> calls = waiting(2);
        calls.get(0).complete(first);
        first.close();
        assertThat(calls.get(1)).isCompleted();
        assertThat(Rig.report(balancer, "a").inFlight()).isEqualTo(1);
    }

    /** Each of those who are served has done at once, on the thread that serves. */
    @Test
    void leasesClosedAtOnce_longQueue_allServedOnOneStack() {
        LoadBalancer wide = rig.builder()
                .slowStart(SlowStart.OFF)
                .concurrencyLimit(ConcurrencyLimit.fixed(1))
                .queue(new CallQueue(50_000, SECOND, SECOND))
                .build();
        rig.time.runDue();
        Lease full = wide.acquire(PickRequest.plain());
        AtomicInteger served = new AtomicInteger();
        for (int i = 0; i < 50_000; i++) {
            CompletionStage<Void> unused = wide.acquireAsync(PickRequest.plain(), SECOND)
                    .thenAccept(lease -> {
                        served.incrementAndGet();
                        lease.close();
                    });
        }
        full.close();
        assertThat(served).hasValue(50_000);
        assertThat(wide.waiting()).isZero();
        wide.close();
    }

    /** A thread that serves may ask for a lease itself, also by the method that blocks. */
    @Test
    void acquire_whileServing_isServedToo() {
        List<String> served = new ArrayList<>();
        CompletionStage<Void> unused = wait(SECOND).thenAccept(lease -> {
            lease.close();
            Lease again = balancer.acquire(PickRequest.plain(), SECOND);
            served.add(again.instance().id());
            again.close();
        });
        CompletableFuture<Lease> behind = wait(SECOND).whenComplete((lease, error) -> lease.close());
        first.close();
        assertThat(behind).isCompleted();
        assertThat(served).containsExactly("a");
    }

    @Test
    void furtherAttempt_doesNotWait() {
        PickRequest next = PickRequest.plain().nextAttempt(first.candidate());
        assertRefused(balancer.acquireAsync(next, SECOND), "this one was not to wait");
        assertThat(balancer.waiting()).isZero();
        assertRefused(wait(Duration.ZERO), "this one was not to wait");
        assertRefused(wait(Duration.ofSeconds(-1)), "this one was not to wait");
    }

    @Test
    void newInstance_takesThoseWhoWait() {
        List<CompletableFuture<Lease>> calls = waiting(2);
        rig.set(instances(2));
        assertThat(calls.get(0)).isCompleted();
        assertThat(calls.get(0).join().instance().id()).isEqualTo("b");
        assertThat(calls.get(1)).isNotDone();
    }

    @Test
    void noInstanceLeft_failsThoseWhoWait() {
        CompletableFuture<Lease> call = wait(SECOND);
        rig.set(List.of());
        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(call::get)
                .withCauseInstanceOf(NoEligibleInstanceException.class);
        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(() -> wait(SECOND).get())
                .withCauseInstanceOf(NoEligibleInstanceException.class);
    }

    @Test
    void close_failsThoseWhoWait() {
        CompletableFuture<Lease> call = wait(SECOND);
        balancer.close();
        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(call::get)
                .havingCause()
                .isInstanceOf(IllegalStateException.class)
                .withMessageContaining("(expected: open)");
        assertThatIllegalStateException().isThrownBy(() -> wait(SECOND));
        first.close();
    }

    @Test
    void acquireAsync_noLimit_isDoneAtOnce() {
        LoadBalancer free = rig.builder().build();
        assertThat(free.acquireAsync(PickRequest.plain(), SECOND)).isCompletedExceptionally();
        assertThatExceptionOfType(NotReadyException.class).isThrownBy(() -> free.acquire(PickRequest.plain(), SECOND));
        rig.time.runDue();
        assertThat(free.acquireAsync(PickRequest.plain(), SECOND)).isCompleted();
        assertThat(free.acquire(PickRequest.plain(), SECOND).instance().id()).isEqualTo("a");
        free.close();
    }

    @Test
    void acquire_onAThread_isServedWhenRoomComes() throws Exception {
        FutureTask<Lease> call = onAThread(SECOND);
        first.close();
        Lease lease = call.get(10, TimeUnit.SECONDS);
        assertThat(lease.instance().id()).isEqualTo("a");
        lease.close();
    }

    @Test
    void acquire_onAThreadAndTooLate_isRefused() throws Exception {
        FutureTask<Lease> call = onAThread(SECOND);
        rig.advanceMillis(1000);
        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(() -> call.get(10, TimeUnit.SECONDS))
                .withCauseInstanceOf(InstancesBusyException.class);
    }

    @Test
    void acquire_interrupted_leavesTheQueue() throws Exception {
        FutureTask<Lease> call = new FutureTask<>(() -> {
            Thread.currentThread().interrupt();
            try {
                return balancer.acquire(PickRequest.plain(), SECOND);
            } finally {
                assertThat(Thread.interrupted()).isTrue();
            }
        });
        Thread thread = new Thread(call);
        thread.start();
        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(() -> call.get(10, TimeUnit.SECONDS))
                .havingCause()
                .isInstanceOf(InstancesBusyException.class)
                .withMessageContaining("its thread was interrupted");
        assertThat(balancer.waiting()).isZero();
        thread.join();
    }

    private FutureTask<Lease> onAThread(Duration maxWait) {
        FutureTask<Lease> call = new FutureTask<>(() -> balancer.acquire(PickRequest.plain(), maxWait));
        new Thread(call).start();
        while (balancer.waiting() == 0) {
            Thread.onSpinWait();
        }
        return call;
    }
}
