package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.Outcome;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import okhttp3.Headers;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StandardClassifierTest extends Fixture {
    private static final OutcomeClassifier CLASSIFIER =
            new StandardClassifier(InstantSource.fixed(Instant.parse("2026-01-01T00:00:00Z")));

    private static Response response(int code, String... headers) {
        return new Response.Builder()
                .request(new Request.Builder().url("http://orders/").build())
                .protocol(Protocol.HTTP_1_1)
                .code(code)
                .message("")
                .headers(Headers.of(headers))
                .build();
    }

    @ParameterizedTest
    @CsvSource({
        "101, SUCCESS",
        "200, SUCCESS",
        "304, SUCCESS",
        "404, SUCCESS",
        "408, SUCCESS",
        "429, OVERLOADED",
        "499, SUCCESS",
        "500, SERVER_ERROR",
        "501, SUCCESS",
        "502, SERVER_ERROR",
        "503, SERVER_ERROR",
        "504, SERVER_ERROR",
        "599, SERVER_ERROR",
        "600, SUCCESS"
    })
    void status_alone_meansThis(int status, Outcome.Kind kind) {
        assertThat(CLASSIFIER.ofResponse(response(status)).kind()).isEqualTo(kind);
    }

    @ParameterizedTest
    @CsvSource({"200, false", "304, false", "400, true", "404, true", "499, true", "501, false", "600, false"})
    void status_thatBlamesTheCaller_isToldApart(int status, boolean callersFault) {
        assertThat(CLASSIFIER.ofResponse(response(status)) == Outcome.CLIENT_ERROR)
                .isEqualTo(callersFault);
    }

    @ParameterizedTest
    @CsvSource({"500, false", "502, true", "503, true", "504, true", "505, false", "200, false", "429, false"})
    void status_ofAGateway_isToldApart(int status, boolean gateway) {
        assertThat(CLASSIFIER.ofResponse(response(status)).isGatewayFailure()).isEqualTo(gateway);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "7, 7",
        "' 7 ', 7",
        "600, 600",
        "601, 600",
        "99999999999999999999, 600",
        "'Thu, 01 Jan 2026 00:00:30 GMT', 30",
        "'Thursday, 01-Jan-26 00:00:30 GMT', 30",
        "'Thu Jan  1 00:00:30 2026', 30",
        "'Thu, 01 Jan 2026 02:00:00 GMT', 600",
        "'Wed, 31 Dec 2025 23:00:00 GMT', 0"
    })
    void retryAfter_secondsOrDate_isForSoLong(String value, int seconds) {
        for (int status : new int[] {429, 503}) {
            Outcome outcome = CLASSIFIER.ofResponse(response(status, "Retry-After", value));
            assertThat(outcome.kind()).isEqualTo(Outcome.Kind.OVERLOADED);
            assertThat(outcome.retryAfter()).isEqualTo(Duration.ofSeconds(seconds));
        }
    }

    @Test
    void retryAfter_date_isMeasuredByTheServersClock() {
        Outcome outcome = CLASSIFIER.ofResponse(
                response(503, "Date", "Thu, 01 Jan 2026 05:00:00 GMT", "Retry-After", "Thu, 01 Jan 2026 05:00:20 GMT"));
        assertThat(outcome.retryAfter()).isEqualTo(Duration.ofSeconds(20));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "soon", "-5", "1.5", "Thu, 99 Jan 2026 00:00:00 GMT"})
    void retryAfter_neither_isNoHeader(String value) {
        assertThat(CLASSIFIER.ofResponse(response(503, "Retry-After", value))).isEqualTo(Outcome.GATEWAY_ERROR);
        assertThat(CLASSIFIER.ofResponse(response(429, "Retry-After", value)).kind())
                .isEqualTo(Outcome.Kind.OVERLOADED);
    }

    @Test
    void classifier_ofOnesOwn_decides() throws Exception {
        Backend a = backend("a", Wire.H1).answersStatus(404);
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .service(
                        "orders",
                        settings -> settings.outcomeClassifier(
                                response -> response.code() == 404 ? Outcome.SERVER_ERROR : Outcome.SUCCESS))
                .build());

        assertThat(body(client, get(Wire.H1))).isEqualTo("b");
        assertCounted(client, "a", 1, 1);
    }

    @Test
    void classifier_ofFailures_decidesToo() throws Exception {
        Backend b = backend("b", Wire.H1);
        discovery.set("orders", RetryTest.refusing("a"), b.instance());
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .service(
                        "orders",
                        settings -> settings.outcomeClassifier(new OutcomeClassifier() {
                            @Override
                            public Outcome ofResponse(Response response) {
                                return Outcome.SUCCESS;
                            }

                            @Override
                            public Outcome ofFailure(IOException error, Outcome proposed) {
                                assertThat(proposed).isEqualTo(Outcome.CONNECT_FAILURE);
                                return Outcome.overloaded(Duration.ZERO);
                            }
                        }))
                .build());

        assertThat(body(client, get(Wire.H1))).isEqualTo("b");
        assertCounted(client, "a", 1, 0);
    }

    @Test
    void classifier_thatThrows_leavesItToTheDefault() throws Exception {
        Backend a = backend("a", Wire.H1).answersStatus(500);
        Backend b = backend("b", Wire.H1);
        discovery.set("orders", a.instance(), RetryTest.refusing("c"), b.instance());
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .service(
                        "orders",
                        settings -> settings.outcomeClassifier(new OutcomeClassifier() {
                            @Override
                            public Outcome ofResponse(Response response) {
                                throw new IllegalStateException("broken");
                            }

                            @Override
                            public Outcome ofFailure(IOException error, Outcome proposed) {
                                throw new IllegalStateException("broken");
                            }
                        }))
                .build());

        assertThat(body(client, get(Wire.H1))).isEqualTo("b");
        assertCounted(client, "a", 1, 1);
        assertCounted(client, "c", 1, 1);
    }
}
