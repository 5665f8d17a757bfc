package io.lb4j.affinity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.testing.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

final class InMemoryAffinityStoreTest {
    private final VirtualTime time = new VirtualTime();
    private final InMemoryAffinityStore store = new InMemoryAffinityStore(100, Duration.ofMinutes(30), time);

    private Claim claim(long key, String instance, Claim lost) {
        return store.claim("orders", key, instance, lost).toCompletableFuture().join();
    }

    @Test
    void claim_heldByAnother_staysWithThat() {
        Claim first = claim(1, "a", null);
        assertThat(first.instance()).isEqualTo("a");
        assertThat(claim(1, "b", null)).isEqualTo(first);
        assertThat(claim(1, "b", new Claim("a", first.version() + 1))).isEqualTo(first);
        assertThat(claim(1, "b", new Claim("c", first.version()))).isEqualTo(first);
        assertThat(claim(1, "b", first)).extracting(Claim::instance).isEqualTo("b");
    }

    @Test
    void claim_ofAnotherService_isAnother() {
        claim(1, "a", null);
        assertThat(store.claim("users", 1, "b", null)
                        .toCompletableFuture()
                        .join()
                        .instance())
                .isEqualTo("b");
    }

    @Test
    void claim_usedNowAndThen_livesOn() {
        Claim first = claim(1, "a", null);
        for (int i = 0; i < 10; i++) {
            time.advance(Duration.ofMinutes(29));
            assertThat(claim(1, "b", null)).isEqualTo(first);
        }
        time.advance(Duration.ofMinutes(30));
        Claim second = claim(1, "b", first);
        assertThat(second.instance()).isEqualTo("b");
        assertThat(second.version()).isGreaterThan(first.version());
    }

    @Test
    void claim_unusedForLong_isForgotten() {
        Claim first = claim(1, "a", null);
        time.advance(Duration.ofMinutes(30));
        Claim second = claim(1, "b", null);
        assertThat(second.instance()).isEqualTo("b");
        assertThat(second.version()).isGreaterThan(first.version());
    }

    @Test
    void claims_moreThanItKeeps_leastRecentlyUsedGo() {
        claim(0, "a", null);
        for (int i = 1; i < 1_000; i++) {
            claim(i, "a", null);
            assertThat(claim(0, "b", null).instance()).as("in use").isEqualTo("a");
        }
        assertThat(store.size()).isEqualTo(100);
        assertThat(claim(999, "b", null).instance()).isEqualTo("a");
        assertThat(claim(1, "b", null).instance()).isEqualTo("b");
    }

    @Test
    void watch_keyMoves_isToldUntilItEnds() {
        List<String> heard = new ArrayList<>();
        AffinityStore.Watch watch = store.watch("orders", new AffinityStore.Listener() {
            @Override
            public void onMoved(long key, Claim now) {
                heard.add(key + " " + now.instance());
            }

            @Override
            public void onUnsure() {}
        });
        Claim first = claim(1, "a", null);
        claim(1, "b", null);
        assertThat(heard).isEmpty();
        Claim second = claim(1, "b", first);
        assertThat(heard).containsExactly("1 b");
        watch.close();
        claim(1, "c", second);
        assertThat(heard).hasSize(1);
    }

    @Test
    void claim_manyThreads_haveOneWinner() throws Exception {
        InMemoryAffinityStore big = InMemoryAffinityStore.create(1 << 20, Duration.ofMinutes(1));
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            for (int key = 0; key < 2_000; key++) {
                long each = key;
                List<Callable<Claim>> claims = new ArrayList<>();
                for (String instance : List.of("a", "b", "c", "d")) {
                    claims.add(() -> big.claim("orders", each, instance, null)
                            .toCompletableFuture()
                            .join());
                }
                Set<Claim> winners = new HashSet<>();
                for (Future<Claim> future : threads.invokeAll(claims)) {
                    winners.add(future.get());
                }
                assertThat(winners).hasSize(1);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void create_outOfRange_isNamed() {
        assertThatThrownBy(() -> InMemoryAffinityStore.create(0, Duration.ofMinutes(1)))
                .hasMessage("maxKeys: 0 (expected: >= 1)");
        assertThatThrownBy(() -> InMemoryAffinityStore.create(1, Duration.ZERO))
                .hasMessage("timeToLive: PT0S (expected: > 0, <= 365 days)");
        assertThat(store).hasToString("InMemoryAffinityStore[0 of 100 keys, for PT30M]");
        store.close();
    }
}
