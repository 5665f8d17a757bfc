package io.lb4j.examples;

import io.lb4j.discovery.RegistryDiscovery;
import io.lb4j.discovery.RegistryServer;
import io.lb4j.okhttp.LoadBalancedClient;
import io.lb4j.scaling.ScalingPolicy;
import io.lb4j.scaling.ScalingSignals;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * As many server processes as the scaling signal asks for, while the load goes up to four times what it was and back. A
 * server registers itself when it is up, and deregisters before it leaves.
 */
public final class Autoscaling {
    /** Calls a second. Servers can answer somewhat more than one's share of it, so that too few of them don't collapse. */
    private static final int LOAD = 100;

    /** Twice what it takes to start four servers on two cores that have other things to do. */
    private static final long LIMIT_NANOS = Duration.ofSeconds(20).toNanos();

    private static final long CALM_NANOS = Duration.ofSeconds(5).toNanos();

    private final Deque<DemoProcess> servers = new ArrayDeque<>();
    private int started;

    private Autoscaling() {}

    /** Fails unless the number of servers follows the load within 10 s and without detours, and no call fails. */
    public static void main(String... arguments) throws Exception {
        new Autoscaling().run();
    }

    private void run() throws Exception {
        ScalingPolicy policy = ScalingPolicy.builder()
                .callsPerSecond(LOAD)
                .target(0.7)
                .instances(2, 8)
                .interval(Duration.ofMillis(500))
                // Of several intervals, so that calls which a busy machine makes late, and then all at once, are not
                // taken for load.
                .scaleOutWindow(Duration.ofSeconds(2))
                .scaleInWindow(Duration.ofSeconds(3))
                .build();
        try (RegistryServer registry = RegistryServer.builder().start();
                RegistryDiscovery discovery = RegistryDiscovery.of(registry.url());
                LoadBalancedClient client =
                        LoadBalancedClient.builder().discovery(discovery).build()) {
            scale(2, registry);
            for (DemoProcess each : servers) {
                each.awaitRegistered();
            }
            try (ScalingSignals signals = ScalingSignals.builder(client.balancer("orders"))
                            .policy(policy)
                            .start();
                    Traffic traffic = Traffic.start(client, "http://orders/", LOAD)) {
                follow(1, 2, traffic, signals, registry);
                follow(4, 6, traffic, signals, registry);
                follow(1, 2, traffic, signals, registry);
                traffic.stop();
                if (traffic.failed() > 0) {
                    throw new AssertionError(traffic.failed() + " failed calls, the last: " + traffic.lastFailure());
                }
                System.out.printf("0 failed calls of %d%n", traffic.calls());
            }
        } finally {
            servers.forEach(DemoProcess::close);
        }
    }

    /** Changes the load, and does what the signal says until there are as many servers as that load needs. */
    private void follow(int times, int wanted, Traffic traffic, ScalingSignals signals, RegistryServer registry)
            throws Exception {
        traffic.perSecond(times * LOAD);
        long start = System.nanoTime();
        int before = servers.size();
        int last = before;
        int direction = 0;
        long settled = 0;
        while (settled == 0 || System.nanoTime() - settled < CALM_NANOS) {
            Thread.sleep(100);
            int desired = signals.desiredInstances();
            if (desired != last) {
                boolean turned = direction == -Integer.signum(desired - last);
                direction = Integer.signum(desired - last);
                if (turned || settled != 0) {
                    throw new AssertionError("flapping: from " + last + " to " + desired + "; " + signals);
                }
                last = desired;
                scale(desired, registry);
            }
            var report = signals.report();
            if (settled == 0 && report != null && report.serving() == wanted && desired == wanted) {
                settled = System.nanoTime();
            }
            if (settled == 0 && System.nanoTime() - start > LIMIT_NANOS) {
                throw new AssertionError("not " + wanted + " servers after 20 s at load " + times + ": " + signals);
            }
        }
        System.out.printf(
                "load %dx: %d -> %d servers in %.1f s; %s%n", times, before, wanted, (settled - start) / 1e9, signals);
    }

    private void scale(int wanted, RegistryServer registry) throws Exception {
        while (servers.size() < wanted) {
            servers.push(DemoProcess.start("server-" + ++started, registry, 1));
        }
        while (servers.size() > wanted) {
            servers.pop().stop();
        }
    }
}
