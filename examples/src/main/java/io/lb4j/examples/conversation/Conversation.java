package io.lb4j.examples.conversation;

import io.lb4j.ServiceInstance;
import io.lb4j.affinity.InMemoryAffinityStore;
import io.lb4j.balancer.InstanceReport;
import io.lb4j.discovery.StaticDiscovery;
import io.lb4j.okhttp.AffinityKey;
import io.lb4j.okhttp.LoadBalancedClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/**
 * The same conversations three times: their context in the memory of the server that they stay with, in Redis, and in
 * PostgreSQL, with calls to any server. One of three server processes is killed on the way. Prints what a turn takes,
 * what the death costs, and how evenly the servers are loaded; ways whose software isn't installed are left out.
 */
public final class Conversation {
    private static final Duration WARM_UP = Duration.ofMillis(1_500);
    private static final Duration BEFORE = Duration.ofMillis(2_500);
    private static final Duration AFTER = Duration.ofMillis(2_500);

    private Conversation() {}

    /** Takes no arguments. */
    public static void main(String... arguments) throws Exception {
        boolean good = true;
        try (Places places = new Places()) {
            Map<String, String> ways = new LinkedHashMap<>();
            ways.put("memory, sticky", "memory");
            offer(ways, "Redis, stateless", places.redis());
            offer(ways, "PostgreSQL, stateless", places.postgresql());
            System.out.printf("%-22s %7s %8s %8s   %s%n", "", "turns/s", "p50 ms", "p99 ms", "busiest server / mean");
            List<String> costs = new ArrayList<>();
            for (Map.Entry<String, String> way : ways.entrySet()) {
                good &= show(way.getKey(), way.getValue(), costs);
            }
            System.out.printf(
                    "%n%-22s %9s %9s %9s   %s%n",
                    "one server's death", "contexts", "failed", "repeated", "until all was well");
            costs.forEach(System.out::println);
        }
        if (!good) {
            throw new IllegalStateException("a turn failed, or a context was lost that was not in the server's memory");
        }
    }

    private static void offer(Map<String, String> ways, String name, @Nullable String place) {
        if (place == null) {
            System.out.println(name + ": left out, as it is not installed");
        } else {
            ways.put(name, place);
        }
    }

    private static boolean show(String name, String place, List<String> costs) throws Exception {
        boolean sticky = place.equals("memory");
        List<Child> servers = new ArrayList<>();
        List<ServiceInstance> instances = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            servers.add(Child.server(place));
        }
        for (Child server : servers) {
            int port = Integer.parseInt(server.await("listening on "));
            instances.add(ServiceInstance.of("127.0.0.1", port));
        }
        OkHttpClient http = new OkHttpClient();
        try (StaticDiscovery discovery = StaticDiscovery.builder()
                        .service("conversation", instances)
                        .build();
                LoadBalancedClient client = LoadBalancedClient.builder(http)
                        .discovery(discovery)
                        .service("conversation", service -> {
                            if (sticky) {
                                service.affinity(
                                        AffinityKey.pathSegment(0),
                                        InMemoryAffinityStore.create(10_000, Duration.ofMinutes(5)));
                            }
                        })
                        .build()) {
            Talk talk = new Talk(client, sticky ? "m" : "s");
            List<Thread> threads = talk.start();
            Thread.sleep(WARM_UP.toMillis());
            long begin = System.nanoTime();
            List<InstanceReport> first = client.balancer("conversation").instances();
            Thread.sleep(BEFORE.toMillis());
            List<InstanceReport> second = client.balancer("conversation").instances();
            long killed = System.nanoTime();
            servers.get(1).kill();
            Thread.sleep(AFTER.toMillis());
            talk.end();
            for (Thread thread : threads) {
                thread.join();
            }
            List<Talk.Turn> turns = talk.turns();
            Figures before = new Figures(turns, turn -> turn.endNanos() > begin && turn.endNanos() <= killed);
            System.out.printf(
                    "%-22s %,7.0f %8.2f %8.2f   %.2f%n",
                    name,
                    before.count() / (BEFORE.toMillis() / 1e3),
                    before.millis(0.5),
                    before.millis(0.99),
                    unevenness(first, second));
            long failed = turns.stream().filter(turn -> !turn.answered()).count();
            long attempts = client.balancer("conversation").instances().stream()
                    .mapToLong(InstanceReport::failures)
                    .sum();
            double wellAfter = turns.stream()
                    .filter(turn -> turn.endNanos() > killed)
                    .filter(turn -> !turn.answered()
                            || !turn.remembered()
                            || turn.tookNanos() > 5e6 * Math.max(1, before.millis(0.99)))
                    .mapToLong(turn -> turn.endNanos() - killed)
                    .max()
                    .orElse(0);
            costs.add("%-22s %9d %9d %9d   %.0f ms".formatted(name, talk.lost(), failed, attempts, wellAfter / 1e6));
            return failed == 0 && (sticky || talk.lost() == 0);
        } finally {
            servers.forEach(Child::close);
            http.dispatcher().executorService().shutdown();
            http.connectionPool().evictAll();
        }
    }

    /** What the busiest server had of the calls, by what all had on average: 1 is even. */
    private static double unevenness(List<InstanceReport> first, List<InstanceReport> second) {
        double most = 0;
        double sum = 0;
        for (int i = 0; i < first.size(); i++) {
            double calls = second.get(i).calls() - first.get(i).calls();
            most = Math.max(most, calls);
            sum += calls;
        }
        return most * first.size() / sum;
    }

    /** Percentiles of some turns. */
    private static final class Figures {
        private final long[] sorted;

        Figures(List<Talk.Turn> turns, Predicate<Talk.Turn> which) {
            sorted = turns.stream()
                    .filter(which)
                    .mapToLong(Talk.Turn::tookNanos)
                    .sorted()
                    .toArray();
        }

        int count() {
            return sorted.length;
        }

        double millis(double quantile) {
            return sorted.length == 0 ? 0 : sorted[(int) (quantile * (sorted.length - 1))] / 1e6;
        }
    }
}
