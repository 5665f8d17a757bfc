package io.lb4j.jmh;

import com.sun.net.httpserver.HttpServer;
import io.lb4j.balancer.InstanceReport;
import io.lb4j.discovery.StaticDiscovery;
import io.lb4j.okhttp.LoadBalancedClient;
import io.lb4j.retry.HedgePolicy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * What hedging does to the tail: ten servers over loopback, steady calls, a share of which is slow on some servers; with
 * hedging and without, by the same draws. Latency counts from when a call was due, so that calls that wait for others are
 * not left out.
 */
public final class HedgeRun {
    private static final int SERVERS = 10;
    private static final int PER_SECOND = 400;
    private static final int SECONDS = 15;

    /** The first seconds are compilation and the first hundred calls. */
    private static final int WARM_UP_SECONDS = 3;

    private static final Duration USUAL = Duration.ofMillis(5);
    private static final Duration SLOW = Duration.ofMillis(300);

    private HedgeRun() {}

    /** Prints the table. */
    public static void main(String[] args) throws Exception {
        System.out.println(
                "| slow calls (300 ms; the others 5 ms) | hedging | p50 ms | p99 ms | p99.9 ms | extra load |");
        System.out.println("|---|---|---|---|---|---|");
        row("2 % on every server", SERVERS, 0.02);
        row("20 % on one of ten servers", 1, 0.2);
        row("all on one of ten servers", 1, 1);
    }

    private static void row(String name, int slowServers, double share) throws Exception {
        System.out.println(run(name, "off", slowServers, share, null));
        System.out.println(run(name, "on", slowServers, share, HedgePolicy.defaults()));
    }

    private static String run(String name, String mode, int slowServers, double share, @Nullable HedgePolicy policy)
            throws Exception {
        ExecutorService pool = Executors.newCachedThreadPool();
        List<HttpServer> servers = new ArrayList<>();
        String[] addresses = new String[SERVERS];
        for (int i = 0; i < SERVERS; i++) {
            HttpServer server = server(pool, i < slowServers ? share : 0, i);
            servers.add(server);
            addresses[i] = "127.0.0.1:" + server.getAddress().getPort();
        }
        try (StaticDiscovery discovery = StaticDiscovery.of("orders", addresses);
                LoadBalancedClient client = LoadBalancedClient.builder()
                        .discovery(discovery)
                        .service("orders", settings -> settings.hedge(policy))
                        .build()) {
            call(client);
            double[] millis = drive(client, pool);
            long sent = client.balancer("orders").instances().stream()
                    .mapToLong(InstanceReport::calls)
                    .sum();
            double extra = 100.0 * (sent - 1 - PER_SECOND * SECONDS) / (PER_SECOND * SECONDS);
            return String.format(
                    Locale.ROOT,
                    "| %s | %s | %.1f | %.1f | %.1f | %.2f %% |",
                    name,
                    mode,
                    at(millis, 0.5),
                    at(millis, 0.99),
                    at(millis, 0.999),
                    extra);
        } finally {
            servers.forEach(each -> each.stop(0));
            pool.shutdownNow();
        }
    }

    private static HttpServer server(ExecutorService pool, double slow, int seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            boolean drawn;
            synchronized (random) {
                drawn = random.nextDouble() < slow;
            }
            LockSupport.parkNanos((drawn ? SLOW : USUAL).toNanos());
            exchange.sendResponseHeaders(204, -1);
            exchange.close();
        });
        server.setExecutor(pool);
        server.start();
        return server;
    }

    private static double[] drive(LoadBalancedClient client, ExecutorService pool) throws Exception {
        long start = System.nanoTime();
        List<Future<Double>> calls = new ArrayList<>();
        for (int i = 0; i < PER_SECOND * SECONDS; i++) {
            long due = start + i * 1_000_000_000L / PER_SECOND;
            while (due - System.nanoTime() > 0) {
                LockSupport.parkNanos(due - System.nanoTime());
            }
            calls.add(pool.submit(() -> {
                call(client);
                return (System.nanoTime() - due) / 1e6;
            }));
        }
        double[] millis = new double[PER_SECOND * (SECONDS - WARM_UP_SECONDS)];
        for (int i = 0; i < calls.size(); i++) {
            double took = calls.get(i).get(10, TimeUnit.SECONDS);
            if (i >= PER_SECOND * WARM_UP_SECONDS) {
                millis[i - PER_SECOND * WARM_UP_SECONDS] = took;
            }
        }
        Arrays.sort(millis);
        return millis;
    }

    private static void call(LoadBalancedClient client) throws IOException {
        try (Response response = client.newCall(
                        new Request.Builder().url("http://orders/").build())
                .execute()) {
            if (response.code() != 204) {
                throw new IOException("status " + response.code());
            }
        }
    }

    private static double at(double[] sorted, double quantile) {
        return sorted[(int) Math.ceil(quantile * sorted.length) - 1];
    }
}
