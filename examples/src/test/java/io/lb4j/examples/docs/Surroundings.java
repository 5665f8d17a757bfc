package io.lb4j.examples.docs;

import com.sun.net.httpserver.HttpServer;
import io.lb4j.ServiceDiscovery;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.discovery.StaticDiscovery;
import io.lb4j.okhttp.LoadBalancedClient;
import io.lb4j.strategy.Strategies;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * What a block in the documentation may take for granted: three servers, which answer at the addresses that the text
 * writes as 127.0.0.1:8081 to :8083, and the objects which the text has built before. A block that declares a variable
 * of the same name hides the one here.
 */
public class Surroundings {
    /** Instances of {@code orders} at all three servers. */
    protected static ServiceDiscovery discovery;

    /** A client over {@link #discovery}. */
    protected static LoadBalancedClient client;

    /** A balancer of {@code orders} over {@link #discovery}. */
    protected static LoadBalancer balancer;

    private static final List<HttpServer> SERVERS = new ArrayList<>();
    private static final ExecutorService EXECUTOR = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "docs server");
        thread.setDaemon(true);
        return thread;
    });

    /** Not to be instantiated; extended for its fields. */
    protected Surroundings() {}

    static void start() throws IOException {
        for (int i = 0; i < 3; i++) {
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.createContext("/", exchange -> {
                byte[] body = ("hello from " + exchange.getLocalAddress().getPort()).getBytes(StandardCharsets.UTF_8);
                exchange.getRequestBody().readAllBytes();
                exchange.sendResponseHeaders(200, body.length);
                exchange.getResponseBody().write(body);
                exchange.close();
            });
            server.setExecutor(EXECUTOR);
            server.start();
            SERVERS.add(server);
        }
        discovery = StaticDiscovery.of("orders", address(0), address(1), address(2));
        client = LoadBalancedClient.builder().discovery(discovery).build();
        balancer = LoadBalancer.builder("orders")
                .discovery(discovery)
                .strategy(Strategies.defaultStrategy())
                .build();
    }

    static void stop() {
        balancer.close();
        client.close();
        discovery.close();
        SERVERS.forEach(server -> server.stop(0));
        SERVERS.clear();
        EXECUTOR.shutdownNow();
    }

    /** The code with the addresses of real servers and files in place of those that are written for a reader. */
    static String adapted(String code, String servicesFile) {
        String result = code.replace("\"services.json\"", "\"" + servicesFile + "\"");
        for (int i = 0; i < 3; i++) {
            result = result.replace("127.0.0.1:" + (8081 + i), address(i))
                    .replace("\"127.0.0.1\", " + (8081 + i), "\"127.0.0.1\", " + port(i));
        }
        return result;
    }

    private static String address(int server) {
        return "127.0.0.1:" + port(server);
    }

    private static int port(int server) {
        return SERVERS.get(server).getAddress().getPort();
    }
}
