package io.lb4j.affinity.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.lb4j.affinity.AffinityEntryException;
import io.lb4j.affinity.AffinityStore;
import io.lb4j.affinity.Claim;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a real Redis, where there is one; CI installs it. */
final class RedisAffinityStoreTest {
    @TempDir
    private Path directory;

    private final Deque<AutoCloseable> closeables = new ArrayDeque<>();

    @BeforeAll
    static void redisIsInstalled() {
        assumeTrue(RedisProcess.isInstalled(), "redis-server is not installed");
    }

    @AfterEach
    void closeAll() throws Exception {
        while (!closeables.isEmpty()) {
            closeables.pop().close();
        }
    }

    private <T extends AutoCloseable> T closing(T value) {
        closeables.push(value);
        return value;
    }

    private RedisProcess redis(String... options) throws IOException {
        return closing(new RedisProcess(directory, options));
    }

    private RedisAffinityStore store(RedisProcess redis) {
        return store(RedisAffinityStore.builder(redis.uri()));
    }

    private RedisAffinityStore store(RedisAffinityStore.Builder builder) {
        RedisAffinityStore store = closing(builder.build());
        answers(store);
        return store;
    }

    /** Waits until claims succeed. */
    private static void answers(AffinityStore store) {
        await().atMost(Duration.ofSeconds(20))
                .ignoreExceptions()
                .until(() -> claim(store, "warm-up", 0, "a", null) != null);
    }

    private static Claim claim(AffinityStore store, String service, long key, String instance, Claim lost) {
        return store.claim(service, key, instance, lost)
                .toCompletableFuture()
                .orTimeout(10, TimeUnit.SECONDS)
                .join();
    }

    private static Claim claim(AffinityStore store, long key, String instance, Claim lost) {
        return claim(store, "orders", key, instance, lost);
    }

    /** What a listener heard. */
    private static final class Heard implements AffinityStore.Listener {
        final List<String> lines = new CopyOnWriteArrayList<>();

        @Override
        public void onMoved(long key, Claim now) {
            lines.add(key + " " + now.instance());
        }

        @Override
        public void onUnsure() {
            lines.add("unsure");
        }
    }

    @Test
    void claim_ofTwoProcesses_firstOneWins() throws Exception {
        RedisProcess redis = redis();
        RedisAffinityStore one = store(redis);
        RedisAffinityStore two = store(redis);
        Claim first = claim(one, 1, "a", null);
        assertThat(first.instance()).isEqualTo("a");
        assertThat(claim(two, 1, "b", null)).isEqualTo(first);
        assertThat(claim(two, "users", 1, "b", null).instance()).isEqualTo("b");
        assertThat(redis.command("EXISTS lb4j:affinity:orders:0000000000000001"))
                .isEqualTo(":1");
    }

    @Test
    void claim_lost_movesOnlyTheVersionThatWasSeen() throws Exception {
        RedisAffinityStore store = store(redis());
        Claim first = claim(store, -1, "a", null);
        Claim second = claim(store, -1, "b", first);
        assertThat(second.instance()).isEqualTo("b");
        assertThat(second.version()).isGreaterThan(first.version());
        assertThat(claim(store, -1, "c", first)).isEqualTo(second);
        Claim third = claim(store, -1, "a", second);
        assertThat(third.instance()).isEqualTo("a");
        assertThat(claim(store, -1, "c", first)).as("a report from before").isEqualTo(third);
    }

    @Test
    void claim_manyAtOnce_haveOneWinnerEach() throws Exception {
        RedisProcess redis = redis();
        List<RedisAffinityStore> stores = List.of(store(redis), store(redis), store(redis));
        for (int key = 0; key < 200; key++) {
            List<CompletableFuture<Claim>> claims = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                claims.add(stores.get(i).claim("orders", key, "i" + i, null).toCompletableFuture());
            }
            Set<Claim> winners = new HashSet<>();
            claims.forEach(each -> winners.add(each.join()));
            assertThat(winners).hasSize(1);
        }
    }

    @Test
    void claim_unused_isForgotten() throws Exception {
        RedisProcess redis = redis();
        RedisAffinityStore store = store(RedisAffinityStore.builder(redis.uri()).timeToLive(Duration.ofSeconds(1)));
        Claim first = claim(store, 1, "a", null);
        await().atMost(Duration.ofSeconds(10))
                .until(() -> redis.command("EXISTS lb4j:affinity:orders:0000000000000001")
                        .equals(":0"));
        Claim second = claim(store, 1, "b", null);
        assertThat(second.instance()).isEqualTo("b");
        assertThat(second.version()).isGreaterThan(first.version());
    }

    @Test
    void claim_inUse_getsItsTimeAnew() throws Exception {
        RedisProcess redis = redis();
        RedisAffinityStore store = store(RedisAffinityStore.builder(redis.uri()).timeToLive(Duration.ofMinutes(10)));
        claim(store, 1, "a", null);
        String key = "lb4j:affinity:orders:0000000000000001";
        redis.command("PEXPIRE " + key + " 60000");
        claim(store, 1, "b", null);
        assertThat(Integer.parseInt(redis.command("TTL " + key).substring(1))).isGreaterThan(500);
    }

    @Test
    void redis_killedAndRestarted_knowsTheClaims() throws Exception {
        RedisProcess redis = redis();
        RedisAffinityStore store = store(redis);
        List<Claim> before = new ArrayList<>();
        for (int key = 0; key < 500; key++) {
            before.add(claim(store, key, "i" + key % 7, null));
        }
        redis.kill();
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() ->
                        assertThatThrownBy(() -> claim(store, 1, "b", null)).isInstanceOf(CompletionException.class));
        redis.start();
        answers(store);
        for (int key = 0; key < 500; key++) {
            assertThat(claim(store, key, "b", null)).isEqualTo(before.get(key));
        }
    }

    @Test
    void redis_notThereAtFirst_isUsedOnceItIs() throws Exception {
        RedisProcess redis = redis();
        redis.kill();
        RedisAffinityStore store = closing(RedisAffinityStore.create(redis.uri()));
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThatThrownBy(() -> claim(store, 1, "a", null))
                        .hasMessageContaining("not connected to 127.0.0.1:")
                        .hasMessageContaining("onnect"));
        redis.start();
        answers(store);
    }

    @Test
    void redis_stopped_isNotWaitedForForEver() throws Exception {
        RedisProcess redis = redis();
        RedisAffinityStore store = store(redis);
        redis.signal("STOP");
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() -> claim(store, 1, "a", null)).isInstanceOf(CompletionException.class);
        }
        assertThatThrownBy(() -> claim(store, 1, "a", null))
                .as("the connection was given up")
                .hasMessageContaining("not connected");
        redis.signal("CONT");
        answers(store);
    }

    @Test
    void move_byAnother_isHeard() throws Exception {
        RedisProcess redis = redis();
        RedisAffinityStore one = store(redis);
        RedisAffinityStore two = store(redis);
        Heard heard = new Heard();
        AffinityStore.Watch watch = one.watch("orders", heard);
        await().until(() -> heard.lines.contains("unsure"));
        Claim first = claim(two, -7, "a", null);
        claim(two, -7, "b", first);
        await().until(() -> heard.lines.contains("-7 b"));
        assertThat(heard.lines).containsExactly("unsure", "-7 b");
        redis.command("PUBLISH lb4j:moved:orders nonsense");
        redis.command("PUBLISH lb4j:moved:orders \"zz nonsense\"");
        redis.command("PUBLISH lb4j:moved:orders \"0000000000000001 nonsense\"");
        redis.command("PUBLISH lb4j:moved:orders \"0000000000000001 17 c\"");
        await().until(() -> heard.lines.contains("1 c"));
        assertThat(heard.lines).hasSize(3);
        watch.close();
        watch.close();
        await().until(() -> redis.command("PUBLISH lb4j:moved:orders x").equals(":0"));
    }

    @Test
    void messages_connectionLost_tellsThatMovesMayBeMissing() throws Exception {
        RedisProcess redis = redis();
        RedisAffinityStore store = store(redis);
        Heard heard = new Heard();
        store.watch("orders", heard);
        await().until(() -> heard.lines.size() == 1);
        redis.command("CLIENT KILL TYPE pubsub");
        await().atMost(Duration.ofSeconds(20)).until(() -> heard.lines.size() == 2);
        assertThat(heard.lines).containsOnly("unsure");
    }

    @Test
    void entry_ofAnotherType_isThatKeysTroubleAlone() throws Exception {
        RedisProcess redis = redis();
        RedisAffinityStore store = store(redis);
        redis.command("RPUSH lb4j:affinity:orders:0000000000000001 x");
        redis.command("SET lb4j:affinity:orders:0000000000000002 garbage");
        redis.command("SET lb4j:affinity:orders:0000000000000003 99999999999999999999999 a");
        for (int key = 1; key <= 2; key++) {
            int each = key;
            assertThatThrownBy(() -> claim(store, each, "a", null))
                    .hasCauseInstanceOf(AffinityEntryException.class)
                    .hasMessageContaining("lb4j:affinity:orders:000000000000000" + key)
                    .hasMessageContaining("expected: a version and an instance's id");
        }
        assertThat(claim(store, 4, "a", null).instance()).isEqualTo("a");
        assertThat(redis.command("TYPE lb4j:affinity:orders:0000000000000001")).isEqualTo("+list");
    }

    @Test
    void server_readOnlyOrFull_saysSo() throws Exception {
        RedisProcess redis = redis();
        RedisAffinityStore store = store(redis);
        redis.command("CONFIG SET maxmemory 1");
        assertThatThrownBy(() -> claim(store, 1, "a", null)).hasMessageContaining("OOM");
        redis.command("CONFIG SET maxmemory 0");
        assertThat(claim(store, 1, "a", null).instance()).isEqualTo("a");
        redis.command("REPLICAOF 127.0.0.1 1");
        await().untilAsserted(() ->
                assertThatThrownBy(() -> claim(store, 2, "a", null)).hasMessageContaining("READONLY"));
        redis.command("REPLICAOF NO ONE");
        assertThat(claim(store, 2, "a", null).instance()).isEqualTo("a");
    }

    @Test
    void password_wrong_isSaidAndNotShown() throws Exception {
        RedisProcess redis = redis("--requirepass", "right");
        String address = redis.uri().substring("redis://".length());
        RedisAffinityStore wrong = closing(RedisAffinityStore.create("redis://:secret@" + address));
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThatThrownBy(() -> claim(wrong, 1, "a", null))
                        .hasMessageContaining("not connected")
                        .hasMessageContaining("WRONGPASS")
                        .message()
                        .doesNotContain("secret"));
        assertThat(wrong).asString().doesNotContain("secret").contains(address);
        answers(closing(RedisAffinityStore.create("redis://:right@" + address)));
    }

    @Test
    void close_whileClaimsAreMade_leavesNoThreads() throws Exception {
        RedisAffinityStore store = RedisAffinityStore.create(redis().uri());
        answers(store);
        ConcurrentLinkedQueue<CompletableFuture<Claim>> claims = new ConcurrentLinkedQueue<>();
        for (int i = 0; i < 1_000; i++) {
            claims.add(store.claim("orders", i, "a", null).toCompletableFuture());
        }
        store.close();
        store.close();
        assertThat(store).asString().contains("closed");
        for (CompletableFuture<Claim> each : claims) {
            assertThat(each.handle((claim, error) -> true)).succeedsWithin(Duration.ofSeconds(10));
        }
        assertThat(store.claim("orders", 1, "a", null)).isCompletedExceptionally();
        await().atMost(Duration.ofSeconds(20))
                .until(() -> Thread.getAllStackTraces().keySet().stream()
                        .noneMatch(each -> each.getName().startsWith("lettuce-")));
    }
}
