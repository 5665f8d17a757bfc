package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import io.lb4j.InstancesBusyException;
import io.lb4j.Scheduler;
import io.lb4j.balancer.InstanceReport.State;
import io.lb4j.health.CallQueue;
import io.lb4j.health.ConcurrencyLimit;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;

/** Calls to instances that take so many at a time. */
class LimitedCallsTest extends Fixture {
    private static final CallQueue QUEUE = new CallQueue(100, Duration.ofSeconds(20), Duration.ofSeconds(20));

    private LoadBalancedClient limited(int limit, CallQueue queue, Duration callTimeout) {
        return closing(lb(base(Wire.H1).callTimeout(callTimeout).build())
                .defaults(settings ->
                        settings.concurrencyLimit(ConcurrencyLimit.fixed(limit)).queue(queue))
                .build());
    }

    private static Future<String> call(ExecutorService threads, Call call) {
        return threads.submit(() -> {
            try (Response response = call.execute()) {
                return response.body().string();
            }
        });
    }

    private ExecutorService threads() {
        ExecutorService threads = Executors.newCachedThreadPool();
        closing(threads::shutdownNow);
        return threads;
    }

    private static void awaitWaiting(LoadBalancedClient client, int count) {
        await().atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(2))
                .until(() -> client.balancer("orders").waiting() == count);
    }

    @Test
    void allFull_noQueue_failsAtOnceAndSaysWhy() throws Exception {
        Backend a = backend("a", Wire.H1);
        orders(a);
        LoadBalancedClient client = limited(1, null, Duration.ZERO);
        // The body is not closed: the call is still in flight.
        try (Response open = client.newCall(get(Wire.H1)).execute()) {
            assertThat(report(client, "a").state()).isEqualTo(State.FULL);
            assertThatExceptionOfType(ServiceUnavailableException.class)
                    .isThrownBy(() -> body(client, get(Wire.H1)))
                    .withMessageContaining("1 calls are in flight on 1 instances, which may have 1; there is no queue")
                    .withCauseInstanceOf(InstancesBusyException.class);
            assertThat(open.code()).isEqualTo(200);
        }
        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        assertThat(a.hits()).isEqualTo(2);
    }

    @Test
    void allFull_waitsForItsTurn() throws Exception {
        orders(backend("a", Wire.H1));
        LoadBalancedClient client = limited(1, QUEUE, Duration.ZERO);
        Response open = client.newCall(get(Wire.H1)).execute();
        Future<String> next = call(threads(), client.newCall(get(Wire.H1)));
        awaitWaiting(client, 1);
        assertThat(next).isNotDone();
        open.close();
        assertThat(next.get(10, TimeUnit.SECONDS)).isEqualTo("a");
        assertIdle(client);
    }

    @Test
    void waiting_cancelled_leavesTheQueue() throws Exception {
        Backend a = backend("a", Wire.H1);
        orders(a);
        LoadBalancedClient client = limited(1, QUEUE, Duration.ZERO);
        try (Response open = client.newCall(get(Wire.H1)).execute()) {
            Call call = client.newCall(get(Wire.H1));
            Future<String> next = call(threads(), call);
            awaitWaiting(client, 1);
            call.cancel();
            assertThatExceptionOfType(ExecutionException.class)
                    .isThrownBy(() -> next.get(10, TimeUnit.SECONDS))
                    .withCauseInstanceOf(IOException.class)
                    .withMessageContaining("Canceled");
            assertThat(client.balancer("orders").waiting()).isZero();
            assertThat(open.code()).isEqualTo(200);
        }
        assertThat(a.hits()).isEqualTo(1);
    }

    @Test
    void waiting_tooLong_failsAndSaysWhy() throws Exception {
        Backend a = backend("a", Wire.H1);
        orders(a);
        CallQueue hasty = new CallQueue(100, Duration.ofMillis(50), Duration.ofSeconds(20));
        LoadBalancedClient client = limited(1, hasty, Duration.ZERO);
        try (Response open = client.newCall(get(Wire.H1)).execute()) {
            assertThatExceptionOfType(ServiceUnavailableException.class)
                    .isThrownBy(() -> body(client, get(Wire.H1)))
                    .withMessageContaining("no instance of service orders has room for a call")
                    .withMessageContaining("0 wait in a queue for 100; none got free in time")
                    .withCauseInstanceOf(InstancesBusyException.class);
            assertThat(open.code()).isEqualTo(200);
        }
        assertCounted(client, "a", 1, 0);
    }

    /** In place of the scheduler: what is scheduled for when. */
    private static final class Delays implements Scheduler {
        private final List<Duration> all = new CopyOnWriteArrayList<>();

        @Override
        public Task schedule(Runnable task, Duration delay) {
            all.add(delay);
            return Scheduler.shared().schedule(task, delay);
        }
    }

    @Test
    void waiting_countsToTheCallsTimeAndNotToTheAttempts() throws Exception {
        orders(backend("a", Wire.H1));
        Delays delays = new Delays();
        Duration attemptTimeout = Duration.ofSeconds(77);
        OkHttpClient base = base(Wire.H1).callTimeout(Duration.ofSeconds(1000)).build();
        LoadBalancedClient client = closing(lb(base).scheduler(delays)
                .defaults(settings -> settings.concurrencyLimit(ConcurrencyLimit.fixed(1))
                        .queue(new CallQueue(100, Duration.ofDays(1), Duration.ofDays(1)))
                        .attemptTimeout(attemptTimeout))
                .build());
        Response open = client.newCall(get(Wire.H1)).execute();
        delays.all.clear();
        Future<String> next = call(threads(), client.newCall(get(Wire.H1)));
        awaitWaiting(client, 1);
        // Nine tenths of what is left of the call's time, so that it can still be told that nobody had room.
        assertThat(delays.all).anyMatch(each -> each.toSeconds() >= 800 && each.toSeconds() < 900);
        assertThat(delays.all).doesNotContain(attemptTimeout);
        open.close();
        assertThat(next.get(10, TimeUnit.SECONDS)).isEqualTo("a");
        assertThat(delays.all).contains(attemptTimeout);
        assertCounted(client, "a", 2, 0);
    }

    /** Enqueued calls wait on the dispatcher's threads, and so on no more of them than the queue has places. */
    @Test
    void enqueued_moreThanTheQueueTakes_keepNoMoreThreadsThanThat() throws Exception {
        orders(backend("a", Wire.H1));
        Backend b = backend("b", Wire.H1);
        discovery.set("customers", b.instance());
        LoadBalancedClient client =
                limited(1, new CallQueue(3, Duration.ofSeconds(20), Duration.ofSeconds(20)), Duration.ZERO);
        List<CompletableFuture<Response>> ends = new ArrayList<>();
        List<Call> calls = new ArrayList<>();
        try (Response open = client.newCall(get(Wire.H1)).execute()) {
            for (int i = 0; i < 10; i++) {
                Call call = client.newCall(get(Wire.H1));
                calls.add(call);
                ends.add(enqueue(call));
            }
            await().atMost(Duration.ofSeconds(10))
                    .until(() -> client.dispatcher().runningCallsCount() == 3
                            && client.dispatcher().queuedCallsCount() == 0);
            assertThat(client.balancer("orders").waiting()).isEqualTo(3);
            assertThat(ends.stream().filter(CompletableFuture::isCompletedExceptionally))
                    .hasSize(7);
            Request other = new Request.Builder().url("http://customers/").build();
            try (Response response = enqueue(client.newCall(other)).get(10, TimeUnit.SECONDS)) {
                assertThat(response.header("Server-Name")).isEqualTo("b");
            }
            calls.forEach(Call::cancel);
            await().atMost(Duration.ofSeconds(10))
                    .until(() -> ends.stream().allMatch(CompletableFuture::isCompletedExceptionally));
            assertThat(client.balancer("orders").waiting()).isZero();
            assertThat(open.code()).isEqualTo(200);
        }
        assertCounted(client, "a", 1, 0);
    }

    private static CompletableFuture<Response> enqueue(Call call) {
        CompletableFuture<Response> end = new CompletableFuture<>();
        call.enqueue(new Callback() {
            @Override
            public void onFailure(Call failed, IOException e) {
                end.completeExceptionally(e);
            }

            @Override
            public void onResponse(Call answered, Response response) {
                end.complete(response);
            }
        });
        return end;
    }

    /** Every call is cancelled at about the moment of its turn: no place is lost, none is given to one that is gone. */
    @Test
    void cancelledAtTheMomentOfTheirTurn_loseNoPlace() throws Exception {
        Backend a = backend("a", Wire.H1);
        orders(a);
        LoadBalancedClient client = limited(1, QUEUE, Duration.ZERO);
        ExecutorService threads = threads();
        for (int i = 0; i < 100; i++) {
            Response open = client.newCall(get(Wire.H1)).execute();
            Call call = client.newCall(get(Wire.H1));
            Future<String> next = call(threads, call);
            awaitWaiting(client, 1);
            Future<?> closing = threads.submit(open::close);
            call.cancel();
            closing.get(10, TimeUnit.SECONDS);
            try {
                assertThat(next.get(10, TimeUnit.SECONDS)).isEqualTo("a");
            } catch (ExecutionException e) {
                assertThat(e).hasCauseInstanceOf(IOException.class);
            }
            assertIdle(client);
            assertThat(client.balancer("orders").waiting()).isZero();
        }
        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
    }

    @Test
    void waiting_interrupted_leavesTheQueue() throws Exception {
        orders(backend("a", Wire.H1));
        LoadBalancedClient client = limited(1, QUEUE, Duration.ZERO);
        ExecutorService threads = threads();
        try (Response open = client.newCall(get(Wire.H1)).execute()) {
            Future<String> next = call(threads, client.newCall(get(Wire.H1)));
            awaitWaiting(client, 1);
            threads.shutdownNow();
            awaitWaiting(client, 0);
            assertThatExceptionOfType(ExecutionException.class)
                    .isThrownBy(() -> next.get(10, TimeUnit.SECONDS))
                    .withCauseInstanceOf(InterruptedIOException.class)
                    .withMessageContaining("interrupted while the call waited");
            assertThat(open.code()).isEqualTo(200);
        }
    }

    @Test
    void furtherAttempt_theOtherIsFull_doesNotWait() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend b = backend("b", Wire.H1).answersStatus(500);
        orders(a, b);
        LoadBalancedClient client = limited(1, QUEUE, Duration.ZERO);
        try (Response open = client.newCall(get(Wire.H1)).execute();
                Response failed = client.newCall(get(Wire.H1)).execute()) {
            assertThat(open.header("Server-Name")).isEqualTo("a");
            assertThat(failed.code()).isEqualTo(500);
        }
        assertThat(b.hits()).isEqualTo(1);
        assertThat(a.hits()).isEqualTo(1);
    }

    @Test
    void waiting_clientCloses_fails() throws Exception {
        orders(backend("a", Wire.H1));
        LoadBalancedClient client = limited(1, QUEUE, Duration.ZERO);
        try (Response open = client.newCall(get(Wire.H1)).execute()) {
            Future<String> next = call(threads(), client.newCall(get(Wire.H1)));
            awaitWaiting(client, 1);
            client.close();
            assertThatExceptionOfType(ExecutionException.class)
                    .isThrownBy(() -> next.get(10, TimeUnit.SECONDS))
                    .withCauseInstanceOf(ServiceUnavailableException.class);
            assertThat(open.code()).isEqualTo(200);
        }
    }

    @Test
    void queue_withoutLimit_isRefused() {
        assertThatIllegalStateException()
                .isThrownBy(() -> lb(base(Wire.H1).build())
                        .defaults(settings -> settings.queue(QUEUE))
                        .build())
                .withMessageContaining("expected: a concurrencyLimit with it");
    }

    /** More callers than a real server has threads: it never gets more than it may, and everybody is served. */
    @Test
    void manyCallers_limitedServer_neverGetsMoreThanTheLimit() throws Exception {
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        Backend a = backend("a", Wire.H1);
        orders(a.answers(request -> {
            most.accumulateAndGet(inside.incrementAndGet(), Math::max);
            // As long as a service would take, or else calls would hardly meet.
            LockSupport.parkNanos(2_000_000);
            // Before the answer, as the client may start its next call once it has it.
            inside.decrementAndGet();
            return a.named(200);
        }));
        LoadBalancedClient client = limited(3, QUEUE, Duration.ZERO);
        ExecutorService threads = threads();
        CountDownLatch start = new CountDownLatch(1);
        List<Future<?>> callers = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            callers.add(threads.submit(() -> {
                start.await();
                for (int call = 0; call < 20; call++) {
                    assertThat(body(client, get(Wire.H1))).isEqualTo("a");
                }
                return null;
            }));
        }
        start.countDown();
        for (Future<?> caller : callers) {
            caller.get(50, TimeUnit.SECONDS);
        }
        assertThat(a.hits()).isEqualTo(480);
        assertThat(most.get()).isBetween(1, 3);
        assertIdle(client);
        assertThat(client.balancer("orders").waiting()).isZero();
    }
}
