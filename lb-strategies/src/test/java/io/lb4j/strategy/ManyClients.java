package io.lb4j.strategy;

import io.lb4j.LoadProbe;
import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.Strategy;
import io.lb4j.balancer.Lease;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.health.OutlierDetection;
import io.lb4j.health.SlowStart;
import io.lb4j.testing.ManualDiscovery;
import io.lb4j.testing.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Many balancers that know nothing of each other, and servers that serve one call after the other: Poisson arrivals,
 * exponential service times, no network. In virtual time and by seeded randomness, so that a run repeats to the bit.
 */
final class ManyClients {
    static final double SERVICE_NANOS = Duration.ofMillis(100).toNanos();

    private final Throwable noReporter = new IllegalStateException("no reporter");

    private final VirtualTime time = new VirtualTime();
    private final SplittableRandom random;
    private final Server[] servers;
    private final List<LoadBalancer> clients = new ArrayList<>();
    private final ManualDiscovery discovery = new ManualDiscovery();
    private final double utilization;
    private double sum;
    private long done;
    private long counted;
    private long probes;
    private int warmUp;
    private int target;

    /** A queue, and what its owner says of it. */
    private final class Server {
        private static final int REMEMBERED = 32;
        final boolean reports;
        private long freeAt = time.nanos();

        /** By calls in flight on arrival: what the last such calls took. */
        private final List<double[]> took = new ArrayList<>();

        private final List<Integer> tookCount = new ArrayList<>();
        int inFlight;

        Server(boolean reports) {
            this.reports = reports;
        }

        /** When a call that comes now ends. */
        long serve() {
            inFlight++;
            long now = time.nanos();
            long begins = freeAt - now > 0 ? freeAt : now;
            freeAt = begins + (long) (-Math.log(1 - random.nextDouble()) * SERVICE_NANOS);
            return freeAt;
        }

        void served(int before, long nanos) {
            while (took.size() <= before) {
                took.add(new double[REMEMBERED]);
                tookCount.add(0);
            }
            int count = tookCount.get(before);
            took.get(before)[count % REMEMBERED] = (double) nanos;
            tookCount.set(before, count + 1);
        }

        /** What a call that comes now would find. */
        LoadReport report(int seen) {
            LoadReport.Builder report = LoadReport.builder().inFlight(seen);
            for (int near = Math.min(seen, took.size() - 1); near >= 0; near--) {
                int known = Math.min(REMEMBERED, tookCount.get(near));
                if (known > 0) {
                    double[] sorted = Arrays.copyOf(took.get(near), known);
                    Arrays.sort(sorted);
                    return report.latencyNanos(sorted[known / 2]).build();
                }
            }
            return report.build();
        }
    }

    ManyClients(
            int clients,
            int servers,
            double utilization,
            double reporting,
            long seed,
            Function<LoadProbe, Strategy> strategy) {
        this.random = new SplittableRandom(seed);
        this.utilization = utilization;
        this.servers = new Server[servers];
        for (int i = 0; i < servers; i++) {
            this.servers[i] = new Server(i < reporting * servers);
        }
        discovery.set("service", Rig.instances(Rig.equal(servers)));
        for (int i = 0; i < clients; i++) {
            this.clients.add(LoadBalancer.builder("service")
                    .discovery(discovery)
                    .strategy(strategy.apply(this::probe))
                    .ticker(time)
                    .scheduler(time)
                    .random(random.split())
                    .slowStart(SlowStart.OFF)
                    .outlierDetection(OutlierDetection.OFF)
                    .firstSnapshotTimeout(Duration.ZERO)
                    .build());
        }
        time.runDue();
    }

    private CompletableFuture<LoadReport> probe(ServiceInstance instance, Duration timeout) {
        probes++;
        Server server = servers[Rig.index(instance)];
        return server.reports
                ? CompletableFuture.completedFuture(server.report(server.inFlight))
                : CompletableFuture.failedFuture(noReporter);
    }

    private void arrive(LoadBalancer client) {
        if (done >= target) {
            return;
        }
        Lease lease = client.acquire(PickRequest.plain());
        Server server = servers[Rig.index(lease.instance())];
        int before = server.inFlight;
        long arrived = time.nanos();
        time.schedule(() -> end(lease, server, before, arrived), Duration.ofNanos(server.serve() - arrived));
        next(client);
    }

    private void next(LoadBalancer client) {
        double gap = SERVICE_NANOS * clients.size() / (servers.length * utilization);
        time.schedule(() -> arrive(client), Duration.ofNanos((long) (-Math.log(1 - random.nextDouble()) * gap)));
    }

    private void end(Lease lease, Server server, int before, long arrived) {
        if (server.reports) {
            lease.report(server.report(server.inFlight - 1));
        }
        server.inFlight--;
        server.served(before, time.nanos() - arrived);
        lease.close(Outcome.SUCCESS);
        if (++done > warmUp) {
            sum += (time.nanos() - arrived) / SERVICE_NANOS;
            counted++;
        }
    }

    /** The mean time in the system, in service times. */
    double run(int calls) {
        warmUp = calls / 5;
        target = calls;
        clients.forEach(this::next);
        while (done < target) {
            time.advance(Duration.ofMillis(100));
        }
        time.advance(Duration.ofMinutes(5));
        clients.forEach(LoadBalancer::close);
        time.runDue();
        if (time.pending() != 0) {
            throw new AssertionError(time.pending() + " tasks are left");
        }
        return sum / counted;
    }

    double probesPerCall() {
        return (double) probes / done;
    }
}
