package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import okhttp3.Request;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class DeadlineHeaderTest extends Fixture {
    private static final Request PLAIN =
            new Request.Builder().url("http://orders/").build();

    private static String written(DeadlineHeader header, String name, long nanos) {
        return header.on(PLAIN, nanos).header(name);
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1n",
        "99999999, 99999999n",
        "100000000, 100000u",
        "99999999999, 99999999u",
        "100000000000, 100000m",
        "99999999999999, 99999999m",
        "100000000000000, 100000S",
        "9223372036854775807, 153722867M"
    })
    void grpc_isTheFinestUnitThatFits(long nanos, String expected) {
        String actual = written(DeadlineHeader.grpcTimeout(), "grpc-timeout", nanos);
        assertThat(actual.length()).isLessThanOrEqualTo(9);
        assertThat(actual).isEqualTo(expected.length() > 9 ? "2562047H" : expected);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "999999, 1", "1000000, 1", "1999999, 1", "250000000, 250"})
    void envoy_isWholeMilliseconds(long nanos, String expected) {
        assertThat(written(DeadlineHeader.envoyExpectedTimeout(), "x-envoy-expected-rq-timeout-ms", nanos))
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @EnumSource(TimeUnit.class)
    void of_countsInItsUnit(TimeUnit unit) {
        assertThat(written(DeadlineHeader.of("X-Left", unit), "X-Left", unit.toNanos(3)))
                .isEqualTo("3");
    }

    @ParameterizedTest
    @CsvSource({
        "5m, 5m",
        "5S, 100000u",
        "0m, 100000u",
        "m, 100000u",
        "'', 100000u",
        "5x, 100000u",
        "999999999m, 100000u"
    })
    void valueOfTheRequest_holdsIfShorter(String own, String expected) {
        Request request = PLAIN.newBuilder().header("grpc-timeout", own).build();
        assertThat(DeadlineHeader.grpcTimeout().on(request, 100_000_000).header("grpc-timeout"))
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "ü", "a:"})
    void of_noName_isRefused(String name) {
        assertThatThrownBy(() -> DeadlineHeader.of(name, TimeUnit.SECONDS))
                .hasMessage("deadlineHeader: '" + name + "' (expected: a header's name)");
    }

    @Test
    void toString_saysNameAndUnit() {
        assertThat(DeadlineHeader.of("X-Left", TimeUnit.SECONDS)).hasToString("DeadlineHeader[X-Left, SECONDS]");
        assertThat(DeadlineHeader.grpcTimeout()).hasToString("DeadlineHeader[grpc-timeout]");
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void attempts_eachSayWhatIsLeft(Wire wire) throws Exception {
        Backend a = backend("a", wire);
        a.answers(request -> {
            sleep(60);
            return a.named(500);
        });
        Backend b = backend("b", wire);
        orders(a, b);
        LoadBalancedClient client =
                closing(lb(base(wire).callTimeout(Duration.ofSeconds(20)).build())
                        .service(
                                "orders",
                                settings -> settings.deadlineHeader(DeadlineHeader.of("X-Left", TimeUnit.MILLISECONDS)))
                        .build());

        assertThat(body(client, get(wire))).isEqualTo("b");

        long first = Long.parseLong(a.takeRequest().getHeaders().get("X-Left"));
        long second = Long.parseLong(b.takeRequest().getHeaders().get("X-Left"));
        assertThat(first).isBetween(10_000L, 20_000L);
        assertThat(second).isLessThanOrEqualTo(first - 60).isPositive();
    }

    @Test
    void attemptTimeout_isSaidIfShorter() throws Exception {
        Backend a = backend("a", Wire.H1);
        orders(a);
        LoadBalancedClient client =
                closing(lb(base(Wire.H1).callTimeout(Duration.ofSeconds(20)).build())
                        .service(
                                "orders",
                                settings -> settings.attemptTimeout(Duration.ofSeconds(5))
                                        .deadlineHeader(DeadlineHeader.envoyExpectedTimeout()))
                        .build());
        body(client, get(Wire.H1));
        assertThat(a.takeRequest().getHeaders().get("x-envoy-expected-rq-timeout-ms"))
                .isEqualTo("5000");
    }

    @Test
    void noTimeout_saysNothing() throws Exception {
        Backend a = backend("a", Wire.H1);
        orders(a);
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .service("orders", settings -> settings.deadlineHeader(DeadlineHeader.grpcTimeout()))
                .build());
        body(client, get(Wire.H1));
        assertThat(a.takeRequest().getHeaders().get("grpc-timeout")).isNull();
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
