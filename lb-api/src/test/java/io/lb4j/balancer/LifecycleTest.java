package io.lb4j.balancer;

import static io.lb4j.balancer.Rig.instances;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lb4j.NoSuchServiceException;
import io.lb4j.NotReadyException;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.Scheduler;
import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.testing.ManualDiscovery;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Building, waiting for the first snapshot, closing, and a scheduler that is shut down under the balancer. */
final class LifecycleTest {
    private final Rig rig = new Rig();

    @Test
    void build_withoutItsParts_saysWhatIsMissing() {
        assertThatThrownBy(() ->
                        LoadBalancer.builder("orders").strategy(Rig.UNIFORM).build())
                .hasMessage("balancer of orders: discovery is missing (expected: set before build)");
        assertThatThrownBy(() ->
                        LoadBalancer.builder("orders").discovery(rig.discovery).build())
                .hasMessage("balancer of orders: strategy is missing (expected: set before build)");
        assertThatThrownBy(() -> LoadBalancer.builder(" ")).hasMessage("service: ' ' (expected: a name)");
    }

    @ParameterizedTest
    @ValueSource(doubles = {-0.01, 1.01, Double.NaN})
    void panicThreshold_outOfRange_isRefused(double value) {
        assertThatThrownBy(() -> rig.builder().panicThreshold(value))
                .hasMessage("panicThreshold: " + value + " (expected: 0 to 1)");
    }

    @Test
    void firstSnapshotTimeout_negative_isRefused() {
        assertThatThrownBy(() -> rig.builder().firstSnapshotTimeout(Duration.ofNanos(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("firstSnapshotTimeout: PT-0.000000001S");
    }

    @Test
    void watch_thatThrows_leavesNothingBehind() {
        ServiceDiscovery broken = new ServiceDiscovery() {
            @Override
            public Watch watch(String service, Listener listener) {
                throw new IllegalStateException("closed");
            }

            @Override
            public void close() {}
        };
        assertThatThrownBy(() -> rig.builder().discovery(broken).build()).hasMessage("closed");
        rig.time.runDue();
        assertThat(rig.time.pending()).isZero();
    }

    @Test
    void watch_thatReturnsNull_isRefused() {
        ServiceDiscovery broken = new ServiceDiscovery() {
            @Override
            public Watch watch(String service, Listener listener) {
                return null;
            }

            @Override
            public void close() {}
        };
        assertThatThrownBy(() -> rig.builder().discovery(broken).build()).isInstanceOf(NullPointerException.class);
        rig.time.runDue();
        assertThat(rig.time.pending()).isZero();
    }

    @Test
    void close_withAWatchThatThrows_stillEndsTheTimers() {
        ServiceDiscovery broken = new ServiceDiscovery() {
            @Override
            public Watch watch(String service, Listener listener) {
                listener.onInstances(instances(1));
                return () -> {
                    throw new IllegalStateException("cannot close");
                };
            }

            @Override
            public void close() {}
        };
        LoadBalancer balancer = rig.builder().discovery(broken).build();
        rig.time.runDue();
        assertThatThrownBy(balancer::close).hasMessage("cannot close");
        rig.time.runDue();
        assertThat(rig.time.pending()).isZero();
        assertThatThrownBy(() -> balancer.acquire(PickRequest.plain())).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void close_twice_andAcquireAfterIt() {
        rig.discovery.set("orders", instances(1));
        LoadBalancer balancer = rig.builder().build();
        rig.time.runDue();
        Lease inProgress = balancer.acquire(PickRequest.plain());
        assertThat(balancer.toString()).startsWith("LoadBalancer[orders by ").doesNotContain("closed");
        balancer.close();
        balancer.close();
        assertThatThrownBy(() -> balancer.acquire(PickRequest.plain()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("orders")
                .hasMessageContaining("closed");
        rig.time.runDue();
        assertThat(inProgress.close(Outcome.TIMEOUT)).isTrue();
        rig.discovery.set("orders", instances(3));
        rig.time.runDue();
        assertThat(rig.time.pending()).isZero();
        assertThat(balancer.toString()).endsWith(", closed]");
        assertThat(balancer.service()).isEqualTo("orders");
    }

    @Test
    void close_withEjectionsAndRampsPending_leavesNoTimer() {
        rig.discovery.set("orders", instances(5));
        LoadBalancer balancer = rig.builder().build();
        rig.time.runDue();
        rig.fail(balancer, "a", 5);
        Rig.end(balancer, "b", 1, Outcome.overloaded(Duration.ofMinutes(1)));
        rig.set(instances(5).subList(1, 5));
        Rig.end(balancer, "c", 5, Outcome.TIMEOUT);
        balancer.close();
        rig.time.runDue();
        assertThat(rig.time.pending()).isZero();
    }

    @Test
    void ready_completesWithTheFirstAnswerOrFailsAtClose() {
        LoadBalancer balancer = rig.builder().build();
        CompletableFuture<Void> ready = balancer.ready().toCompletableFuture();
        assertThat(ready).isNotDone();
        rig.set(instances(1));
        assertThat(ready).isCompleted();
        balancer.close();
        LoadBalancer other = LoadBalancer.builder("unheard-of")
                .discovery(rig.discovery)
                .strategy(Rig.UNIFORM)
                .scheduler(rig.time)
                .ticker(rig.time)
                .build();
        CompletableFuture<Void> never = other.ready().toCompletableFuture();
        other.close();
        assertThat(never).isCompletedExceptionally();
    }

    @Test
    void acquire_beforeTheFirstSnapshot_waitsForIt() throws Exception {
        ManualDiscovery discovery = new ManualDiscovery();
        try (LoadBalancer balancer = LoadBalancer.builder("orders")
                .discovery(discovery)
                .strategy(Rig.UNIFORM)
                .firstSnapshotTimeout(Duration.ofSeconds(Long.MAX_VALUE))
                .build()) {
            Waiter waiter = new Waiter(balancer);
            waiter.awaitParked();
            discovery.set("orders", instances(1));
            waiter.thread.join(10_000);
            assertThat(waiter.result).hasValueSatisfying(l -> assertThat(l).isInstanceOf(Lease.class));
        }
    }

    @Test
    void acquire_waiting_endsWhenTheServiceIsUnknown() throws Exception {
        ManualDiscovery discovery = new ManualDiscovery();
        try (LoadBalancer balancer = LoadBalancer.builder("orders")
                .discovery(discovery)
                .strategy(Rig.UNIFORM)
                .firstSnapshotTimeout(Duration.ofMinutes(1))
                .build()) {
            Waiter waiter = new Waiter(balancer);
            waiter.awaitParked();
            discovery.unknown("orders", "nobody");
            waiter.thread.join(10_000);
            assertThat(waiter.result).hasValueSatisfying(e -> assertThat(e).isInstanceOf(NoSuchServiceException.class));
        }
    }

    @Test
    void acquire_waiting_endsWhenTheBalancerIsClosed() throws Exception {
        LoadBalancer balancer = LoadBalancer.builder("orders")
                .discovery(rig.discovery)
                .strategy(Rig.UNIFORM)
                .firstSnapshotTimeout(Duration.ofMinutes(1))
                .build();
        Waiter waiter = new Waiter(balancer);
        waiter.awaitParked();
        balancer.close();
        waiter.thread.join(10_000);
        assertThat(waiter.result)
                .hasValueSatisfying(e -> assertThat(e)
                        .isInstanceOf(IllegalStateException.class)
                        .asString()
                        .contains("closed"));
    }

    @Test
    void acquire_interruptedWhileWaiting_saysSoAndKeepsTheFlag() throws Exception {
        try (LoadBalancer balancer = LoadBalancer.builder("orders")
                .discovery(rig.discovery)
                .strategy(Rig.UNIFORM)
                .firstSnapshotTimeout(Duration.ofMinutes(1))
                .build()) {
            Waiter waiter = new Waiter(balancer);
            waiter.awaitParked();
            waiter.thread.interrupt();
            waiter.thread.join(10_000);
            assertThat(waiter.result)
                    .hasValueSatisfying(e -> assertThat(e)
                            .isInstanceOf(NotReadyException.class)
                            .asString()
                            .contains("interrupted while waiting"));
            assertThat(waiter.interrupted).isTrue();
        }
    }

    @Test
    void acquire_interruptedThread_isServedIfInstancesAreKnown() {
        rig.discovery.set("orders", instances(1));
        LoadBalancer balancer = rig.builder()
                .firstSnapshotTimeout(Duration.ofMinutes(1))
                .emptyListGrace(Duration.ZERO)
                .build();
        rig.time.runDue();
        Thread.currentThread().interrupt();
        balancer.acquire(PickRequest.plain()).close();
        rig.set();
        assertThatThrownBy(() -> balancer.acquire(PickRequest.plain())).hasMessageContaining("0 known");
        assertThat(Thread.interrupted()).isTrue();
        balancer.close();
    }

    @Test
    void acquire_withoutASnapshot_givesUpAfterTheTimeout() {
        try (LoadBalancer balancer =
                rig.builder().firstSnapshotTimeout(Duration.ofMillis(20)).build()) {
            long start = System.nanoTime();
            assertThatThrownBy(() -> balancer.acquire(PickRequest.plain())).isInstanceOf(NotReadyException.class);
            assertThat(System.nanoTime() - start).isBetween(20_000_000L, 20_000_000_000L);
        }
    }

    @Test
    void scheduler_shutDownUnderTheBalancer_breaksNoCallAndLosesNoSnapshot() {
        ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor();
        ManualDiscovery discovery = new ManualDiscovery().set("orders", instances(2));
        try (LoadBalancer balancer = LoadBalancer.builder("orders")
                .discovery(discovery)
                .strategy(Rig.UNIFORM)
                .scheduler(Scheduler.of(executor))
                .build()) {
            balancer.acquire(PickRequest.plain()).close(Outcome.SUCCESS);
            executor.shutdown();
            assertThatThrownBy(() -> executor.execute(() -> {})).isInstanceOf(RejectedExecutionException.class);
            for (int i = 0; i < 100; i++) {
                assertThat(balancer.acquire(PickRequest.plain()).close(Outcome.TIMEOUT))
                        .isTrue();
                assertThat(balancer.acquire(PickRequest.plain()).close(Outcome.overloaded(Duration.ofMillis(1))))
                        .isTrue();
            }
            discovery.set("orders", instances(3));
            await().atMost(Duration.ofSeconds(10))
                    .until(() -> balancer.instances().size() == 3);
        } finally {
            executor.shutdownNow();
        }
    }

    @Test
    void scheduler_ofTheUser_isNotShutDown() {
        ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor();
        try {
            LoadBalancer balancer =
                    rig.builder().scheduler(Scheduler.of(executor)).build();
            balancer.close();
            assertThat(executor.isShutdown()).isFalse();
        } finally {
            executor.shutdownNow();
        }
    }

    @Test
    void acquire_racingWithClose_isServedOrRefusedAndNothingElse() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            for (int round = 0; round < 200; round++) {
                ManualDiscovery discovery = new ManualDiscovery().set("orders", instances(2));
                LoadBalancer balancer = LoadBalancer.builder("orders")
                        .discovery(discovery)
                        .strategy(Rig.UNIFORM)
                        .build();
                CountDownLatch started = new CountDownLatch(1);
                Future<Throwable> calls = threads.submit(() -> {
                    try {
                        for (int i = 0; ; i++) {
                            balancer.acquire(PickRequest.plain()).close(Outcome.SUCCESS);
                            if (i == 10) {
                                started.countDown();
                            }
                        }
                    } catch (RuntimeException e) {
                        return e;
                    }
                });
                assertThat(started.await(10, TimeUnit.SECONDS)).isTrue();
                balancer.close();
                assertThat(calls.get(10, TimeUnit.SECONDS))
                        .isExactlyInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("closed");
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void acquire_whileSnapshotsComeAndGo_neverTellsOfInstancesThatCouldTakeTheCall() throws Exception {
        ManualDiscovery discovery = new ManualDiscovery().set("orders", List.<ServiceInstance>of());
        AtomicBoolean stop = new AtomicBoolean();
        ExecutorService threads = Executors.newSingleThreadExecutor();
        try (LoadBalancer balancer = LoadBalancer.builder("orders")
                .discovery(discovery)
                .strategy(Rig.UNIFORM)
                .build()) {
            balancer.ready().toCompletableFuture().get(10, TimeUnit.SECONDS);
            Future<?> changes = threads.submit(() -> {
                for (int i = 0; !stop.get(); i++) {
                    discovery.set("orders", instances(i % 3));
                }
            });
            for (int i = 0; i < 20_000; i++) {
                try {
                    balancer.acquire(PickRequest.plain()).close(Outcome.SUCCESS);
                } catch (RuntimeException e) {
                    assertThat(e).hasMessageContaining("0 known");
                }
            }
            stop.set(true);
            changes.get(10, TimeUnit.SECONDS);
        } finally {
            stop.set(true);
            threads.shutdownNow();
        }
    }

    /** A thread that acquires once. */
    private static final class Waiter {
        final AtomicReference<Object> result = new AtomicReference<>();
        final AtomicBoolean interrupted = new AtomicBoolean();
        final Thread thread;

        Waiter(LoadBalancer balancer) {
            thread = new Thread(() -> {
                try {
                    result.set(balancer.acquire(PickRequest.plain()));
                } catch (RuntimeException e) {
                    interrupted.set(Thread.currentThread().isInterrupted());
                    result.set(e);
                }
            });
            thread.setDaemon(true);
            thread.start();
        }

        void awaitParked() {
            await().atMost(Duration.ofSeconds(10))
                    .until(() -> thread.getState() == Thread.State.TIMED_WAITING || result.get() != null);
            assertThat(result).hasNullValue();
        }
    }
}
