package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import io.lb4j.affinity.AffinitySettings;
import io.lb4j.affinity.AffinityStore;
import io.lb4j.affinity.Claim;
import io.lb4j.affinity.InMemoryAffinityStore;
import io.lb4j.retry.HedgePolicy;
import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import okhttp3.Call;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Calls of clients that agree on the instance of a key, over real sockets. */
class SharedAffinityCallsTest extends Fixture {
    private static final AffinityKey USER = AffinityKey.header("X-User");

    private final AffinityStore store = InMemoryAffinityStore.create(1_000, Duration.ofMinutes(5));

    /** A store that never answers, and counts who listens to it. */
    private static final class Silent implements AffinityStore {
        final Set<Listener> listeners = ConcurrentHashMap.newKeySet();

        @Override
        public CompletionStage<Claim> claim(String service, long key, String instance, @Nullable Claim lost) {
            return new CompletableFuture<>();
        }

        @Override
        public Watch watch(String service, Listener listener) {
            listeners.add(listener);
            return () -> listeners.remove(listener);
        }

        @Override
        public void close() {}
    }

    private LoadBalancedClient client(AffinityStore with, AffinitySettings settings) {
        return closing(lb(base(Wire.H1).build())
                .service("orders", orders -> orders.affinity(USER, with, settings))
                .build());
    }

    private LoadBalancedClient client() {
        return client(store, AffinitySettings.DEFAULT);
    }

    private static Request of(String user) {
        return get(Wire.H1).newBuilder().header("X-User", user).build();
    }

    private Claim claimOf(String user) {
        return store.claim("orders", USER.hash(of(user)).orElseThrow(), "none", null)
                .toCompletableFuture()
                .join();
    }

    @Test
    void get_keyClaimedByAnotherClient_goesThere() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        assertThat(body(client(), of("ann"))).as("the first, says the strategy").isEqualTo("a");
        orders(b, a);
        LoadBalancedClient other = client();
        assertThat(body(other, of("ann"))).isEqualTo("a");
        assertThat(body(other, of("bob"))).isEqualTo("b");
        assertThat(body(other, get(Wire.H1))).as("without a key").isEqualTo("b");
    }

    @Test
    void get_connectionRefused_movesTheKeyForAll() throws Exception {
        Backend b = backend("b", Wire.H1);
        Backend c = backend("c", Wire.H1);
        discovery.set("orders", RetryTest.refusing("a"), b.instance(), c.instance());
        assertThat(body(client(), of("ann"))).isEqualTo("b");
        assertThat(claimOf("ann").instance()).isEqualTo("b");
        discovery.set("orders", RetryTest.refusing("a"), c.instance(), b.instance());
        LoadBalancedClient other = client();
        assertThat(body(other, of("ann"))).isEqualTo("b");
        // Picked, and given back when the store had answered.
        assertCounted(other, "a", 1, 0);
    }

    @Test
    void get_serverError_isAGuestElsewhereAndTheKeyStays() throws Exception {
        Backend a = backend("a", Wire.H1).answersStatus(500);
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        LoadBalancedClient client = client();
        for (int i = 1; i <= 3; i++) {
            assertThat(body(client, of("ann"))).isEqualTo("b");
            assertThat(a.hits()).isEqualTo(i);
        }
        assertThat(claimOf("ann").instance()).isEqualTo("a");
    }

    @Test
    void get_connectionBroke_triesTheSameInstanceOnceMore() throws Exception {
        try (RestartingServer a = new RestartingServer(new ConcurrentHashMap<>())) {
            Backend b = backend("b", Wire.H1);
            discovery.set("orders", a.instance("a"), b.instance());
            LoadBalancedClient client = client();
            assertThat(body(client, of("ann"))).isEqualTo("ok");
            Claim before = claimOf("ann");
            a.kill();
            a.start();
            assertThat(body(client, of("ann"))).isEqualTo("ok");
            assertThat(claimOf("ann")).isEqualTo(before);
            a.kill();
            assertThat(body(client, of("ann"))).as("refused the second time").isEqualTo("b");
            a.start();
            assertThat(body(client, of("ann"))).as("where it went").isEqualTo("b");
            assertThat(claimOf("ann").version()).isGreaterThan(before.version());
        }
    }

    @Test
    void get_storeNeverAnswers_isAnsweredAfterTheTimeOut() throws Exception {
        Backend a = backend("a", Wire.H1);
        orders(a);
        LoadBalancedClient client = client(new Silent(), AffinitySettings.DEFAULT);
        long start = System.nanoTime();
        for (int i = 0; i < 50; i++) {
            assertThat(body(client, of("user-" + i))).isEqualTo("a");
        }
        // Waiting for each would take 2.5 s; only the first three do.
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofMillis(2_400));
    }

    @Test
    void cancel_whileTheStoreThinks_endsTheCall() throws Exception {
        orders(backend("a", Wire.H1));
        LoadBalancedClient client =
                client(new Silent(), new AffinitySettings(Duration.ofMinutes(1), Duration.ZERO, 1024));
        Call call = client.newCall(of("ann"));
        CompletableFuture<Response> answer = CompletableFuture.supplyAsync(() -> {
            try {
                return call.execute();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        await().until(() -> client.balancer("orders").instance("a") != null
                && client.balancer("orders").instance("a").inFlight() == 1);
        call.cancel();
        assertThat(answer).failsWithin(10, TimeUnit.SECONDS).withThrowableThat().withMessageContaining("Canceled");
    }

    @Test
    void close_ofTheClient_endsItsWatch() {
        orders(backend("a", Wire.H1));
        Silent silent = new Silent();
        LoadBalancedClient client = client(silent, AffinitySettings.DEFAULT);
        assertThat(silent.listeners).hasSize(1);
        client.close();
        assertThat(silent.listeners).isEmpty();
        assertThatIllegalStateException().isThrownBy(() -> client.newCall(of("ann")));
    }

    @Test
    void strategy_notChosen_keepsKeysInPlace() throws Exception {
        orders(backend("a", Wire.H1), backend("b", Wire.H1), backend("c", Wire.H1));
        Set<String> places = new TreeSet<>();
        for (int i = 0; i < 4; i++) {
            LoadBalancedClient client = closing(LoadBalancedClient.builder(
                            base(Wire.H1).build())
                    .discovery(discovery)
                    .service(
                            "orders",
                            orders -> orders.affinity(USER, InMemoryAffinityStore.create(1_000, Duration.ofMinutes(5))))
                    .build());
            places.add(body(client, of("ann")));
        }
        assertThat(places).as("of clients that share nothing").hasSize(1);
    }

    @Test
    void hedge_withAStore_isRefused() {
        assertThatIllegalStateException()
                .isThrownBy(() -> LoadBalancedClient.builder()
                        .discovery(discovery)
                        .service(
                                "orders", orders -> orders.affinity(USER, store).hedge(HedgePolicy.defaults()))
                        .build())
                .withMessageContaining("hedge: ")
                .withMessageContaining("expected: none where affinity has a store");
    }

    @Test
    void noInstance_callSaysSo() {
        discovery.set("orders");
        LoadBalancedClient client = client();
        assertThatExceptionOfType(ServiceUnavailableException.class).isThrownBy(() -> body(client, of("ann")));
    }
}
