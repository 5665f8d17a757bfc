package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceInstance;
import io.lb4j.Subset;
import io.lb4j.affinity.AffinitySettings;
import io.lb4j.affinity.AffinityStore;
import io.lb4j.affinity.InMemoryAffinityStore;
import io.lb4j.health.CallQueue;
import io.lb4j.health.ConcurrencyLimit;
import io.lb4j.okhttp.rules.RequestMatch;
import io.lb4j.okhttp.rules.Route;
import io.lb4j.okhttp.rules.TrafficRules;
import io.lb4j.okhttp.rules.TrafficRulesFile;
import io.lb4j.testing.ChiSquare;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A rule's subset together with what else says where a call goes, over real sockets: no call may leave its subset. */
class SubsetsTogetherTest extends Fixture {
    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final Subset CANARY = Subset.of("version", "canary");

    @TempDir
    Path temp;

    private static ServiceInstance of(Backend backend, String version, int priority) {
        return backend.instance().toBuilder()
                .metadata(Map.of("version", version))
                .priority(priority)
                .build();
    }

    private static ServiceInstance of(Backend backend, String version) {
        return of(backend, version, 0);
    }

    /** Calls that say so go to the canaries. */
    private LoadBalancedClient.Builder routed() {
        return lb(base(Wire.H1).build())
                .rules(TrafficRules.builder()
                        .route(Route.named("canary")
                                .match(RequestMatch.builder()
                                        .pathPrefix("/canary")
                                        .build())
                                .subset(CANARY)
                                .build())
                        .build());
    }

    private static Request canary() {
        return new Request.Builder().url("http://orders/canary").build();
    }

    private static Request of(Request request, String user) {
        return request.newBuilder().header("X-User", user).build();
    }

    @Test
    void hedge_ofACallInASubset_goesToAnotherOfTheSubset() throws Exception {
        Backend stable = backend("stable", Wire.H1);
        Backend slow = backend("slow", Wire.H1);
        slow.answers(slow.response(200).headersDelay(20, TimeUnit.SECONDS).build());
        Backend quick = backend("quick", Wire.H1);
        discovery.set("orders", of(stable, "1"), of(slow, "canary"), of(quick, "canary"));
        LoadBalancedClient client = closing(HedgeTest.hedging(routed()).build());

        assertThat(body(client, canary())).isEqualTo("quick");

        assertThat(slow.hits()).isEqualTo(1);
        assertThat(stable.hits()).isZero();
        assertIdle(client);
    }

    @Test
    void hedge_ofTheOnlyOneInASubset_isNotMade() throws Exception {
        Backend stable = backend("stable", Wire.H1);
        Backend late = backend("late", Wire.H1);
        late.answers(late.response(200).headersDelay(400, TimeUnit.MILLISECONDS).build());
        discovery.set("orders", of(stable, "1"), of(late, "canary"));
        LoadBalancedClient client = closing(HedgeTest.hedging(routed()).build());

        assertThat(body(client, canary())).isEqualTo("late");

        assertThat(stable.hits()).isZero();
        assertCounted(client, "stable", 0, 0);
    }

    /** Answers from then on. */
    private Backend held(String id, CountDownLatch go) throws Exception {
        Backend held = backend(id, Wire.H1);
        held.answers(request -> {
            await().atMost(PATIENCE).until(() -> go.getCount() == 0);
            return held.named(200);
        });
        return held;
    }

    @Test
    void limit_ofAFullSubset_queuesItsCallsAndHoldsUpNoOthers() throws Exception {
        Backend stable = backend("stable", Wire.H1);
        CountDownLatch go = new CountDownLatch(1);
        Backend only = held("only", go);
        discovery.set("orders", of(stable, "1"), of(only, "canary"));
        CallQueue queue = new CallQueue(10, Duration.ofSeconds(20), Duration.ofSeconds(20));
        LoadBalancedClient client = closing(routed().defaults(settings ->
                        settings.concurrencyLimit(ConcurrencyLimit.fixed(1)).queue(queue))
                .build());
        CompletableFuture<Response> first = CancelTest.enqueue(client.newCall(canary()));
        await().atMost(PATIENCE).until(() -> only.hits() == 1);
        CompletableFuture<Response> second = CancelTest.enqueue(client.newCall(canary()));
        await().atMost(PATIENCE).until(() -> client.balancer("orders").waiting() == 1);

        assertThat(body(client, get(Wire.H1))).isEqualTo("stable");
        assertThat(second).isNotDone();
        go.countDown();

        for (CompletableFuture<Response> each : List.of(first, second)) {
            try (Response response = each.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                assertThat(response.body().string()).isEqualTo("only");
            }
        }
        assertThat(stable.hits()).isEqualTo(1);
        assertIdle(client);
    }

    @Test
    void limit_ofAFullSubsetWithoutAQueue_refusesThoughOthersHaveRoom() throws Exception {
        Backend stable = backend("stable", Wire.H1);
        CountDownLatch go = new CountDownLatch(1);
        Backend only = held("only", go);
        discovery.set("orders", of(stable, "1"), of(only, "canary"));
        LoadBalancedClient client =
                closing(routed().defaults(settings -> settings.concurrencyLimit(ConcurrencyLimit.fixed(1)))
                        .build());
        CompletableFuture<Response> first = CancelTest.enqueue(client.newCall(canary()));
        await().atMost(PATIENCE).until(() -> only.hits() == 1);

        assertThatExceptionOfType(ServiceUnavailableException.class)
                .isThrownBy(() -> body(client, canary()))
                .withMessageContaining("orders");
        assertThat(stable.hits()).isZero();
        go.countDown();
        first.get(PATIENCE.toSeconds(), TimeUnit.SECONDS).close();
    }

    @Test
    void priorities_inASubset_aCanaryStandsInForACanary() throws Exception {
        Backend stable = backend("stable", Wire.H1);
        Backend near = backend("near", Wire.H1);
        Backend far = backend("far", Wire.H1);
        discovery.set("orders", of(stable, "1", 0), of(near, "canary", 0), of(far, "canary", 1));
        LoadBalancedClient client = closing(routed().build());
        assertThat(body(client, canary())).isEqualTo("near");

        discovery.set("orders", of(stable, "1", 0), of(far, "canary", 1));

        await().atMost(PATIENCE).until(() -> body(client, canary()).equals("far"));
        assertThat(body(client, get(Wire.H1))).isEqualTo("stable");
        assertThat(stable.hits()).isEqualTo(1);
    }

    @Test
    void sharedAffinity_keyIsElsewhere_callInTheSubsetStaysInItAndTheKeyStays() throws Exception {
        Backend stable = backend("stable", Wire.H1);
        Backend canary = backend("canary", Wire.H1);
        discovery.set("orders", of(stable, "1"), of(canary, "canary"));
        AffinityStore store = InMemoryAffinityStore.create(1_000, Duration.ofMinutes(5));
        LoadBalancedClient client = closing(routed().service(
                        "orders",
                        orders -> orders.affinity(AffinityKey.header("X-User"), store, AffinitySettings.DEFAULT))
                .build());
        assertThat(body(client, of(get(Wire.H1), "ann"))).isEqualTo("stable");

        for (int i = 0; i < 3; i++) {
            assertThat(body(client, of(canary(), "ann"))).isEqualTo("canary");
            assertThat(body(client, of(get(Wire.H1), "ann"))).isEqualTo("stable");
        }
        assertThat(body(client, of(canary(), "bob"))).isEqualTo("canary");
        assertIdle(client);
    }

    /** The file as it is, at once for any reader. */
    private Path rules(String routes) throws IOException {
        Path file = temp.resolve("rules.json");
        Files.writeString(temp.resolve("new"), "{\"routes\": [" + routes + "]}");
        return Files.move(
                temp.resolve("new"), file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    private static String canaryOf(int percent) {
        return "{\"name\": \"canary\", \"match\": {\"percent\": " + percent
                + ", \"byHeader\": \"X-User\"}, \"subset\": {\"version\": \"canary\"}},"
                + "{\"name\": \"stable\", \"subset\": {\"version\": \"1\"}}";
    }

    /** Who is a canary's, by user. */
    private static Map<Integer, Boolean> canaries(LoadBalancedClient client, int users) throws IOException {
        Map<Integer, Boolean> canaries = new HashMap<>();
        for (int i = 0; i < users; i++) {
            canaries.put(i, body(client, of(get(Wire.H1), "user-" + i)).startsWith("canary"));
        }
        return canaries;
    }

    @Test
    void percentOfUsers_instancesAndRulesComeAndGo_isThatShareAndEachStaysWhereHeIs() throws Exception {
        int users = 1500;
        Backend one = backend("one", Wire.H1);
        Backend two = backend("two", Wire.H1);
        Backend canary = backend("canary", Wire.H1);
        Backend second = backend("canary-2", Wire.H1);
        discovery.set("orders", of(one, "1"), of(two, "1"), of(canary, "canary"));
        TrafficRulesFile file = closing(TrafficRulesFile.open(rules(canaryOf(5)), Duration.ofMillis(20)));
        LoadBalancedClient client =
                closing(lb(base(Wire.H1).build()).strategy(BY_TURNS).rules(file).build());

        Map<Integer, Boolean> before = canaries(client, users);
        long in = before.values().stream().filter(each -> each).count();
        assertThat(ChiSquare.excess(new long[] {in, users - in}, new double[] {5, 95}))
                .as("%d of %d users", in, users)
                .isLessThanOrEqualTo(1);

        discovery.set("orders", of(two, "1"), of(canary, "canary"), of(second, "canary"));
        assertThat(canaries(client, users)).isEqualTo(before);
        assertThat(second.hits()).isPositive();

        discovery.set("orders", of(one, "1"), of(second, "canary"));
        rules("{\"name\": \"admin\", \"match\": {\"pathPrefix\": \"/admin\"}, \"subset\": {\"version\": \"1\"}},"
                + canaryOf(5));
        await().atMost(PATIENCE).until(() -> client.routes().size() == 3);
        assertThat(canaries(client, users)).isEqualTo(before);

        rules(canaryOf(10));
        await().atMost(PATIENCE).until(() -> client.routes().size() == 2);
        Map<Integer, Boolean> more = canaries(client, users);
        assertThat(more.values().stream().filter(each -> each).count()).isGreaterThan(in);
        before.forEach((user, wasIn) -> assertThat(more.get(user) || !wasIn)
                .as("user %d stays in", user)
                .isTrue());
    }
}
