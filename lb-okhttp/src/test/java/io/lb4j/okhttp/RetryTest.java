package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.lb4j.ServiceInstance;
import io.lb4j.retry.RetryPolicy;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import mockwebserver3.SocketEffect;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which calls are made again, and where. */
class RetryTest extends Fixture {

    @ParameterizedTest
    @EnumSource(Wire.class)
    void get_serverError_isAnsweredByAnotherInstance(Wire wire) throws Exception {
        Backend a = backend("a", wire).answersStatus(500);
        Backend b = backend("b", wire);
        orders(a, b);
        LoadBalancedClient client = lb(wire);

        for (int i = 1; i <= 3; i++) {
            assertThat(body(client, get(wire))).isEqualTo("b");
            assertThat(a.hits()).isEqualTo(i);
            assertThat(b.hits()).isEqualTo(i);
        }
        assertCounted(client, "a", 3, 3);
        assertCounted(client, "b", 3, 0);
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void get_everyInstanceFails_givesTheLastAnswer(Wire wire) throws Exception {
        Backend a = backend("a", wire).answersStatus(500);
        Backend b = backend("b", wire).answersStatus(503);
        orders(a, b);
        LoadBalancedClient client = lb(wire);

        try (Response response = client.newCall(get(wire)).execute()) {
            assertThat(response.code()).isEqualTo(503);
            assertThat(response.body().string()).isEqualTo("b");
        }
        // The third attempt the policy allows has nowhere to go.
        assertThat(a.hits() + b.hits()).isEqualTo(2);
        assertCounted(client, "a", 2, 1);
        assertIdle(client);
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void post_serverError_isNotSentAgain(Wire wire) throws Exception {
        Backend a = backend("a", wire).answersStatus(500);
        Backend b = backend("b", wire);
        orders(a, b);
        LoadBalancedClient client = lb(wire);

        try (Response response =
                client.newCall(post(wire, RequestBody.create(new byte[1]))).execute()) {
            assertThat(response.code()).isEqualTo(500);
        }
        assertThat(b.hits()).isZero();
        assertCounted(client, "a", 1, 1);
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void post_connectionRefusedAndOneShotBody_isSentToAnotherOnce(Wire wire) throws Exception {
        Backend b = backend("b", wire);
        discovery.set("orders", refusing("a"), b.instance());
        LoadBalancedClient client = lb(wire);
        Bodies body = Bodies.oneShot();

        assertThat(body(client, post(wire, body))).isEqualTo("b");

        assertThat(body.writes()).isEqualTo(1);
        assertThat(b.hits()).isEqualTo(1);
        assertCounted(client, "a", 1, 1);
        assertCounted(client, "b", 1, 0);
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void put_serverErrorAndOneShotBody_isNotSentAgain(Wire wire) throws Exception {
        Backend a = backend("a", wire).answersStatus(500);
        Backend b = backend("b", wire);
        orders(a, b);
        LoadBalancedClient client = lb(wire);
        Bodies body = Bodies.oneShot();

        try (Response response = client.newCall(
                        new Request.Builder().url(wire.url("orders/")).put(body).build())
                .execute()) {
            assertThat(response.code()).isEqualTo(500);
        }
        assertThat(body.writes()).isEqualTo(1);
        assertThat(b.hits()).isZero();
    }

    @Test
    void put_connectionClosedAfterOneShotBody_failsAndIsNotSentAgain() throws Exception {
        Backend a = backend("a", Wire.H1);
        a.answers(
                a.response(200).onResponseStart(new SocketEffect.CloseSocket()).build());
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        LoadBalancedClient client = lb(Wire.H1);
        Bodies body = Bodies.oneShot();

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> body(
                        client,
                        new Request.Builder().url("http://orders/").put(body).build()));
        assertThat(body.writes()).isEqualTo(1);
        assertThat(b.hits()).isZero();
        assertCounted(client, "a", 1, 1);
    }

    @ParameterizedTest
    @EnumSource(
            value = Wire.class,
            names = {"H2_TLS", "H2_PRIOR_KNOWLEDGE"})
    void duplexBody_serverError_isNotSentAgain(Wire wire) throws Exception {
        Backend a = backend("a", wire).answersStatus(503);
        Backend b = backend("b", wire);
        orders(a, b);
        LoadBalancedClient client = lb(wire);
        Bodies body = Bodies.duplex();

        try (Response response = client.newCall(
                        new Request.Builder().url(wire.url("orders/")).put(body).build())
                .execute()) {
            assertThat(response.code()).isEqualTo(503);
        }
        assertThat(body.writes()).isEqualTo(1);
        assertThat(b.hits()).isZero();
        assertCounted(client, "a", 1, 1);
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void call_unavailableWithRetryAfterZero_isDeliveredOnceAndTheHeaderSeen(Wire wire) throws Exception {
        Backend a = backend("a", wire);
        a.answers(a.response(503).setHeader("Retry-After", "0").build());
        orders(a);
        LoadBalancedClient client = lb(wire);

        try (Response response =
                client.newCall(post(wire, RequestBody.create(new byte[1]))).execute()) {
            assertThat(response.code()).isEqualTo(503);
            assertThat(response.header("Retry-After")).isEqualTo("0");
            assertThat(response.headers().names()).doesNotContain("lb4j-retry-after");
            assertThat(response.priorResponse()).isNull();
        }
        assertThat(a.hits()).isEqualTo(1);
        // Overloaded is not failed.
        assertCounted(client, "a", 1, 0);
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void get_readTimeout_isAnsweredByAnotherInstanceAndTheConnectionKept(Wire wire) throws Exception {
        Backend a = backend("a", wire);
        a.answers(a.response(200).headersDelay(3, TimeUnit.SECONDS).build());
        Backend b = backend("b", wire);
        orders(a, b);
        LoadBalancedClient client = closing(
                lb(base(wire).readTimeout(Duration.ofSeconds(1)).build()).build());

        assertThat(body(client, get(wire))).isEqualTo("b");
        assertThat(a.hits()).isEqualTo(1);
        assertThat(b.hits()).isEqualTo(1);
        assertCounted(client, "a", 1, 1);
    }

    @ParameterizedTest
    @EnumSource(
            value = Wire.class,
            names = {"H1", "H2_TLS"})
    void get_attemptTimeout_isAnsweredByAnotherInstanceWithinIt(Wire wire) throws Exception {
        Backend a = backend("a", wire);
        a.answers(a.response(200).headersDelay(5, TimeUnit.SECONDS).build());
        Backend b = backend("b", wire);
        // Slower than an attempt may be, but its headers come in time.
        b.answers(b.response(200).bodyDelay(1300, TimeUnit.MILLISECONDS).build());
        orders(a, b);
        LoadBalancedClient client = closing(lb(base(wire).build())
                .service("orders", settings -> settings.attemptTimeout(Duration.ofSeconds(1)))
                .build());

        assertThat(body(client, get(wire))).isEqualTo("b");

        assertCounted(client, "a", 1, 1);
        assertCounted(client, "b", 1, 0);
    }

    @Test
    void get_attemptTimeoutEverywhere_failsAsATimeout() {
        Backend a = backend("a", Wire.H1);
        a.answers(a.response(200).headersDelay(5, TimeUnit.SECONDS).build());
        orders(a);
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .service("orders", settings -> settings.attemptTimeout(Duration.ofMillis(100)))
                .build());

        assertThatExceptionOfType(SocketTimeoutException.class)
                .isThrownBy(() -> body(client, get(Wire.H1)))
                .withMessageContaining("attempt on instance a of service orders: no answer within PT0.1S");
        assertThat(report(client, "a").failures()).isEqualTo(1);
        assertIdle(client);
    }

    @Test
    void get_noInstanceAnswers_failsWithEachFailure() throws Exception {
        discovery.set("orders", refusing("a"), refusing("b"));
        LoadBalancedClient client = lb(Wire.H1);

        assertThatExceptionOfType(ConnectException.class)
                .isThrownBy(() -> body(client, get(Wire.H1)))
                .satisfies(e -> {
                    assertThat(e.getCause()).hasMessageContaining("instance b at 127.0.0.1:");
                    assertThat(e.getSuppressed()).hasSize(1);
                    assertThat(e.getSuppressed()[0].getCause()).hasMessageContaining("instance a at 127.0.0.1:");
                });
        assertIdle(client);
    }

    @Test
    void get_policyOfOneAttempt_isNotMadeAgain() throws Exception {
        Backend a = backend("a", Wire.H1).answersStatus(500);
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .service("orders", settings -> settings.retry(RetryPolicy.none()))
                .build());

        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        assertThat(b.hits()).isZero();
    }

    @Test
    void get_budgetSpent_isNotMadeAgain() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend b = backend("b", Wire.H1).answersStatus(500);
        orders(a, b);
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .service("orders", settings -> settings.retryBudget(0.5, 0))
                .build());

        for (int i = 0; i < 10; i++) {
            body(client, get(Wire.H1));
        }
        a.answersStatus(500);
        for (int i = 0; i < 10; i++) {
            body(client, get(Wire.H1));
        }
        assertThat(a.hits()).isEqualTo(20);
        assertThat(b.hits()).as("half of the calls that succeeded").isEqualTo(5);
        assertIdle(client);
    }

    @Test
    void get_delayLongerThanTheCallMayTake_givesUpAtOnce() throws Exception {
        Backend a = backend("a", Wire.H1).answersStatus(500);
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        // The delay is drawn evenly from zero to the maximum: a thousandth of it is already too long.
        RetryPolicy patient = RetryPolicy.builder()
                .delays(Duration.ofDays(20), Duration.ofDays(20))
                .immediateRetries(0)
                .build();
        LoadBalancedClient client =
                closing(lb(base(Wire.H1).callTimeout(Duration.ofSeconds(30)).build())
                        .service("orders", settings -> settings.retry(patient))
                        .build());

        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        assertThat(b.hits()).isZero();
    }

    @Test
    void get_delay_isWaitedForAndThenAnswered() throws Exception {
        Backend a = backend("a", Wire.H1).answersStatus(500);
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .service(
                        "orders",
                        settings -> settings.retry(RetryPolicy.builder()
                                .delays(Duration.ofMillis(100), Duration.ofMillis(100))
                                .immediateRetries(0)
                                .build()))
                .build());

        assertThat(body(client, get(Wire.H1))).isEqualTo("b");
        assertIdle(client);
    }

    @Test
    void get_instanceHostUnknown_isAnsweredByAnother() throws Exception {
        Backend b = backend("b", Wire.H1);
        discovery.set(
                "orders",
                ServiceInstance.builder("no-such-host.invalid", 80).id("a").build(),
                b.instance());
        LoadBalancedClient client = closing(lb(base(Wire.H1)
                        .dns(host -> {
                            if (host.equals("no-such-host.invalid")) {
                                throw new UnknownHostException(host);
                            }
                            return List.of(InetAddress.getByName(host));
                        })
                        .build())
                .build());

        assertThat(body(client, get(Wire.H1))).isEqualTo("b");
        assertCounted(client, "a", 1, 1);
    }

    static Request post(Wire wire, RequestBody body) {
        return new Request.Builder().url(wire.url("orders/path")).post(body).build();
    }

    /** An instance at a port where nobody listens. */
    static ServiceInstance refusing(String id) throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}))) {
            return ServiceInstance.builder("127.0.0.1", socket.getLocalPort())
                    .id(id)
                    .build();
        }
    }
}
