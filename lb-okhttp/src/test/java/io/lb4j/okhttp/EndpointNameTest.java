package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import io.lb4j.balancer.InstanceReport;
import io.lb4j.health.OutlierDetection;
import java.io.IOException;
import java.time.Duration;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointNameTest extends Fixture {
    private static final EndpointName NAMES = EndpointName.templates(
            "GET /orders/new", "GET /orders/{id}", "POST /orders", "/files/{path...}", "/caf%C3%A9/");

    private static Request request(String method, String path) {
        return new Request.Builder()
                .url("http://orders" + path)
                .method(method, method.equals("POST") ? RequestBody.EMPTY : null)
                .build();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "GET  | /orders/42           | GET /orders/{id}",
                "GET  | /orders/42?x=/a      | GET /orders/{id}",
                "GET  | /orders/42/          | GET /orders/{id}",
                "GET  | /orders/a%2Fb        | GET /orders/{id}",
                "GET  | /%6Frders/42         | GET /orders/{id}",
                "GET  | /orders/new          | GET /orders/new",
                "POST | /orders              | POST /orders",
                "POST | /orders/             | POST /orders",
                "GET  | /files/a/b/c         | /files/{path...}",
                "POST | /files/a             | /files/{path...}",
                "GET  | /café                | /caf%C3%A9/",
                "GET  | /orders              |",
                "GET  | /orders/             |",
                "HEAD | /orders/42           |",
                "GET  | /Orders/42           |",
                "GET  | /orders/42/items     |",
                "GET  | /                    |",
            })
    void templates_ofARequest_nameTheFirstThatMatches(String method, String path, String name) {
        assertThat(NAMES.of(request(method, path))).isEqualTo(name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"orders", "GET  /orders", " /orders", "GET /orders x", "GET", "/a/{b", ""})
    void templates_thatCantBeRead_areRefused(String template) {
        assertThatIllegalArgumentException().isThrownBy(() -> EndpointName.templates(template));
    }

    @Test
    void templates_noneOrOneTwice_areRefused() {
        assertThatIllegalArgumentException().isThrownBy(EndpointName::templates);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EndpointName.templates("/a", "/a"))
                .withMessageContaining("templates: '/a' (expected: each template once)");
    }

    @Test
    void tag_ofARequest_namesItsEndpoint() {
        EndpointName name = EndpointName.tag(String.class, tag -> tag.isEmpty() ? null : "call " + tag);
        Request plain = request("GET", "/");
        assertThat(name.of(plain)).isNull();
        assertThat(name.of(plain.newBuilder().tag(String.class, "list").build()))
                .isEqualTo("call list");
        assertThat(name.of(plain.newBuilder().tag(String.class, "").build())).isNull();
    }

    @ParameterizedTest
    @EnumSource(
            value = Wire.class,
            names = {"H1", "H2_TLS"})
    void server_brokenAtOneEndpoint_losesThatAndKeepsTheOther(Wire wire) throws IOException {
        Backend broken = backend("broken", wire);
        broken.answers(request -> broken.named(request.getUrl().encodedPath().startsWith("/reports/") ? 500 : 200));
        Backend well = backend("well", wire);
        orders(broken, well);
        LoadBalancedClient client = closing(lb(base(wire).build())
                .strategy(eligible -> request -> eligible.get(eligible.random().nextInt(eligible.size())))
                .service(
                        "orders",
                        settings -> settings.endpoint(EndpointName.templates("GET /orders/{id}", "GET /reports/{id}"))
                                .outlierDetection(OutlierDetection.builder()
                                        .baseEjectionTime(Duration.ofMinutes(1))
                                        .build()))
                .build());
        for (int i = 0; i < 80; i++) {
            assertThat(status(client, wire, "orders/reports/" + i)).isEqualTo(200);
            assertThat(status(client, wire, "orders/orders/" + i)).isEqualTo(200);
        }
        await().atMost(Duration.ofSeconds(5))
                .untilAsserted(
                        () -> assertThat(report(client, broken.instance().id()).endpointsOut())
                                .containsOnlyKeys("GET /reports/{id}"));
        assertIdle(client);
        long failures = report(client, broken.instance().id()).failures();
        long calls = report(client, broken.instance().id()).calls();
        for (int i = 0; i < 60; i++) {
            assertThat(status(client, wire, "orders/reports/" + i)).isEqualTo(200);
            assertThat(status(client, wire, "orders/orders/" + i)).isEqualTo(200);
        }
        assertIdle(client);
        InstanceReport after = report(client, broken.instance().id());
        assertThat(after.failures()).isEqualTo(failures);
        assertThat(after.calls()).isGreaterThan(calls + 5);
        assertThat(after.state()).isEqualTo(InstanceReport.State.ELIGIBLE);
    }

    @Test
    void nameThatThrows_isLoggedAndTheCallGoesOn() throws IOException {
        orders(backend("only", Wire.H1));
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .service(
                        "orders",
                        settings -> settings.endpoint(request -> {
                            throw new IllegalStateException("expected by this test");
                        }))
                .build());
        assertThat(status(client, Wire.H1, "orders/x")).isEqualTo(200);
    }

    private static int status(LoadBalancedClient client, Wire wire, String path) throws IOException {
        try (Response response = client.newCall(
                        new Request.Builder().url(wire.url(path)).build())
                .execute()) {
            response.body().bytes();
            return response.code();
        }
    }
}
