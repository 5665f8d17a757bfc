package io.lb4j.examples.affinity;

import io.lb4j.ServiceInstance;
import io.lb4j.affinity.AffinitySettings;
import io.lb4j.affinity.redis.RedisAffinityStore;
import io.lb4j.discovery.StaticDiscovery;
import io.lb4j.okhttp.AffinityKey;
import io.lb4j.okhttp.LoadBalancedClient;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import okhttp3.Request;
import okhttp3.Response;

/**
 * A client process that calls with each of its keys in turn, over and over. Writes a line for each failed call, and one
 * four times a second: {@code calls 1234 slowest 12}, the longest in milliseconds since the line before.
 */
final class KeyClient {
    /** Longer than the default: on a machine with more processes than cores a process that runs is late now and then. */
    private static final AffinitySettings SETTINGS =
            new AffinitySettings(Duration.ofSeconds(1), Duration.ofSeconds(1), 1 << 15);

    private static final int THREADS = 2;

    private KeyClient() {}

    /** Its name, Redis' URI, calls a second, the servers as {@code id=port,…}, and its keys as {@code from-to/of:rest,…}. */
    public static void main(String[] args) throws Exception {
        String name = args[0];
        int perSecond = Integer.parseInt(args[2]);
        List<ServiceInstance> servers = new ArrayList<>();
        for (String server : args[3].split(",", -1)) {
            String[] parts = server.split("=", -1);
            servers.add(ServiceInstance.builder("127.0.0.1", Integer.parseInt(parts[1]))
                    .id(parts[0])
                    .build());
        }
        List<Integer> keys = KeySet.parse(args[4]);
        Collections.shuffle(keys, new Random(name.hashCode()));
        try (RedisAffinityStore store = RedisAffinityStore.create(args[1]);
                StaticDiscovery discovery =
                        StaticDiscovery.builder().service("keys", servers).build();
                LoadBalancedClient client = LoadBalancedClient.builder()
                        .discovery(discovery)
                        .service(
                                "keys", service -> service.affinity(AffinityKey.queryParameter("key"), store, SETTINGS))
                        .build()) {
            warmUp(store);
            run(client, name, keys, perSecond);
        }
    }

    /** Keys must not be placed before the store has been reached, or they would only be guessed. */
    private static void warmUp(RedisAffinityStore store) throws InterruptedException {
        for (int i = 0; i < 200; i++) {
            try {
                store.claim("warm-up", 0, "none", null).toCompletableFuture().get(1, TimeUnit.SECONDS);
                return;
            } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
                Thread.sleep(50);
            }
        }
    }

    private static void run(LoadBalancedClient client, String name, List<Integer> keys, int perSecond)
            throws InterruptedException {
        AtomicInteger next = new AtomicInteger();
        AtomicInteger done = new AtomicInteger();
        AtomicLong slowest = new AtomicLong();
        long start = System.nanoTime();
        for (int i = 0; i < THREADS; i++) {
            Thread thread = new Thread(() -> {
                while (true) {
                    int call = next.getAndIncrement();
                    long due = start + call * (1_000_000_000L / perSecond);
                    for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                        LockSupport.parkNanos(left);
                    }
                    int key = keys.get(call % keys.size());
                    long begin = System.nanoTime();
                    try (Response response = client.newCall(new Request.Builder()
                                    .url("http://keys/?key=" + key)
                                    .header("X-Process", name)
                                    .build())
                            .execute()) {
                        if (response.code() != 204) {
                            System.out.println("FAILED key " + key + ": " + response.code());
                        }
                    } catch (IOException | RuntimeException e) {
                        System.out.println("FAILED key " + key + ": " + e);
                    }
                    slowest.accumulateAndGet(System.nanoTime() - begin, Math::max);
                    done.incrementAndGet();
                }
            });
            thread.setDaemon(true);
            thread.start();
        }
        while (!System.out.checkError()) {
            Thread.sleep(250);
            System.out.println(
                    "calls " + done.get() + " slowest " + TimeUnit.NANOSECONDS.toMillis(slowest.getAndSet(0)));
        }
    }
}
