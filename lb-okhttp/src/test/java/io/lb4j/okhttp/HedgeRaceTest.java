package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.lb4j.balancer.InstanceReport;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import okhttp3.Call;
import okhttp3.Dispatcher;
import okhttp3.Interceptor;
import okhttp3.Response;
import okhttp3.ResponseBody;
import okio.ForwardingSource;
import okio.Okio;
import okio.Source;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Hedges by the hundred: whoever comes first, nothing hangs and nothing stays in flight. */
class HedgeRaceTest extends Fixture {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** Drips a body for longer than any test waits. */
    static MockResponse.Builder endless(Backend backend) {
        return backend.response(200).body("x".repeat(1000)).throttleBody(1, 20, TimeUnit.MILLISECONDS);
    }

    private LoadBalancedClient.Builder hedgingAfter(Wire wire, long millis) {
        return HedgeTest.hedging(
                lb(base(wire).build()),
                policy -> policy.initialDelay(Duration.ofMillis(millis)).maxDelay(Duration.ofMillis(millis)));
    }

    private static MockResponse after(MockResponse.Builder response, long millis) {
        return response.headersDelay(millis, TimeUnit.MILLISECONDS).build();
    }

    private static long ended(LoadBalancedClient client) {
        return client.balancer("orders").instances().stream()
                .mapToLong(InstanceReport::calls)
                .sum();
    }

    /** Both answer around the same moment, some fail, some are cancelled: every lease ends, once. */
    @ParameterizedTest
    @EnumSource(
            value = Wire.class,
            names = {"H1", "H2_PRIOR_KNOWLEDGE"})
    void answers_atAboutTheSameTime_leaveNothingInFlight(Wire wire) throws Exception {
        Random random = new Random(5);
        Backend a = backend("a", wire);
        Backend b = backend("b", wire);
        Backend c = backend("c", wire);
        for (Backend each : List.of(a, b, c)) {
            each.answers(request -> {
                int status;
                long delay;
                synchronized (random) {
                    status = random.nextInt(10) == 0 ? 500 : 200;
                    delay = random.nextInt(16);
                }
                return after(each.response(status), delay);
            });
        }
        orders(a, b, c);
        LoadBalancedClient client =
                closing(hedgingAfter(wire, 5).strategy(BY_TURNS).build());
        List<CompletableFuture<?>> results = new ArrayList<>();
        int calls = 300;
        for (int i = 0; i < calls; i++) {
            Call call = client.newCall(get(wire));
            CompletableFuture<Response> result = CancelTest.enqueue(call);
            results.add(result.handle((response, error) -> {
                if (response != null) {
                    try (response) {
                        assertThat(response.body().string()).isIn("a", "b", "c");
                    } catch (IOException e) {
                        assertThat(call.isCanceled()).isTrue();
                    }
                } else {
                    assertThat(call.isCanceled()).as("failed by %s", error).isTrue();
                }
                return null;
            }));
            long until = System.nanoTime() + random.nextInt(4) * 1_000_000L;
            while (System.nanoTime() < until) {
                Thread.onSpinWait();
            }
            if (i % 7 == 0) {
                call.cancel();
            }
        }
        for (CompletableFuture<?> each : results) {
            each.get(20, TimeUnit.SECONDS);
        }

        assertIdle(client);
        assertThat(ended(client)).isBetween((long) a.hits() + b.hits() + c.hits(), 3L * calls);
        assertThat(a.hits() + b.hits() + c.hits()).isGreaterThan(calls);
    }

    /** Closing the body that nobody wants would take a tenth of a second if OkHttp tried to save the connection. */
    @ParameterizedTest
    @EnumSource(
            value = Wire.class,
            names = {"H1", "H2_PRIOR_KNOWLEDGE"})
    void loser_withAnEndlessBody_isCancelledBeforeItIsClosed(Wire wire) throws Exception {
        Backend a = backend("a", wire);
        Backend b = backend("b", wire);
        // As near as a test can make it: the first answers one hedge's way after the hedge was sent.
        a.answers(request -> after(endless(a), 14));
        b.answers(request -> after(endless(b), 3));
        orders(a, b);
        List<Boolean> cancelled = new CopyOnWriteArrayList<>();
        LoadBalancedClient client = closing(HedgeTest.hedging(
                        lb(base(wire)
                                .addNetworkInterceptor(chain -> closing(chain, cancelled))
                                .build()),
                        policy -> policy.initialDelay(Duration.ofMillis(10)).maxDelay(Duration.ofMillis(10)))
                .build());
        for (int i = 0; i < 40; i++) {
            Call call = client.newCall(get(wire));
            Response response = call.execute();
            call.cancel();
            response.close();
        }
        assertIdle(client);
        assertThat(b.hits()).isPositive();
        assertThat(cancelled).isNotEmpty().doesNotContain(false);
    }

    /** Notes whether calls were cancelled by the time their bodies were closed. */
    private static Response closing(Interceptor.Chain chain, List<Boolean> cancelled) throws IOException {
        Response response = chain.proceed(chain.request());
        ResponseBody body = response.body();
        Source noting = new ForwardingSource(body.source()) {
            @Override
            public void close() throws IOException {
                cancelled.add(chain.call().isCanceled());
                super.close();
            }
        };
        return response.newBuilder()
                .body(ResponseBody.create(Okio.buffer(noting), body.contentType(), body.contentLength()))
                .build();
    }

    @Test
    void hedgesAnswer_neverClosed_isForgottenWhenNobodyHasIt() throws Exception {
        Backend a = backend("a", Wire.H1);
        a.answers(after(a.response(200), 20_000));
        orders(a, backend("b", Wire.H1));
        LoadBalancedClient client = closing(hedgingAfter(Wire.H1, 10).build());

        leak(client);
        assertThat(report(client, "b").inFlight()).isEqualTo(1);

        await().atMost(PATIENCE).until(() -> {
            System.gc();
            return report(client, "b").inFlight() == 0;
        });
        assertIdle(client);
    }

    private static void leak(LoadBalancedClient client) throws IOException {
        Response response = client.newCall(get(Wire.H1)).execute();
        assertThat(response.header("Server-Name")).isEqualTo("b");
    }

    @Test
    void enqueue_manyHedgedCallsUnderNarrowLimits_allEnd() throws Exception {
        Backend a = backend("a", Wire.H1);
        a.answers(request -> after(a.response(200), 1500));
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        Dispatcher narrow = new Dispatcher();
        narrow.setMaxRequests(64);
        narrow.setMaxRequestsPerHost(6);
        closing(() -> narrow.executorService().shutdownNow());
        LoadBalancedClient client = closing(HedgeTest.hedging(
                        lb(base(Wire.H1).dispatcher(narrow).build()),
                        policy -> policy.initialDelay(Duration.ofMillis(5)).maxDelay(Duration.ofMillis(5)))
                .build());

        List<CompletableFuture<Response>> results = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            results.add(CancelTest.enqueue(client.newCall(get(Wire.H1))));
        }
        for (CompletableFuture<Response> each : results) {
            try (Response response = each.get(20, TimeUnit.SECONDS)) {
                assertThat(response.body().string()).isIn("a", "b");
            }
        }
        assertThat(b.hits()).isPositive();
        assertIdle(client);
    }

    @Test
    void cancelAll_manyHedgedCalls_endsBothAttemptsOfEach() {
        Backend a = backend("a", Wire.H1);
        Backend b = backend("b", Wire.H1);
        a.answers(request -> after(a.response(200), 20_000));
        b.answers(request -> after(b.response(200), 20_000));
        orders(a, b);
        Dispatcher wide = new Dispatcher();
        wide.setMaxRequests(500);
        wide.setMaxRequestsPerHost(500);
        closing(() -> wide.executorService().shutdownNow());
        LoadBalancedClient client =
                closing(HedgeTest.hedging(lb(base(Wire.H1).dispatcher(wide).build()), policy -> policy.maxBurst(1000))
                        .build());
        List<CompletableFuture<Response>> results = new ArrayList<>();
        int calls = Hedger.MAX_THREADS + 10;
        for (int i = 0; i < calls; i++) {
            results.add(CancelTest.enqueue(client.newCall(get(Wire.H1))));
        }
        await().atMost(PATIENCE).until(() -> a.hits() == calls && b.hits() == Hedger.MAX_THREADS);

        wide.cancelAll();

        results.forEach(CancelTest::assertFails);
        assertIdle(client);
        // As many as there are threads; the others went on alone.
        assertThat(b.hits()).isEqualTo(Hedger.MAX_THREADS);
    }

    @Test
    void close_withAHedgeInFlight_letsTheCallFinish() throws Exception {
        Backend a = backend("a", Wire.H1);
        a.answers(after(a.response(200), 20_000));
        Backend b = backend("b", Wire.H1);
        CountDownLatch closed = new CountDownLatch(1);
        b.answers(request -> {
            try {
                assertThat(closed.await(20, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            return b.named(200);
        });
        orders(a, b);
        LoadBalancedClient client = closing(hedgingAfter(Wire.H1, 5).build());
        CompletableFuture<Response> result = CancelTest.enqueue(client.newCall(get(Wire.H1)));
        await().atMost(PATIENCE).until(() -> b.hits() == 1);

        client.close();
        closed.countDown();

        try (Response response = result.get(20, TimeUnit.SECONDS)) {
            assertThat(response.body().string()).isEqualTo("b");
        }
    }
}
