package io.lb4j.examples;

import io.lb4j.discovery.Registration;
import io.lb4j.discovery.RegistryDiscovery;
import io.lb4j.discovery.RegistryServer;
import io.lb4j.okhttp.LoadBalancedClient;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Servers that register themselves, and an autoscaler that starts and stops them as the load asks. A server deregisters
 * before it stops, so that no caller meets a closed door.
 */
public final class RegistryExample {
    private static final double CALLS_PER_SERVER = 100;

    /** An app server and its registration. */
    private record Node(AppServer server, Registration registration) {}

    private RegistryExample() {}

    /** Fails unless servers come and go with the load, each is called within a second, and no call fails. */
    public static void main(String... arguments) throws Exception {
        Deque<Node> nodes = new ArrayDeque<>();
        try (RegistryServer registry = RegistryServer.builder().start();
                RegistryDiscovery discovery = RegistryDiscovery.of(registry.url());
                LoadBalancedClient client =
                        LoadBalancedClient.builder().discovery(discovery).build()) {
            scale(nodes, 1, registry);
            try (Traffic traffic = Traffic.start(client, "http://orders/", 200)) {
                for (int load : new int[] {200, 500, 100}) {
                    traffic.perSecond(load);
                    for (int i = 0; i < 4; i++) {
                        long before = traffic.calls();
                        Thread.sleep(500);
                        double perSecond = 2.0 * (traffic.calls() - before);
                        scale(nodes, Math.max(1, Math.round(perSecond / CALLS_PER_SERVER)), registry);
                    }
                    Thread.sleep(1000);
                    System.out.printf("%d calls/s, %d servers; they have had", load, nodes.size());
                    nodes.forEach(node -> System.out.printf(" %d", node.server.calls()));
                    System.out.printf(" calls; %d failed%n", traffic.failed());
                    if (Math.abs(nodes.size() - load / CALLS_PER_SERVER) > 1
                            || nodes.stream().anyMatch(node -> node.server.calls() == 0)
                            || traffic.failed() > 0) {
                        throw new AssertionError("wrong number of servers, or one not called, or failed calls");
                    }
                }
                traffic.stop();
            } finally {
                scale(nodes, 0, registry);
            }
        }
    }

    private static void scale(Deque<Node> nodes, long wanted, RegistryServer registry) throws Exception {
        while (nodes.size() < wanted) {
            AppServer server = AppServer.start("server-" + (nodes.size() + 1));
            Registration registration = Registration.builder(registry.url(), "orders", server.instance())
                    .start();
            registration.awaitRegistered(Duration.ofSeconds(2));
            nodes.push(new Node(server, registration));
        }
        while (nodes.size() > wanted) {
            Node node = nodes.pop();
            node.registration.close();
            node.server.stop();
        }
    }
}
