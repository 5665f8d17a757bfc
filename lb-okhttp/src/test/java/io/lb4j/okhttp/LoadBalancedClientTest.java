package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.lb4j.NoEligibleInstanceException;
import io.lb4j.NoSuchServiceException;
import io.lb4j.NotReadyException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import okhttp3.Call;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.WebSocketListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a call to a service is, without trouble. */
class LoadBalancedClientTest extends Fixture {

    @ParameterizedTest
    @EnumSource(Wire.class)
    void calls_byTurns_reachEachInstanceUnderTheServicesName(Wire wire) throws Exception {
        Backend a = backend("a", wire);
        Backend b = backend("b", wire);
        Backend c = backend("c", wire);
        orders(a, b, c);
        LoadBalancedClient client =
                closing(lb(base(wire).build()).strategy(BY_TURNS).build());

        List<String> bodies = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            bodies.add(body(client, get(wire)));
        }

        assertThat(bodies).containsExactly("a", "b", "c", "a", "b", "c");
        assertThat(a.requests()).allSatisfy(request -> {
            assertThat(request.getUrl().host()).isEqualTo("orders");
            assertThat(request.getHeaders().get(wire.isH2() ? ":authority" : "Host"))
                    .isEqualTo("orders");
        });
        assertThat(a.requests().get(1).getConnectionIndex())
                .isEqualTo(a.requests().get(0).getConnectionIndex());
        assertCounted(client, "a", 2, 0);
        assertCounted(client, "b", 2, 0);
        assertCounted(client, "c", 2, 0);
    }

    @Test
    void call_bodyStillOpen_countsAsInFlightOnceAndUntilItIsClosed() throws Exception {
        orders(backend("a", Wire.H1));
        LoadBalancedClient client = lb(Wire.H1);

        Response response = client.newCall(get(Wire.H1)).execute();
        assertThat(report(client, "a").inFlight()).isEqualTo(1);
        response.close();
        response.close();

        assertCounted(client, "a", 1, 0);
    }

    @Test
    void calls_toOtherHosts_areLeftAlone() throws Exception {
        Backend other = backend("other", Wire.H1);
        LoadBalancedClient client = lb(Wire.H1);

        assertThat(body(
                        client,
                        new Request.Builder()
                                .url("http://127.0.0.1:" + other.port())
                                .build()))
                .isEqualTo("other");
        assertThat(body(
                        client,
                        new Request.Builder()
                                .url("http://localhost:" + other.port())
                                .build()))
                .isEqualTo("other");
        assertThat(discovery.watches("localhost")).isZero();
    }

    @Test
    void service_nameWithDots_isOneIfNamed() throws Exception {
        Backend a = backend("a", Wire.H1);
        discovery.set("Orders.internal", a.instance());
        LoadBalancedClient client =
                closing(lb(base(Wire.H1).build()).service("Orders.internal").build());
        assertThat(discovery.watches("Orders.internal")).isEqualTo(1);

        assertThat(body(
                        client,
                        new Request.Builder()
                                .url("http://orders.INTERNAL:8080/")
                                .build()))
                .isEqualTo("a");
        assertThat(a.takeRequest().getHeaders().get("Host")).isEqualTo("orders.internal:8080");
    }

    @Test
    void call_nothingToPick_failsWithTheReason() {
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .defaults(settings -> settings.firstSnapshotTimeout(Duration.ZERO))
                .build());

        assertThatExceptionOfType(ServiceUnavailableException.class)
                .isThrownBy(() -> body(client, get(Wire.H1)))
                .withMessageContaining("nothing is known of service orders yet")
                .withCauseInstanceOf(NotReadyException.class)
                .satisfies(e -> assertThat(e.service()).isEqualTo("orders"));

        discovery.unknown("orders", "not in the list");
        client.balancer("orders").ready().toCompletableFuture().join();
        assertThatExceptionOfType(ServiceUnavailableException.class)
                .isThrownBy(() -> body(client, get(Wire.H1)))
                .withMessageContaining("no such service: orders")
                .withCauseInstanceOf(NoSuchServiceException.class);

        discovery.set("billing", List.of());
        client.balancer("billing").ready().toCompletableFuture().join();
        assertThatExceptionOfType(ServiceUnavailableException.class)
                .isThrownBy(() -> body(
                        client, new Request.Builder().url("http://billing/").build()))
                .withCauseInstanceOf(NoEligibleInstanceException.class);
    }

    @Test
    void close_callInFlight_finishesAndNewOnesAreRefused() throws Exception {
        orders(backend("a", Wire.H1));
        LoadBalancedClient client = lb(Wire.H1);
        Response inFlight = client.newCall(get(Wire.H1)).execute();
        Call made = client.newCall(get(Wire.H1));

        client.close();
        client.close();

        assertThat(inFlight.body().string()).isEqualTo("a");
        assertThatIllegalStateException()
                .isThrownBy(() -> client.newCall(get(Wire.H1)))
                .withMessageContaining("closed");
        assertThatIllegalStateException()
                .isThrownBy(() -> client.newWebSocket(get(Wire.H1), new WebSocketListener() {}));
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(made::execute)
                .withMessageContaining("closed")
                .withCauseInstanceOf(IllegalStateException.class);
        assertThat(discovery.watches("orders")).isZero();
    }

    @Test
    void close_clientOfItsOwn_leavesNoThreads() throws Exception {
        orders(backend("a", Wire.H1));
        LoadBalancedClient client =
                LoadBalancedClient.builder().discovery(discovery).build();
        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        ExecutorService executor = client.dispatcher().executorService();
        assertThat(executor.isShutdown()).isFalse();

        client.close();

        assertThat(executor.isShutdown()).isTrue();
    }

    @Test
    void builder_badInput_saysWhat() {
        assertThatIllegalStateException()
                .isThrownBy(() -> LoadBalancedClient.builder(new OkHttpClient()).build())
                .withMessageContaining("discovery is missing");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoadBalancedClient.builder().service("or ders"))
                .withMessage("service: 'or ders' (expected: a host name, as in a URL)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> lb(Wire.H1).balancer("example.com"))
                .withMessageContaining("example.com");
    }
}
