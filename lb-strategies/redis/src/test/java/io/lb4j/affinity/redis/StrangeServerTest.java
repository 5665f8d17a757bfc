package io.lb4j.affinity.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.affinity.AffinityEntryException;
import io.lb4j.affinity.Claim;
import io.lb4j.affinity.SharedAffinity;
import io.lb4j.balancer.Lease;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.testing.ManualDiscovery;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is at the other end of the connection answers, but not as Redis would. */
final class StrangeServerTest {

    private static Claim claim(RedisAffinityStore store) {
        return store.claim("orders", 1, "a", null)
                .toCompletableFuture()
                .orTimeout(10, TimeUnit.SECONDS)
                .join();
    }

    private static void connected(RedisAffinityStore store) {
        await().atMost(Duration.ofSeconds(20)).until(() -> {
            try {
                claim(store);
                return true;
            } catch (CompletionException e) {
                return !String.valueOf(e.getMessage()).contains("not connected");
            }
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-READONLY You can't write against a read only replica.\r\n",
                "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
                "-NOAUTH Authentication required.\r\n",
                "-LOADING Redis is loading the dataset in memory\r\n",
                "-NOPERM this user has no permissions to run the 'evalsha' command\r\n",
                "-ERR unknown command 'EVALSHA'\r\n",
                "$-1\r\n",
                ":17\r\n",
                "$7\r\ngarbage\r\n",
                "*2\r\n:1\r\n:2\r\n",
                "HTTP/1.1 400 Bad Request\r\n\r\n",
                "\u0000\u0001\u0002\r\n",
                "$9999999999999999999\r\n",
                "$-17\r\n",
                ""
            })
    void server_answersNonsense_callsGoWhereTheStrategyPutsThem(String answer) throws Exception {
        ManualDiscovery discovery = new ManualDiscovery();
        discovery.set("orders", ServiceInstance.of("127.0.0.1", 1001), ServiceInstance.of("127.0.0.1", 1002));
        try (FakeRedis server = new FakeRedis(name -> answer);
                RedisAffinityStore store = RedisAffinityStore.create(server.uri());
                LoadBalancer balancer = LoadBalancer.builder("orders")
                        .discovery(discovery)
                        .strategy(eligible -> request -> eligible.get(0))
                        .build();
                SharedAffinity affinity =
                        SharedAffinity.builder(balancer, store).build()) {
            connected(store);
            for (int i = 0; i < 20; i++) {
                Lease lease =
                        affinity.acquire(PickRequest.ofHash(i), Duration.ZERO).get(10, TimeUnit.SECONDS);
                assertThat(lease.instance().port()).isEqualTo(1001);
                lease.close(Outcome.SUCCESS);
            }
            assertThat(affinity.stats().unasked()).isEqualTo(20);
            assertThat(affinity.stats().failures()).isPositive();
        }
    }

    @Test
    void value_ofAnotherForm_isTheEntrysFault() throws Exception {
        AtomicReference<String> answer = new AtomicReference<>("$12\r\n1764158400 a\r\n");
        try (FakeRedis server = new FakeRedis(name -> answer.get());
                RedisAffinityStore store = RedisAffinityStore.create(server.uri())) {
            connected(store);
            assertThat(claim(store)).isEqualTo(new Claim("a", 1_764_158_400));
            for (String value :
                    new String[] {"", "a 1", "-1 a", "1 ", "1", "99999999999999999999 a", "x".repeat(1_000)}) {
                answer.set("$" + value.length() + "\r\n" + value + "\r\n");
                assertThatThrownBy(() -> claim(store))
                        .hasCauseInstanceOf(AffinityEntryException.class)
                        .message()
                        .hasSizeLessThan(300);
            }
        }
    }

    @Test
    void server_acceptsAndSaysNothing_failsWithoutWaiting() throws Exception {
        try (java.net.ServerSocket silent =
                        new java.net.ServerSocket(0, 50, java.net.InetAddress.getLoopbackAddress());
                RedisAffinityStore store = RedisAffinityStore.create("redis://127.0.0.1:" + silent.getLocalPort())) {
            for (int i = 0; i < 10; i++) {
                assertThatThrownBy(() -> claim(store)).hasMessageContaining("not connected");
            }
            await().atMost(Duration.ofSeconds(20))
                    .untilAsserted(() -> assertThatThrownBy(() -> claim(store))
                            .hasMessageContaining("not connected to 127.0.0.1:" + silent.getLocalPort() + ": "));
        }
    }

    @Test
    void scriptUnknown_isSentWhole() throws Exception {
        try (FakeRedis server = new FakeRedis(name -> name.equals("EVALSHA")
                        ? "-NOSCRIPT No matching script. Please use EVAL.\r\n"
                        : "$3\r\n7 b\r\n");
                RedisAffinityStore store = RedisAffinityStore.create(server.uri())) {
            connected(store);
            assertThat(claim(store)).isEqualTo(new Claim("b", 7));
        }
    }

    @Test
    void names_longOrOdd_stayBoundedAndPlain() {
        Names names = new Names("shop");
        assertThat(names.key("orders", -1)).isEqualTo("shop:affinity:orders:ffffffffffffffff");
        assertThat(names.channel("a b\n}")).isEqualTo("shop:moved:a+b%0A%7D");
        String one = names.key("x".repeat(5_000), 1);
        assertThat(one).hasSizeLessThan(200).isNotEqualTo(names.key("x".repeat(5_001), 1));
        assertThat(Names.parseHex("ffffffffffffffff")).isEqualTo(-1);
        assertThat(Names.parseHex("fffffffffffffff")).isNull();
        assertThat(Names.parseHex("fffffffffffffffg")).isNull();
    }

    @Test
    void settings_outOfRange_areNamed() {
        RedisAffinityStore.Builder builder = RedisAffinityStore.builder("redis://127.0.0.1");
        assertThatThrownBy(() -> builder.timeToLive(Duration.ofMillis(999)))
                .hasMessage("timeToLive: PT0.999S (expected: 1 s to 365 days)");
        assertThatThrownBy(() -> builder.prefix("a b"))
                .hasMessage("prefix: 'a b' (expected: 1 to 64 of A-Z a-z 0-9 . _ : -)");
        assertThatThrownBy(() -> RedisAffinityStore.create("http://127.0.0.1"))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
