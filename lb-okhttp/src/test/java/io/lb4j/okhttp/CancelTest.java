package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceInstance;
import io.lb4j.retry.RetryPolicy;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.reflect.Method;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.Dispatcher;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Cancelling, time-outs, interrupts, leaks: whatever ends a call early, the instance's count returns to zero. */
class CancelTest extends Fixture {

    /** Drips a body for longer than any test waits. */
    private Backend endless(String name, Wire wire) {
        Backend backend = backend(name, wire);
        return backend.answers(backend.response(200)
                .body("x".repeat(1000))
                .throttleBody(1, 20, TimeUnit.MILLISECONDS)
                .build());
    }

    private Backend silent(String name, Wire wire) {
        Backend backend = backend(name, wire);
        return backend.answers(
                backend.response(200).headersDelay(20, TimeUnit.SECONDS).build());
    }

    /** The call's body begins with an x and doesn't end. */
    static void cancelWhileReading(Call call) throws IOException {
        try (Response response = call.execute()) {
            assertThat(response.body().source().readByte()).isEqualTo((byte) 'x');
            call.cancel();
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> response.body().string());
        }
    }

    static CompletableFuture<Response> enqueue(Call call) {
        CompletableFuture<Response> result = new CompletableFuture<>();
        call.enqueue(new Callback() {
            @Override
            public void onFailure(Call failed, IOException e) {
                if (!result.completeExceptionally(e)) {
                    throw new AssertionError("a second end", e);
                }
            }

            @Override
            public void onResponse(Call answered, Response response) {
                if (!result.complete(response)) {
                    throw new AssertionError("a second end");
                }
            }
        });
        return result;
    }

    static void assertFails(CompletableFuture<Response> result) {
        await().atMost(Duration.ofSeconds(5)).until(result::isDone);
        assertThat(result).isCompletedExceptionally();
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void cancel_waitingForTheFirstAttempt_endsItAndCountsAgainstNobody(Wire wire) {
        Backend a = silent("a", wire);
        Backend b = backend("b", wire);
        orders(a, b);
        LoadBalancedClient client = lb(wire);
        Call call = client.newCall(get(wire));
        CompletableFuture<Response> result = enqueue(call);
        await().until(() -> a.hits() == 1);

        call.cancel();

        assertFails(result);
        assertCounted(client, "a", 1, 0);
        assertThat(b.hits()).isZero();
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void cancel_waitingForAFurtherAttempt_endsThatToo(Wire wire) {
        Backend a = backend("a", wire).answersStatus(500);
        Backend b = silent("b", wire);
        orders(a, b);
        LoadBalancedClient client = lb(wire);
        Call call = client.newCall(get(wire));
        CompletableFuture<Response> result = enqueue(call);
        await().until(() -> b.hits() == 1);

        call.cancel();

        assertFails(result);
        assertCounted(client, "a", 1, 1);
        assertCounted(client, "b", 1, 0);
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void cancel_readingTheBodyOfAFurtherAttempt_endsIt(Wire wire) throws Exception {
        Backend a = backend("a", wire).answersStatus(500);
        orders(a, endless("b", wire));
        LoadBalancedClient client = lb(wire);
        Call call = client.newCall(get(wire));

        cancelWhileReading(call);
        assertCounted(client, "b", 1, 0);
    }

    @Test
    void cancel_atAnyMoment_leavesNothingInFlight() throws Exception {
        orders(backend("a", Wire.H1).answersStatus(500), backend("b", Wire.H1));
        LoadBalancedClient client = lb(Wire.H1);
        List<CompletableFuture<?>> results = new ArrayList<>();

        for (int i = 0; i < 150; i++) {
            Call call = client.newCall(get(Wire.H1));
            CompletableFuture<Response> result = enqueue(call);
            results.add(result.handle((response, error) -> {
                if (response != null) {
                    response.close();
                }
                return null;
            }));
            // Somewhere between before the first attempt and after the second.
            long until = System.nanoTime() + i * 10_000L;
            while (System.nanoTime() < until) {
                Thread.onSpinWait();
            }
            call.cancel();
        }
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(results).allMatch(CompletableFuture::isDone));
        assertIdle(client);
    }

    @Test
    void cancel_betweenAttempts_doesNotWaitForTheNext() throws Exception {
        Backend a = backend("a", Wire.H1).answersStatus(500);
        orders(a, backend("b", Wire.H1));
        RetryPolicy patient = RetryPolicy.builder()
                .delays(Duration.ofDays(20), Duration.ofDays(20))
                .immediateRetries(0)
                .build();
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .service("orders", settings -> settings.retry(patient))
                .build());
        Call call = client.newCall(get(Wire.H1));
        CompletableFuture<Response> result = enqueue(call);
        await().until(() -> a.hits() == 1);
        await().until(() -> report(client, "b").calls() == 1);

        call.cancel();

        assertFails(result);
        assertIdle(client);
    }

    @Test
    void interrupt_betweenAttempts_endsTheCallAndKeepsTheFlag() throws Exception {
        Backend a = backend("a", Wire.H1).answersStatus(500);
        orders(a, backend("b", Wire.H1));
        RetryPolicy patient = RetryPolicy.builder()
                .delays(Duration.ofDays(20), Duration.ofDays(20))
                .immediateRetries(0)
                .build();
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .service("orders", settings -> settings.retry(patient))
                .build());
        CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
        Thread caller = new Thread(() -> {
            try {
                client.newCall(get(Wire.H1)).execute().close();
                interrupted.complete(false);
            } catch (IOException e) {
                interrupted.complete(e instanceof InterruptedIOException
                        && Thread.currentThread().isInterrupted());
            }
        });
        caller.start();
        await().until(() -> report(client, "b").calls() == 1);

        caller.interrupt();

        assertThat(interrupted.get(5, TimeUnit.SECONDS)).isTrue();
        assertIdle(client);
    }

    @Test
    void interrupt_virtualThreadInACall_countsAgainstNobody() throws Exception {
        Method startVirtual = Arrays.stream(Thread.class.getMethods())
                .filter(each -> each.getName().equals("startVirtualThread"))
                .findAny()
                .orElse(null);
        assumeThat(startVirtual).as("a JDK with virtual threads").isNotNull();
        Backend a = silent("a", Wire.H1);
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        LoadBalancedClient client = lb(Wire.H1);
        CompletableFuture<IOException> failure = new CompletableFuture<>();
        Thread caller = (Thread) startVirtual.invoke(null, (Runnable) () -> {
            try {
                body(client, get(Wire.H1));
            } catch (IOException e) {
                failure.complete(e);
            }
        });
        await().until(() -> a.hits() == 1);

        caller.interrupt();

        assertThat(failure.get(5, TimeUnit.SECONDS)).isNotNull();
        assertThat(b.hits()).isZero();
        assertCounted(client, "a", 1, 0);
    }

    @ParameterizedTest
    @EnumSource(
            value = Wire.class,
            names = {"H1", "H2_TLS"})
    void callTimeout_waitingForHeaders_endsFirstAndFurtherAttempts(Wire wire) {
        Backend a = backend("a", wire).answersStatus(500);
        orders(a, silent("b", wire));
        LoadBalancedClient client = closing(
                lb(base(wire).callTimeout(Duration.ofMillis(1500)).build()).build());

        assertThatExceptionOfType(InterruptedIOException.class)
                .isThrownBy(() -> body(client, get(wire)))
                .withMessage("timeout");

        assertIdle(client);
        assertThat(report(client, "b").calls()).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(
            value = Wire.class,
            names = {"H1", "H2_TLS"})
    void callTimeout_firstAttemptSilent_countsAgainstIt(Wire wire) {
        orders(silent("a", wire), backend("b", wire));
        LoadBalancedClient client = closing(
                lb(base(wire).callTimeout(Duration.ofMillis(1200)).build()).build());

        assertThatExceptionOfType(InterruptedIOException.class)
                .isThrownBy(() -> body(client, get(wire)))
                .withMessage("timeout");
        assertCounted(client, "a", 1, 1);
        assertCounted(client, "b", 0, 0);
    }

    @ParameterizedTest
    @EnumSource(
            value = Wire.class,
            names = {"H1", "H2_TLS"})
    void callTimeout_readingTheBody_coversFirstAndFurtherAttempts(Wire wire) {
        for (Backend first : List.of(endless("a", wire), backend("a", wire).answersStatus(500))) {
            orders(first, endless("b", wire));
            LoadBalancedClient client = closing(
                    lb(base(wire).callTimeout(Duration.ofMillis(700)).build()).build());
            long start = System.nanoTime();

            assertThatExceptionOfType(IOException.class).isThrownBy(() -> body(client, get(wire)));

            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(4));
            assertIdle(client);
        }
    }

    @Test
    void callTimeout_connecting_endsTheCall() throws Exception {
        // Never accepts, and after the backlog is full never even completes a connect.
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}))) {
            List<Socket> fill = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                Socket socket = new Socket();
                fill.add(socket);
                try {
                    socket.connect(full.getLocalSocketAddress(), 100);
                } catch (IOException e) {
                    break;
                }
            }
            discovery.set(
                    "orders",
                    ServiceInstance.builder("127.0.0.1", full.getLocalPort())
                            .id("a")
                            .build());
            LoadBalancedClient client = closing(
                    lb(base(Wire.H1).callTimeout(Duration.ofSeconds(1)).build()).build());

            assertThatExceptionOfType(InterruptedIOException.class)
                    .isThrownBy(() -> body(client, get(Wire.H1)))
                    .withMessage("timeout");
            assertCounted(client, "a", 1, 1);
            for (Socket socket : fill) {
                socket.close();
            }
        }
    }

    @Test
    void callTimeout_eventStreamOfAFurtherAttempt_staysOpen() throws Exception {
        Backend a = backend("a", Wire.H1).answersStatus(500);
        Backend b = backend("b", Wire.H1);
        b.answers(b.response(200)
                .setHeader("Content-Type", "text/event-stream")
                .body("data: 1\n\n".repeat(40))
                .throttleBody(9, 50, TimeUnit.MILLISECONDS)
                .build());
        orders(a, b);
        LoadBalancedClient client = closing(
                lb(base(Wire.H1).callTimeout(Duration.ofSeconds(1)).build()).build());

        assertThat(body(
                        client,
                        get(Wire.H1)
                                .newBuilder()
                                .header("Accept", "text/event-stream")
                                .build()))
                .hasSize(360);
        assertCounted(client, "b", 1, 0);
    }

    @Test
    void callTimeout_firstSnapshotMissing_endsTheWaitForIt() {
        LoadBalancedClient client =
                closing(lb(base(Wire.H1).callTimeout(Duration.ofMillis(200)).build())
                        .defaults(settings -> settings.firstSnapshotTimeout(Duration.ofMinutes(10)))
                        .build());

        assertThatExceptionOfType(InterruptedIOException.class)
                .isThrownBy(() -> body(client, get(Wire.H1)))
                .withMessage("timeout");
    }

    @Test
    void firstSnapshot_comingLate_isWaitedFor() throws Exception {
        Backend a = backend("a", Wire.H1);
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .defaults(settings -> settings.firstSnapshotTimeout(Duration.ofMinutes(10)))
                .build());
        CompletableFuture<Response> result = enqueue(client.newCall(get(Wire.H1)));
        await().until(() -> discovery.watches("orders") == 1);

        orders(a);

        try (Response response = result.get(5, TimeUnit.SECONDS)) {
            assertThat(response.body().string()).isEqualTo("a");
        }
    }

    @Test
    void enqueue_manyCallsWithChildrenUnderDefaultLimits_allEnd() throws Exception {
        Backend a = backend("a", Wire.H1).answersStatus(500);
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        Dispatcher narrow = new Dispatcher();
        narrow.setMaxRequests(64);
        narrow.setMaxRequestsPerHost(6);
        LoadBalancedClient client =
                closing(lb(base(Wire.H1).dispatcher(narrow).build()).build());
        closing(() -> narrow.executorService().shutdownNow());
        assertThat(client.dispatcher()).isSameAs(narrow);

        List<CompletableFuture<Response>> results = new ArrayList<>();
        for (int i = 0; i < 80; i++) {
            results.add(enqueue(client.newCall(get(Wire.H1))));
        }
        for (CompletableFuture<Response> each : results) {
            try (Response response = each.get(20, TimeUnit.SECONDS)) {
                assertThat(response.body().string()).isEqualTo("b");
            }
        }
        assertIdle(client);
    }

    @Test
    void enqueue_oneServiceUnderOkHttpsDefaults_isNotHeldToFiveAtATime() {
        Backend a = silent("a", Wire.H1);
        orders(a);
        LoadBalancedClient client = lb(Wire.H1);
        List<CompletableFuture<Response>> results = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            results.add(enqueue(client.newCall(get(Wire.H1))));
        }
        await().atMost(Duration.ofSeconds(10)).until(() -> a.hits() == 20);

        client.dispatcher().cancelAll();

        results.forEach(CancelTest::assertFails);
        assertIdle(client);
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void response_neverClosed_isForgottenWhenNobodyHasIt(Wire wire) throws Exception {
        orders(backend("a", wire));
        LoadBalancedClient client = lb(wire);

        leak(client, get(wire));
        assertThat(report(client, "a").inFlight()).isEqualTo(1);

        await().atMost(Duration.ofSeconds(50)).until(() -> {
            // A thread that has had nothing to do since may still hold the last call; then it holds this one.
            body(client, get(wire));
            System.gc();
            return report(client, "a").inFlight() == 0;
        });
    }

    private static void leak(LoadBalancedClient client, Request request) throws IOException {
        Response response = client.newCall(request).execute();
        assertThat(response.code()).isEqualTo(200);
    }

    @Test
    void interceptorsAndTags_ofTheBase_seeOneCall() throws Exception {
        orders(backend("a", Wire.H1).answersStatus(500), backend("b", Wire.H1));
        AtomicInteger above = new AtomicInteger();
        OkHttpClient base = base(Wire.H1)
                .addInterceptor(chain -> {
                    above.incrementAndGet();
                    assertThat(chain.request().tag(String.class)).isEqualTo("tagged");
                    return chain.proceed(chain.request());
                })
                .build();
        LoadBalancedClient client = closing(lb(base).build());
        Call call = client.newCall(
                get(Wire.H1).newBuilder().tag(String.class, "tagged").build());

        try (Response response = call.execute()) {
            assertThat(response.body().string()).isEqualTo("b");
            assertThat(response.request().tag(String.class)).isEqualTo("tagged");
        }
        assertThat(above).hasValue(1);
        assertThat(call.tag(String.class)).isEqualTo("tagged");
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void interceptorAbove_proceedingTwice_reachesTheSecondPick(Wire wire) throws Exception {
        Backend a = backend("a", wire).answersStatus(401);
        Backend b = backend("b", wire);
        orders(a, b);
        OkHttpClient base = base(wire)
                .addInterceptor(chain -> {
                    Response response = chain.proceed(chain.request());
                    if (response.code() != 401) {
                        return response;
                    }
                    response.close();
                    return chain.proceed(chain.request());
                })
                .build();
        LoadBalancedClient client = closing(lb(base).strategy(BY_TURNS).build());

        assertThat(body(client, get(wire))).isEqualTo("b");

        assertThat(a.hits()).isEqualTo(1);
        assertCounted(client, "a", 1, 0);
        assertCounted(client, "b", 1, 0);
    }

    @Test
    void interceptorAbove_changingTimeouts_changesThoseOfFurtherAttempts() {
        orders(backend("a", Wire.H1).answersStatus(500), silent("b", Wire.H1));
        OkHttpClient base = base(Wire.H1)
                .addInterceptor(chain ->
                        chain.withReadTimeout(500, TimeUnit.MILLISECONDS).proceed(chain.request()))
                .build();
        LoadBalancedClient client = closing(lb(base).build());

        assertThatExceptionOfType(SocketTimeoutException.class).isThrownBy(() -> body(client, get(Wire.H1)));
        assertCounted(client, "b", 1, 1);
    }
}
