package io.lb4j.examples;

import io.lb4j.Strategy;
import io.lb4j.discovery.StaticDiscovery;
import io.lb4j.okhttp.AffinityKey;
import io.lb4j.okhttp.LoadBalancedClient;
import io.lb4j.okhttp.ServiceSettings;
import io.lb4j.strategy.Strategies;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * Every page type ({@code /search/…}, {@code /cart/…}) needs a model in memory, and a server has room for three. With
 * the page type as affinity key each type stays with one server, whose memory then nearly always holds its model.
 */
public final class PageTypeAffinity {
    private static final List<String> PAGE_TYPES =
            List.of("home", "search", "category", "product", "cart", "checkout", "account", "help");
    private static final int ROOM = 3;
    private static final int CALLS = 2000;

    private PageTypeAffinity() {}

    /** Fails unless affinity raises the hit rate above 95 %, and it is far lower without. */
    public static void main(String... arguments) throws Exception {
        double without = hitRate("round robin", s -> s.strategy(Strategies.roundRobin()));
        // By the servers' names, not their addresses: one that comes back on another port gets its page types back.
        Strategy byName = Strategies.rendezvous().hashKey("name");
        double with = hitRate("by page type", s -> s.strategy(byName).affinity(AffinityKey.pathSegment(0)));
        if (with < 95 || without > 70) {
            throw new AssertionError("hit rate " + with + " % with affinity, " + without + " % without");
        }
    }

    private static double hitRate(String way, Consumer<ServiceSettings.Builder> settings) throws IOException {
        AtomicInteger hits = new AtomicInteger();
        try (AppServer one = modelServer("one", hits);
                AppServer two = modelServer("two", hits);
                AppServer three = modelServer("three", hits);
                AppServer four = modelServer("four", hits);
                StaticDiscovery discovery = StaticDiscovery.builder()
                        .service("pages", one.instance(), two.instance(), three.instance(), four.instance())
                        .build();
                LoadBalancedClient client = LoadBalancedClient.builder()
                        .discovery(discovery)
                        .service("pages", settings)
                        .build()) {
            for (int i = 0; i < CALLS; i++) {
                String page = "/" + PAGE_TYPES.get((i * 7 + i / 11) % PAGE_TYPES.size()) + "/" + i;
                Http.get(client, "http://pages" + page);
            }
        }
        double rate = 100.0 * hits.get() / CALLS;
        System.out.printf(
                "%-12s: %4d of %d calls found their model in memory (%.1f %%)%n", way, hits.get(), CALLS, rate);
        return rate;
    }

    private static AppServer modelServer(String name, AtomicInteger hits) throws IOException {
        Set<String> inMemory = new LinkedHashSet<>(); // the least recently used first
        return AppServer.start(name, exchange -> {
            String type = exchange.getRequestURI().getPath().split("/", -1)[1];
            synchronized (inMemory) {
                if (inMemory.remove(type)) {
                    hits.incrementAndGet();
                } else if (inMemory.size() == ROOM) {
                    inMemory.remove(inMemory.iterator().next());
                }
                inMemory.add(type);
            }
            return name;
        });
    }
}
