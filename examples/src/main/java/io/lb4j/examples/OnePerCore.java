package io.lb4j.examples;

import io.lb4j.discovery.RegistryDiscovery;
import io.lb4j.discovery.RegistryServer;
import io.lb4j.health.SlowStart;
import io.lb4j.okhttp.LoadBalancedClient;
import io.lb4j.strategy.Strategies;
import java.util.ArrayList;
import java.util.List;

/**
 * Several processes of one server on one host, as for runtimes that use one core each: together they answer as many times
 * more calls, and one of them dies without anybody noticing.
 */
public final class OnePerCore {
    private static final int PROCESSES =
            Math.max(2, Math.min(4, Runtime.getRuntime().availableProcessors()));
    private static final int CALLERS = 2 * PROCESSES;
    private static final int MILLIS = 2000;

    private OnePerCore() {}

    /** Fails unless two processes answer more than one and a half times what one does, and no call fails. */
    public static void main(String... arguments) throws Exception {
        List<DemoProcess> servers = new ArrayList<>();
        try (RegistryServer registry = RegistryServer.builder().start();
                RegistryDiscovery discovery = RegistryDiscovery.of(registry.url());
                LoadBalancedClient client = LoadBalancedClient.builder()
                        .discovery(discovery)
                        .strategy(Strategies.leastRequestRoundRobin())
                        .defaults(settings ->
                                settings.slowStart(SlowStart.OFF)) // measures at once, and not in ten seconds
                        .build()) {
            start(servers, registry);
            Callers.run(client, CALLERS, MILLIS / 3); // warms up
            Callers.Result one = Callers.run(client, CALLERS, MILLIS);
            print("1 process", one);
            while (servers.size() < PROCESSES) {
                start(servers, registry);
            }
            Callers.run(client, CALLERS, MILLIS / 3);
            Callers.Result all = Callers.run(client, CALLERS, MILLIS);
            print(PROCESSES + " processes", all);
            servers.get(0).kill();
            Callers.Result rest = Callers.run(client, CALLERS, MILLIS);
            print("one of them killed", rest);
            if (all.perSecond() < 1.5 * one.perSecond() || one.failed() + all.failed() + rest.failed() > 0) {
                throw new AssertionError("not much more with more processes, or failed calls");
            }
        } finally {
            servers.forEach(DemoProcess::close);
        }
    }

    private static void start(List<DemoProcess> servers, RegistryServer registry) throws Exception {
        DemoProcess server = DemoProcess.start("core-" + (servers.size() + 1), registry, 1);
        servers.add(server);
        server.awaitRegistered();
    }

    private static void print(String what, Callers.Result result) {
        System.out.printf("%-20s %5.0f calls/s, %d failed%n", what, result.perSecond(), result.failed());
    }
}
