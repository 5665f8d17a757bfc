package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.lb4j.ServiceInstance;
import io.lb4j.retry.RetryPolicy;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Retry-After when nobody else can be asked, and instances that refuse connections when many others do too. */
class PatienceTest extends Fixture {
    private final AtomicInteger asked = new AtomicInteger();

    /** Asks the first caller to come back in a second, or to wait as long as said. */
    private Backend tired(String retryAfter, int status) {
        Backend a = backend("a", Wire.H1);
        a.answers(request -> asked.getAndIncrement() == 0
                ? a.response(status).setHeader("Retry-After", retryAfter).build()
                : a.named(200));
        return a;
    }

    private LoadBalancedClient patient(Duration callTimeout, RetryPolicy policy) {
        return closing(lb(base(Wire.H1).callTimeout(callTimeout).build())
                .service("orders", settings -> settings.retry(policy).retryBudget(0, 1))
                .build());
    }

    @ParameterizedTest
    @ValueSource(ints = {429, 503})
    void onlyInstance_isAskedAgainWhenItsTimeIsOver(int status) throws Exception {
        Backend a = tired("1", status);
        orders(a);
        LoadBalancedClient client = patient(Duration.ofSeconds(30), RetryPolicy.defaults());
        long begin = System.nanoTime();
        try (Response response = client.newCall(get(Wire.H1)).execute()) {
            assertThat(response.code()).isEqualTo(200);
        }
        assertThat(System.nanoTime() - begin).isGreaterThanOrEqualTo(1_000_000_000L);
        assertThat(a.hits()).isEqualTo(2);
        // With the lease that was had while looking for another instance.
        assertCounted(client, "a", 3, 0);
    }

    @Test
    void longerThanThePolicyWaits_givesTheAnswerAtOnce() throws Exception {
        Backend a = tired("2", 503);
        orders(a);
        LoadBalancedClient client = patient(Duration.ofSeconds(30), RetryPolicy.defaults());
        try (Response response = client.newCall(get(Wire.H1)).execute()) {
            assertThat(response.code()).isEqualTo(503);
            assertThat(response.body().string()).isEqualTo("a");
        }
        assertThat(a.hits()).isEqualTo(1);
        assertIdle(client);
    }

    @Test
    void longerThanTheCallMayTake_givesTheAnswerAtOnce() throws Exception {
        Backend a = tired("20", 503);
        orders(a);
        LoadBalancedClient client = patient(
                Duration.ofSeconds(15),
                RetryPolicy.builder().maxRetryAfter(Duration.ofHours(1)).build());
        try (Response response = client.newCall(get(Wire.H1)).execute()) {
            assertThat(response.code()).isEqualTo(503);
        }
        assertThat(a.hits()).isEqualTo(1);
    }

    @Test
    void post_isNotMadeAgain() throws Exception {
        Backend a = tired("1", 503);
        orders(a);
        LoadBalancedClient client = patient(Duration.ofSeconds(30), RetryPolicy.defaults());
        try (Response response = client.newCall(RetryTest.post(Wire.H1, RequestBody.create(new byte[1])))
                .execute()) {
            assertThat(response.code()).isEqualTo(503);
        }
        assertThat(a.hits()).isEqualTo(1);
    }

    @Test
    void otherInstance_isAskedWithoutWaiting() throws Exception {
        Backend a = tired("1", 503);
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        LoadBalancedClient client = patient(Duration.ofSeconds(30), RetryPolicy.defaults());
        assertThat(body(client, get(Wire.H1))).isEqualTo("b");
        assertThat(a.hits()).isEqualTo(1);
    }

    @Test
    void cancelled_whileItWaits_fails() throws Exception {
        Backend a = tired("1", 503);
        orders(a);
        LoadBalancedClient client = patient(Duration.ofSeconds(30), RetryPolicy.defaults());
        okhttp3.Call call = client.newCall(get(Wire.H1));
        Thread canceller = new Thread(() -> {
            while (a.hits() == 0 || report(client, "a").inFlight() > 0) {
                Thread.onSpinWait();
            }
            call.cancel();
        });
        canceller.start();
        assertThatExceptionOfType(IOException.class).isThrownBy(call::execute).withMessage("Canceled");
        canceller.join();
        assertThat(a.hits()).isEqualTo(1);
        assertCounted(client, "a", 2, 0);
    }

    private List<ServiceInstance> sevenDeadAnd(Backend last) throws IOException {
        List<ServiceInstance> all = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            all.add(RetryTest.refusing("dead" + i));
        }
        all.add(last.instance());
        return all;
    }

    @Test
    void refusedConnections_areNotCounted() throws Exception {
        Backend b = backend("b", Wire.H1);
        discovery.set("orders", sevenDeadAnd(b));
        LoadBalancedClient client = lb(Wire.H1);
        assertThat(body(client, RetryTest.post(Wire.H1, RequestBody.create(new byte[1]))))
                .isEqualTo("b");
        assertThat(b.hits()).isEqualTo(1);
    }

    @Test
    void refusedConnections_beyondTheLimit_areCounted() throws Exception {
        Backend b = backend("b", Wire.H1);
        discovery.set("orders", sevenDeadAnd(b));
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .service(
                        "orders",
                        settings -> settings.retry(
                                RetryPolicy.builder().maxUnsent(4).build()))
                .build());
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> body(client, get(Wire.H1)))
                .satisfies(e -> assertThat(e.getSuppressed()).hasSize(6));
        assertThat(b.hits()).isZero();
    }

    @Test
    void refusedConnections_areGivenBackToTheBudgetByAnAnswer() throws Exception {
        Backend b = backend("b", Wire.H1);
        discovery.set("orders", sevenDeadAnd(b));
        LoadBalancedClient client = withNineRetries();
        for (int i = 0; i < 5; i++) {
            assertThat(body(client, get(Wire.H1))).isEqualTo("b");
        }
    }

    @Test
    void refusedConnections_whenNobodyAnswers_drawOnTheBudget() throws Exception {
        discovery.set(
                "orders",
                sevenDeadAnd(backend("b", Wire.H1)).stream()
                        .filter(each -> !each.id().equals("b"))
                        .toList());
        LoadBalancedClient client = withNineRetries();
        int retries = 0;
        for (int i = 0; i < 5; i++) {
            IOException e = catchThrowableOfType(IOException.class, () -> body(client, get(Wire.H1)));
            retries += e.getSuppressed().length;
        }
        assertThat(retries).isEqualTo(9);
    }

    private LoadBalancedClient withNineRetries() {
        return closing(lb(base(Wire.H1).build())
                .service("orders", settings -> settings.retryBudget(0, 3))
                .build());
    }
}
