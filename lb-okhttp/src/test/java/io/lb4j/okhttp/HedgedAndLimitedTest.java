package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.lb4j.InstancesBusyException;
import io.lb4j.NoEligibleInstanceException;
import io.lb4j.PickRequest;
import io.lb4j.Scheduler;
import io.lb4j.balancer.InstanceReport;
import io.lb4j.balancer.InstanceReport.State;
import io.lb4j.balancer.Lease;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.health.CallQueue;
import io.lb4j.health.ConcurrencyLimit;
import io.lb4j.health.OutlierDetection;
import io.lb4j.retry.HedgePolicy;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import okhttp3.Call;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Hedges, limits, the queue, ejections and panic at work together, over real sockets. */
class HedgedAndLimitedTest extends Fixture {
    private static final CallQueue QUEUE = new CallQueue(100, Duration.ofSeconds(20), Duration.ofSeconds(20));
    private static final HedgePolicy HEDGES = HedgePolicy.builder()
            .initialDelay(Duration.ofMillis(20))
            .maxDelay(Duration.ofMillis(20))
            .maxExtraLoad(0.2)
            .maxBurst(4)
            .build();

    /** With many callers the queue is in use, with few there is room for hedges, of which some lose and some win. */
    @ParameterizedTest
    @ValueSource(ints = {3, 16})
    void callers_hedgedLimitedAndQueued_giveEveryPlaceBackAndKeepTheBudget(int callers) throws Exception {
        int limit = 3;
        int callsEach = 20;
        boolean crowded = callers > 9;
        Backend[] all = new Backend[3];
        for (int i = 0; i < all.length; i++) {
            Backend backend = backend(String.valueOf((char) ('a' + i)), Wire.H1);
            AtomicInteger served = new AtomicInteger();
            all[i] = backend.answers(request -> {
                LockSupport.parkNanos(served.getAndIncrement() % 8 == 0 ? 150_000_000 : 1_000_000);
                return backend.named(200);
            });
        }
        orders(all);
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .strategy(BY_TURNS)
                .defaults(settings -> settings.concurrencyLimit(ConcurrencyLimit.fixed(limit))
                        .queue(QUEUE)
                        .hedge(HEDGES))
                .build());
        ExecutorService threads = Executors.newCachedThreadPool();
        closing(threads::shutdownNow);
        AtomicInteger givenUp = new AtomicInteger();
        List<Future<?>> running = new ArrayList<>();
        for (int i = 0; i < callers; i++) {
            running.add(threads.submit(() -> {
                for (int call = 0; call < callsEach; call++) {
                    givenUp.addAndGet(call(client, crowded && call % 5 == 4) ? 0 : 1);
                }
                return null;
            }));
        }
        for (Future<?> caller : running) {
            caller.get(50, TimeUnit.SECONDS);
        }

        LoadBalancer balancer = client.balancer("orders");
        assertIdle(client);
        assertThat(balancer.waiting()).isZero();
        assertThat(balancer.instances())
                .as("losers and calls that were given up are no failures")
                .allSatisfy(each -> assertThat(each.failures()).isZero());
        long counted =
                balancer.instances().stream().mapToLong(InstanceReport::calls).sum();
        int made = callers * callsEach;
        // One that was given up while it waited had no place; a hedge has one of its own.
        assertThat(counted).isBetween((long) made - givenUp.get(), made + made / 5L);
        if (!crowded) {
            assertThat(counted).as("with the hedges").isGreaterThan(made);
        }
        List<Lease> places = new ArrayList<>();
        for (int i = 0; i < all.length * limit; i++) {
            places.add(balancer.acquire(PickRequest.plain()));
        }
        assertThat(balancer.acquireAsync(PickRequest.plain(), Duration.ZERO))
                .as("one place more")
                .failsWithin(Duration.ofSeconds(1))
                .withThrowableThat()
                .withCauseInstanceOf(InstancesBusyException.class);
        places.forEach(Lease::close);
    }

    /** Returns whether it was answered. */
    private static boolean call(LoadBalancedClient client, boolean impatient) throws IOException {
        Call call = client.newCall(get(Wire.H1));
        if (impatient) {
            Scheduler.shared().schedule(call::cancel, Duration.ofMillis(2));
        }
        try (Response response = call.execute()) {
            assertThat(response.body().string()).hasSize(1);
            return true;
        } catch (IOException e) {
            if (!impatient) {
                throw e;
            }
            return false;
        }
    }

    @Test
    void panic_withFailTraffic_failsAtOnceSaysWhyAndSendsNothing() throws Exception {
        Backend a = backend("a", Wire.H1).answersStatus(500);
        Backend b = backend("b", Wire.H1).answersStatus(500);
        orders(a, b);
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .defaults(settings -> settings.failTrafficOnPanic(true)
                        .outlierDetection(OutlierDetection.builder()
                                .consecutiveFailures(1)
                                .significance(1)
                                .maxEjectedShare(1)
                                .baseEjectionTime(Duration.ofMinutes(5))
                                .maxEjectionTime(Duration.ofMinutes(5))
                                .build()))
                .build());
        assertThat(body(client, get(Wire.H1))).as("the last answer").isIn("a", "b");
        await().atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(2))
                .until(() -> report(client, "a").state() == State.EJECTED
                        && report(client, "b").state() == State.EJECTED);
        int hits = a.hits() + b.hits();
        long quickest = Long.MAX_VALUE;
        for (int i = 0; i < 50; i++) {
            long start = System.nanoTime();
            assertThatExceptionOfType(ServiceUnavailableException.class)
                    .isThrownBy(() -> body(client, get(Wire.H1)))
                    .withCauseInstanceOf(NoEligibleInstanceException.class)
                    .withMessageContaining("failTrafficOnPanic")
                    .withMessageContaining("EJECTED=2");
            quickest = Math.min(quickest, System.nanoTime() - start);
        }
        // Of fifty, since on a busy machine any one of them may have to wait for the processor.
        assertThat(Duration.ofNanos(quickest)).isLessThan(Duration.ofMillis(5));
        assertThat(a.hits() + b.hits()).as("calls sent meanwhile").isEqualTo(hits);
    }
}
