package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.lb4j.Outcome;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Tracker;
import io.lb4j.retry.HedgePolicy;
import io.lb4j.retry.RetryPolicy;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import mockwebserver3.MockResponse;
import okhttp3.Call;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okhttp3.WebSocketListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A second attempt beside a late one: who wins, who is cancelled, and what must never be sent twice. */
class HedgeTest extends Fixture {
    private static final Duration DELAY = Duration.ofMillis(60);

    /** Less than what is silent stays silent for, and far more than anything here takes. */
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    /** A call is late after 60 ms, and each may be hedged. */
    static LoadBalancedClient.Builder hedging(LoadBalancedClient.Builder builder) {
        return hedging(builder, policy -> policy);
    }

    static LoadBalancedClient.Builder hedging(
            LoadBalancedClient.Builder builder, UnaryOperator<HedgePolicy.Builder> more) {
        HedgePolicy policy = more.apply(
                        HedgePolicy.builder().initialDelay(DELAY).maxExtraLoad(1))
                .build();
        return builder.defaults(settings -> settings.hedge(policy));
    }

    private LoadBalancedClient hedging(Wire wire) {
        return closing(hedging(lb(base(wire).build())).build());
    }

    private static void answersAfter(Backend backend, long millis) {
        backend.answers(after(backend.response(200), millis));
    }

    /** Answers as soon as something else has happened, however long that takes. */
    private static void answersOnce(Backend backend, int status, Callable<Boolean> happened) {
        backend.answers(request -> {
            await().atMost(PATIENCE).pollInterval(Duration.ofMillis(2)).until(happened);
            return backend.named(status);
        });
    }

    private static MockResponse after(MockResponse.Builder response, long millis) {
        return response.headersDelay(millis, TimeUnit.MILLISECONDS).build();
    }

    private Backend silent(String name, Wire wire) {
        Backend backend = backend(name, wire);
        answersAfter(backend, 20_000);
        return backend;
    }

    private static Duration since(long start) {
        return Duration.ofNanos(System.nanoTime() - start);
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void get_firstLate_isAnsweredByTheHedge(Wire wire) throws Exception {
        Backend a = silent("a", wire);
        Backend b = backend("b", wire);
        Backend c = backend("c", wire);
        orders(a, b, c);
        LoadBalancedClient client = hedging(wire);
        long start = System.nanoTime();

        assertThat(body(client, get(wire))).isEqualTo("b");

        assertThat(since(start)).isBetween(DELAY, PATIENCE);
        assertThat(a.hits()).isEqualTo(1);
        assertThat(b.hits()).isEqualTo(1);
        assertThat(c.hits()).isZero();
        assertCounted(client, "a", 1, 0);
        assertCounted(client, "b", 1, 0);
    }

    @Test
    void loser_overHttp1_isDisconnected() throws Exception {
        CompletableFuture<Integer> end = new CompletableFuture<>();
        RawServer a = closing(new RawServer("a", server -> (connection, socket) -> {
            server.readRequest(socket);
            end.complete(socket.getInputStream().read());
        }));
        Backend b = backend("b", Wire.H1);
        discovery.set("orders", a.instance(), b.instance());
        LoadBalancedClient client = hedging(Wire.H1);

        assertThat(body(client, get(Wire.H1))).isEqualTo("b");

        assertThat(end.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo(-1);
        assertCounted(client, "a", 1, 0);
    }

    @Test
    void loser_overHttp2_isResetAndItsConnectionKept() throws Exception {
        CompletableFuture<Integer> code = new CompletableFuture<>();
        RawServer a = closing(new RawServer("a", server -> (connection, socket) -> {
            RawHttp2 http2 = new RawHttp2(socket);
            http2.readRequest();
            code.complete(http2.readReset());
            http2.answer(http2.readRequest(), "a" + connection);
            http2.readReset();
        }));
        Backend b = backend("b", Wire.H2_PRIOR_KNOWLEDGE);
        discovery.set("orders", a.instance(), b.instance());
        LoadBalancedClient client = hedging(Wire.H2_PRIOR_KNOWLEDGE);

        assertThat(body(client, get(Wire.H2_PRIOR_KNOWLEDGE))).isEqualTo("b");
        assertThat(code.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo(RawHttp2.CANCEL);

        // Not to be hedged again, should this one be late as well.
        Request.Builder request = new Request.Builder().url(Wire.H2_PRIOR_KNOWLEDGE.url("orders/"));
        assertThat(body(client, request.put(Bodies.replayable()).build())).isEqualTo("a0");
        assertCounted(client, "a", 2, 0);
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void get_firstAnswersAfterAll_cancelsTheHedge(Wire wire) throws Exception {
        Backend a = backend("a", wire);
        Backend b = silent("b", wire);
        answersOnce(a, 200, () -> b.hits() == 1);
        orders(a, b);
        LoadBalancedClient client = hedging(wire);

        assertThat(body(client, get(wire))).isEqualTo("a");

        assertThat(b.hits()).isEqualTo(1);
        assertCounted(client, "a", 1, 0);
        assertCounted(client, "b", 1, 0);
    }

    @ParameterizedTest
    @ValueSource(ints = {500, 429})
    void get_hedgeFails_waitsForTheFirst(int status) throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend b = backend("b", Wire.H1).answersStatus(status);
        Backend c = backend("c", Wire.H1);
        orders(a, b, c);
        LoadBalancedClient client = hedging(Wire.H1);
        answersOnce(a, 200, () -> report(client, "b").calls() == 1);

        assertThat(body(client, get(Wire.H1))).isEqualTo("a");

        assertThat(b.hits()).isEqualTo(1);
        assertThat(c.hits()).isZero();
        assertCounted(client, "a", 1, 0);
        assertCounted(client, "b", 1, status == 500 ? 1 : 0);
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void get_firstFailsWhileTheHedgeRuns_isNotSentToAThird(Wire wire) throws Exception {
        Backend a = backend("a", wire);
        Backend b = backend("b", wire);
        Backend c = backend("c", wire);
        orders(a, b, c);
        LoadBalancedClient client = hedging(wire);
        answersOnce(a, 500, () -> b.hits() == 1);
        answersOnce(b, 200, () -> report(client, "a").failures() == 1);

        assertThat(body(client, get(wire))).isEqualTo("b");

        assertThat(c.hits()).isZero();
        assertCounted(client, "a", 1, 1);
        assertCounted(client, "b", 1, 0);
    }

    @Test
    void get_bothFail_isAnsweredByAThirdAndNotHedgedAgain() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend b = backend("b", Wire.H1).answersStatus(502);
        Backend c = backend("c", Wire.H1);
        answersAfter(c, 400);
        Backend d = backend("d", Wire.H1);
        orders(a, b, c, d);
        LoadBalancedClient client = hedging(Wire.H1);
        answersOnce(a, 500, () -> report(client, "b").failures() == 1);

        assertThat(body(client, get(Wire.H1))).isEqualTo("c");

        assertThat(a.hits() + b.hits() + c.hits()).isEqualTo(3);
        assertThat(d.hits()).isZero();
        assertCounted(client, "a", 1, 1);
        assertCounted(client, "b", 1, 1);
    }

    @Test
    void get_bothFailAndNoAttemptIsLeft_getsTheLastFailureWithTheOther() throws Exception {
        CountDownLatch both = new CountDownLatch(2);
        RawServer.Script closesOnceBothAreAsked = (connection, socket) -> {
            socket.getInputStream().read();
            both.countDown();
            both.await();
        };
        RawServer a = closing(new RawServer("a", server -> closesOnceBothAreAsked));
        RawServer b = closing(new RawServer("b", server -> closesOnceBothAreAsked));
        discovery.set("orders", a.instance(), b.instance());
        LoadBalancedClient client = closing(hedging(lb(base(Wire.H1).build()))
                .defaults(settings ->
                        settings.retry(RetryPolicy.builder().maxAttempts(2).build()))
                .build());

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> body(client, get(Wire.H1)))
                .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
        assertCounted(client, "a", 1, 1);
        assertCounted(client, "b", 1, 1);
    }

    /** A policy of two attempts is one of two, whichever is the hedge; one of a single attempt still leaves the hedge. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void hedge_isAnAttemptOfThePolicys(int maxAttempts) throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend b = backend("b", Wire.H1).answersStatus(502);
        Backend c = backend("c", Wire.H1);
        orders(a, b, c);
        LoadBalancedClient client = closing(hedging(lb(base(Wire.H1).build()))
                .defaults(settings -> settings.retry(
                        RetryPolicy.builder().maxAttempts(maxAttempts).build()))
                .build());
        answersOnce(a, 500, () -> report(client, "b").failures() == 1);

        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        assertThat(c.hits()).isZero();
    }

    @Test
    void get_lastAttemptOfThePolicy_isNotHedged() throws Exception {
        Backend a = backend("a", Wire.H1).answersStatus(500);
        Backend b = backend("b", Wire.H1);
        answersAfter(b, 400);
        Backend c = backend("c", Wire.H1);
        orders(a, b, c);
        LoadBalancedClient client =
                closing(hedging(lb(base(Wire.H1).build()), policy -> policy.initialDelay(Duration.ofMillis(200)))
                        .defaults(settings -> settings.retry(
                                RetryPolicy.builder().maxAttempts(2).build()))
                        .build());

        assertThat(body(client, get(Wire.H1))).isEqualTo("b");
        assertThat(c.hits()).isZero();
    }

    /** A cancelled call is an IOException to OkHttp, and whatever it likes to an interceptor. */
    @Test
    void get_firstCancelledAndItsInterceptorThrowsSomethingElse_isAnsweredByTheHedge() throws Exception {
        Backend a = silent("a", Wire.H1);
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        OkHttpClient base = base(Wire.H1)
                .addNetworkInterceptor(chain -> {
                    try {
                        return chain.proceed(chain.request());
                    } catch (IOException e) {
                        throw new IllegalStateException("not what you think", e);
                    }
                })
                .build();
        LoadBalancedClient client = closing(hedging(lb(base)).build());

        assertThat(body(client, get(Wire.H1))).isEqualTo("b");
        assertCounted(client, "a", 1, 0);
        assertCounted(client, "b", 1, 0);
    }

    @Test
    void get_retryLate_isHedgedIfNothingWasBefore() throws Exception {
        discovery.set(
                "orders",
                RetryTest.refusing("a"),
                silent("b", Wire.H1).instance(),
                backend("c", Wire.H1).instance());
        LoadBalancedClient client = hedging(Wire.H1);

        assertThat(body(client, get(Wire.H1))).isEqualTo("c");
        assertCounted(client, "a", 1, 1);
        assertCounted(client, "b", 1, 0);
    }

    @ParameterizedTest
    @ValueSource(ints = {429, 503})
    void get_pushedBack_isNotHedged(int status) throws Exception {
        Backend a = backend("a", Wire.H1);
        a.answers(a.response(status).setHeader("Retry-After", "1").build());
        Backend b = backend("b", Wire.H1);
        answersAfter(b, 500);
        Backend c = backend("c", Wire.H1);
        orders(a, b, c);
        LoadBalancedClient client = hedging(Wire.H1);

        assertThat(body(client, get(Wire.H1))).isEqualTo("b");
        assertThat(c.hits()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PATCH", "PUT", "DELETE"})
    void call_thatChangesSomething_isNotHedgedByDefault(String method) throws Exception {
        Backend a = backend("a", Wire.H1);
        answersAfter(a, 400);
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        LoadBalancedClient client = hedging(Wire.H1);

        assertThat(body(
                        client,
                        new Request.Builder()
                                .url("http://orders/")
                                .method(method, RequestBody.create(new byte[3]))
                                .build()))
                .isEqualTo("a");
        assertThat(b.hits()).isZero();
    }

    @Test
    void call_allowedByThePolicy_isHedgedUnlessItsBodyCanBeSentOnce() throws Exception {
        Backend a = silent("a", Wire.H1);
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        LoadBalancedClient idempotent =
                closing(hedging(lb(base(Wire.H1).build()), policy -> policy.calls(HedgePolicy.Calls.IDEMPOTENT))
                        .build());
        LoadBalancedClient all =
                closing(hedging(lb(base(Wire.H1).build()), policy -> policy.calls(HedgePolicy.Calls.ALL))
                        .build());
        Request.Builder request = new Request.Builder().url("http://orders/");

        assertThat(body(idempotent, request.put(Bodies.replayable()).build())).isEqualTo("b");
        assertThat(body(all, request.post(Bodies.replayable()).build())).isEqualTo("b");
        answersAfter(a, 400);
        assertThat(body(idempotent, request.post(Bodies.replayable()).build())).isEqualTo("a");
        assertThat(body(all, request.post(Bodies.oneShot()).build())).isEqualTo("a");
    }

    @Test
    void duplexBody_isNeverHedged() throws Exception {
        Wire wire = Wire.H2_PRIOR_KNOWLEDGE;
        Backend a = backend("a", wire);
        answersAfter(a, 400);
        Backend b = backend("b", wire);
        orders(a, b);
        LoadBalancedClient client =
                closing(hedging(lb(base(wire).build()), policy -> policy.calls(HedgePolicy.Calls.ALL))
                        .build());
        Bodies body = Bodies.duplex();

        assertThat(body(
                        client,
                        new Request.Builder()
                                .url(wire.url("orders/"))
                                .post(body)
                                .build()))
                .isEqualTo("a");
        assertThat(body.writes()).isEqualTo(1);
        assertThat(b.hits()).isZero();
    }

    @Test
    void webSocket_isNeverHedged() throws Exception {
        Backend a = backend("a", Wire.H1);
        CompletableFuture<String> opened = new CompletableFuture<>();
        a.answers(request -> after(new MockResponse.Builder().webSocketUpgrade(new WebSocketListener() {}), 400));
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        LoadBalancedClient client = hedging(Wire.H1);

        client.newWebSocket(get(Wire.H1), new WebSocketListener() {
            @Override
            public void onOpen(okhttp3.WebSocket socket, Response response) {
                opened.complete("open");
                socket.cancel();
            }

            @Override
            public void onFailure(okhttp3.WebSocket socket, Throwable error, okhttp3.Response response) {
                opened.complete(String.valueOf(error));
            }
        });

        assertThat(opened.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo("open");
        assertThat(b.hits()).isZero();
        assertIdle(client);
    }

    @Test
    void get_noOtherInstance_isNotHedged() throws Exception {
        Backend a = backend("a", Wire.H1);
        answersAfter(a, 400);
        orders(a);
        LoadBalancedClient client = hedging(Wire.H1);

        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        assertThat(a.hits()).isEqualTo(1);
        assertCounted(client, "a", 1, 0);
    }

    @Test
    void get_othersNotEligible_isNotHedged() throws Exception {
        Backend a = backend("a", Wire.H1);
        answersAfter(a, 400);
        Backend b = backend("b", Wire.H1);
        discovery.set("orders", a.instance(), b.instance().toBuilder().weight(0).build());
        LoadBalancedClient client = hedging(Wire.H1);

        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        assertThat(a.hits()).isEqualTo(1);
        assertThat(b.hits()).isZero();
    }

    /** A loser that was late itself is known to be slow; one that had less time than usual may have been quick. */
    @Test
    void loser_countsAsOvertakenIfItHadLongerThanUsualAndElseAsIgnored() throws Exception {
        Map<String, List<Outcome>> outcomes = new ConcurrentHashMap<>();
        StateKey<Tracker> key = StateKey.create("outcomes");
        Strategy recording = eligible -> {
            for (int i = 0; i < eligible.size(); i++) {
                String id = eligible.get(i).instance().id();
                eligible.get(i)
                        .tracker(
                                key,
                                () -> (outcome, start, now) -> outcomes.computeIfAbsent(
                                                id, each -> new CopyOnWriteArrayList<>())
                                        .add(outcome));
            }
            return FIRST.newPicker(eligible);
        };
        Backend a = backend("a", Wire.H1);
        Backend b = silent("b", Wire.H1);
        orders(a, b);
        answersOnce(a, 200, () -> b.hits() == 1);
        LoadBalancedClient client =
                closing(hedging(lb(base(Wire.H1).build()), policy -> policy.initialDelay(Duration.ofSeconds(1)))
                        .strategy(recording)
                        .build());
        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        assertCounted(client, "b", 1, 0);
        // The hedge, cancelled long before a second was over.
        assertThat(outcomes).isEqualTo(Map.of("a", List.of(Outcome.SUCCESS), "b", List.of(Outcome.IGNORED)));

        answersAfter(a, 20_000);
        b.answersStatus(200);
        assertThat(body(client, get(Wire.H1))).isEqualTo("b");
        assertCounted(client, "a", 2, 0);
        assertCounted(client, "b", 2, 0);
        assertThat(outcomes.get("a")).last().isSameAs(Outcome.OVERTAKEN);
        assertThat(outcomes.get("b")).last().isSameAs(Outcome.SUCCESS);
    }

    @Test
    void get_retryBudgetSpent_isNotHedged() throws Exception {
        Backend a = backend("a", Wire.H1);
        answersAfter(a, 400);
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        LoadBalancedClient client = closing(hedging(lb(base(Wire.H1).build()))
                .service("orders", settings -> settings.retryBudget(0, 0))
                .build());

        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        assertThat(b.hits()).isZero();
        assertCounted(client, "b", 0, 0);
    }

    @Test
    void calls_learnedToBeQuick_areHedgedLongBeforeTheInitialDelay() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        LoadBalancedClient client =
                closing(hedging(lb(base(Wire.H1).build()), policy -> policy.initialDelay(Duration.ofSeconds(19)))
                        .build());
        long start = System.nanoTime();
        while (since(start).toMillis() < 400 || a.hits() + b.hits() < 300) {
            body(client, get(Wire.H1));
        }
        answersAfter(a, 20_000);

        assertThat(body(client, get(Wire.H1))).isEqualTo("b");
        // The first was overtaken, and not waited for until its read time-out.
        assertIdle(client);
        assertThat(report(client, "a").failures()).isZero();
    }

    @Test
    void calls_allSlow_addTheirShareAtMost() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend b = backend("b", Wire.H1);
        answersAfter(a, 20);
        answersAfter(b, 20);
        orders(a, b);
        LoadBalancedClient client = closing(hedging(
                        lb(base(Wire.H1).build()),
                        policy -> policy.initialDelay(Duration.ofMillis(5))
                                .maxDelay(Duration.ofMillis(5))
                                .maxExtraLoad(0.1)
                                .maxBurst(3))
                .build());

        for (int i = 0; i < 60; i++) {
            body(client, get(Wire.H1));
        }
        assertIdle(client);
        assertThat(report(client, "b").calls()).isBetween(1L, 6L);
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void cancel_whileBothRun_endsBothAndCountsAgainstNeither(Wire wire) {
        Backend a = silent("a", wire);
        Backend b = silent("b", wire);
        orders(a, b);
        LoadBalancedClient client = hedging(wire);
        Call call = client.newCall(get(wire));
        CompletableFuture<Response> result = CancelTest.enqueue(call);
        await().until(() -> b.hits() == 1);

        call.cancel();

        CancelTest.assertFails(result);
        assertCounted(client, "a", 1, 0);
        assertCounted(client, "b", 1, 0);
    }

    @Test
    void cancel_whileTheHedgeIsWaitedFor_endsIt() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend b = silent("b", Wire.H1);
        answersOnce(a, 500, () -> b.hits() == 1);
        orders(a, b);
        LoadBalancedClient client = hedging(Wire.H1);
        Call call = client.newCall(get(Wire.H1));
        CompletableFuture<Response> result = CancelTest.enqueue(call);
        await().until(() -> report(client, "a").failures() == 1);

        call.cancel();

        CancelTest.assertFails(result);
        assertCounted(client, "b", 1, 0);
    }

    @Test
    void interrupt_whileTheHedgeIsWaitedFor_endsTheCallAndTheHedge() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend b = silent("b", Wire.H1);
        answersOnce(a, 500, () -> b.hits() == 1);
        orders(a, b);
        LoadBalancedClient client = hedging(Wire.H1);
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        Thread caller = new Thread(() -> {
            try {
                body(client, get(Wire.H1));
                failure.complete(null);
            } catch (IOException e) {
                failure.complete(e);
            }
        });
        caller.start();
        await().until(() -> report(client, "a").failures() == 1);

        caller.interrupt();

        assertThat(failure.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isInstanceOf(InterruptedIOException.class);
        assertCounted(client, "b", 1, 0);
    }

    @ParameterizedTest
    @EnumSource(
            value = Wire.class,
            names = {"H1", "H2_TLS"})
    void callTimeout_whileBothRun_endsBoth(Wire wire) {
        orders(silent("a", wire), silent("b", wire));
        OkHttpClient base = base(wire).callTimeout(Duration.ofSeconds(2)).build();
        LoadBalancedClient client = closing(hedging(lb(base)).build());
        long start = System.nanoTime();

        assertThatExceptionOfType(InterruptedIOException.class)
                .isThrownBy(() -> body(client, get(wire)))
                .withMessage("timeout");

        assertThat(since(start)).isLessThan(PATIENCE);
        assertIdle(client);
        assertThat(report(client, "b").calls()).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(
            value = Wire.class,
            names = {"H1", "H2_TLS"})
    void callTimeout_readingTheHedgesBody_coversIt(Wire wire) throws Exception {
        Backend b = backend("b", wire);
        b.answers(HedgeRaceTest.endless(b).build());
        orders(silent("a", wire), b);
        OkHttpClient base = base(wire).callTimeout(Duration.ofSeconds(3)).build();
        LoadBalancedClient client = closing(hedging(lb(base)).build());

        try (Response response = client.newCall(get(wire)).execute()) {
            assertThat(response.header("Server-Name")).isEqualTo("b");
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> response.body().string());
        }
        assertIdle(client);
    }

    @Test
    void cancel_readingTheHedgesBody_endsIt() throws Exception {
        Backend b = backend("b", Wire.H1);
        b.answers(HedgeRaceTest.endless(b).build());
        orders(silent("a", Wire.H1), b);
        LoadBalancedClient client = hedging(Wire.H1);
        Call call = client.newCall(get(Wire.H1));

        CancelTest.cancelWhileReading(call);
        assertCounted(client, "b", 1, 0);
    }

    @Test
    void attemptTimeout_ofTheFirst_leavesTheHedgeItsOwn() throws Exception {
        Backend b = backend("b", Wire.H1);
        orders(silent("a", Wire.H1), b);
        LoadBalancedClient client =
                closing(hedging(lb(base(Wire.H1).build()), policy -> policy.initialDelay(Duration.ofMillis(1500)))
                        .defaults(settings -> settings.attemptTimeout(Duration.ofSeconds(3)))
                        .build());
        answersOnce(b, 200, () -> report(client, "a").failures() == 1);

        assertThat(body(client, get(Wire.H1))).isEqualTo("b");
        assertCounted(client, "a", 1, 1);
        assertCounted(client, "b", 1, 0);
    }

    @Test
    void redirectToAnotherService_byTheHedge_isFollowed() throws Exception {
        Backend b = backend("b", Wire.H1);
        b.answers(b.response(302).setHeader("Location", "http://billing/x").build());
        orders(silent("a", Wire.H1), b);
        Backend billing = backend("billing-1", Wire.H1);
        discovery.set("billing", billing.instance());
        LoadBalancedClient client = hedging(Wire.H1);

        assertThat(body(client, get(Wire.H1))).isEqualTo("billing-1");
        assertCounted(client, "a", 1, 0);
        assertCounted(client, "b", 1, 0);
    }

    @Test
    void off_makesNoThreadsAndSendsNothingTwice() throws Exception {
        Backend a = backend("a", Wire.H1);
        answersAfter(a, 400);
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        LoadBalancedClient client = lb(Wire.H1);

        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        assertThat(b.hits()).isZero();
    }
}
