package io.lb4j.discovery.measured;

import io.lb4j.ServiceDiscovery;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.discovery.conformance.RealSource;
import io.lb4j.discovery.measured.Results.CrashRow;
import io.lb4j.discovery.measured.Results.Row;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * Measures what sources cost, each against its real server on this machine, and writes the table of docs/discovery.md and the
 * results behind it: how long a change takes to be in force, from the moment it is sent to the registry until a balancer picks by
 * it; what the registry is asked while nothing happens; what stays in memory; and how long servers of a process that crashed are
 * listed. Takes sources by their schemes, by default all, which takes ten minutes.
 */
public final class DiscoveryCosts {
    private static final int CHANGES = 200;
    private static final int OTHERS = 10;
    private static final int INSTANCES = 1000;
    private static final int COPIES = 8;

    /** A whole number of the times after which any of them asks again. */
    private static final long IDLE_MILLIS = 120_000;

    private DiscoveryCosts() {}

    /** The schemes of those to measure; in the project's root. */
    public static void main(String[] arguments) throws Exception {
        // ZooKeeper's server makes itself the handler of all threads without one, and logs to nowhere: this ended
        // without a word.
        Thread.currentThread().setUncaughtExceptionHandler((thread, e) -> e.printStackTrace());
        Path root = Path.of("").toAbsolutePath();
        List<Subject> subjects = arguments.length == 0
                ? List.of(Subject.values())
                : Arrays.stream(arguments).map(Subject::of).toList();
        List<Double> idle = idle(subjects);
        List<Row> rows = new ArrayList<>();
        List<CrashRow> crashes = new ArrayList<>();
        for (int i = 0; i < subjects.size(); i++) {
            Subject subject = subjects.get(i);
            RealSource server = start(subject);
            try {
                double[] millis = changes(subject, server);
                if (server.registration("127.0.0.1:1", Subject.SERVICE, Balancers.at(1)) != null) {
                    long gone = Math.round(Crash.longestMillis(subject, server, OTHERS));
                    crashes.add(new CrashRow(subject.title, Crash.LEASE.toMillis(), gone));
                }
                Row row = new Row(
                        subject.title,
                        subject.pushed,
                        rounded(millis[CHANGES / 2 - 1]),
                        rounded(millis[CHANGES * 99 / 100 - 1]),
                        rounded(idle.get(i)),
                        bytes(subject, server));
                rows.add(row);
                System.out.println(row + ", slowest change " + rounded(millis[CHANGES - 1]) + " ms");
            } finally {
                server.close();
            }
        }
        Results.read(root).with(new Results(rows, crashes)).write(root);
        System.out.println(crashes);
        System.exit(0); // what is left are threads of servers
    }

    private static double rounded(double value) {
        return Double.parseDouble(String.format(Locale.ROOT, "%.2f", value));
    }

    private static RealSource start(Subject subject) throws Exception {
        RealSource server = subject.server(Files.createTempDirectory("lb4j"));
        server.start();
        for (int i = 0; i < OTHERS; i++) {
            server.put(Subject.SERVICE, Balancers.at(1000 + i));
        }
        return server;
    }

    /** Milliseconds from each change to the first pick by it, sorted: an instance comes, and leaves again. */
    private static double[] changes(Subject subject, RealSource server) throws Exception {
        double[] millis = new double[CHANGES];
        Random pauses = new Random(1);
        // So that changes fall anywhere between two looks of those that look.
        int most = subject.pushed ? 50 : 1000;
        try (ServiceDiscovery discovery = subject.open(server, server.address());
                LoadBalancer balancer = Balancers.highestPort(discovery)) {
            Balancers.await(() -> balancer.instances().size() == OTHERS, "the first list");
            for (int i = -20; i < CHANGES; i++) {
                Thread.sleep(10 + pauses.nextInt(most));
                int port = 2000 + (i + 20) / 2;
                boolean comes = i % 2 == 0;
                long sent = System.nanoTime();
                if (comes) {
                    server.put(Subject.SERVICE, Balancers.at(port));
                } else {
                    server.remove(Subject.SERVICE, "i" + port);
                }
                long picked = Balancers.await(
                        () -> (Balancers.picked(balancer) == port) == comes, "change " + i + " of " + subject);
                if (i >= 0) { // those before warm it up
                    millis[i] = (picked - sent) / 1e6;
                }
            }
        }
        Arrays.sort(millis);
        return millis;
    }

    /** What each of them asks of its server in a minute, all at the same time. */
    private static List<Double> idle(List<Subject> subjects) throws Exception {
        List<RealSource> servers = new ArrayList<>();
        List<CountingRelay> relays = new ArrayList<>();
        List<ServiceDiscovery> discoveries = new ArrayList<>();
        List<LoadBalancer> balancers = new ArrayList<>();
        try {
            for (Subject subject : subjects) {
                if (subject.wire != null) {
                    RealSource server = start(subject);
                    servers.add(server);
                    CountingRelay relay = new CountingRelay(server.address(), subject.wire);
                    relays.add(relay);
                    ServiceDiscovery discovery = subject.open(server, relay.address());
                    discoveries.add(discovery);
                    LoadBalancer balancer = Balancers.highestPort(discovery);
                    balancers.add(balancer);
                    Balancers.await(() -> balancer.instances().size() == OTHERS, "the first list of " + subject);
                }
            }
            if (!relays.isEmpty()) {
                Thread.sleep(5000);
            }
            int[] before = relays.stream().mapToInt(CountingRelay::requests).toArray();
            long start = System.nanoTime();
            if (!relays.isEmpty()) {
                Thread.sleep(IDLE_MILLIS);
            }
            double minutes = (System.nanoTime() - start) / 60e9;
            List<Double> perMinute = new ArrayList<>();
            int next = 0;
            for (Subject subject : subjects) {
                if (subject.wire == null) {
                    perMinute.add(0.0);
                } else {
                    perMinute.add((relays.get(next).requests() - before[next]) / minutes);
                    next++;
                }
            }
            return perMinute;
        } finally {
            balancers.forEach(LoadBalancer::close);
            discoveries.forEach(ServiceDiscovery::close);
            closeAll(relays, servers);
        }
    }

    private static void closeAll(List<CountingRelay> relays, List<RealSource> servers) throws Exception {
        for (CountingRelay each : relays) {
            each.close();
        }
        for (RealSource each : servers) {
            each.close();
        }
    }

    /** What a discovery and its balancer keep for each instance: several of them, and what the heap has more for it. */
    private static long bytes(Subject subject, RealSource server) throws Exception {
        for (int i = OTHERS; i < INSTANCES; i++) {
            server.put(Subject.SERVICE, Balancers.at(1000 + i));
        }
        List<AutoCloseable> open = new ArrayList<>();
        try {
            // What is there once for all is there then.
            open(subject, server, open);
            open(subject, server, open);
            long before = usedHeap();
            for (int i = 0; i < COPIES; i++) {
                open(subject, server, open);
            }
            return (usedHeap() - before) / COPIES / INSTANCES;
        } finally {
            for (AutoCloseable each : open) {
                each.close();
            }
        }
    }

    private static void open(Subject subject, RealSource server, List<AutoCloseable> open) throws IOException {
        ServiceDiscovery discovery = subject.open(server, server.address());
        LoadBalancer balancer = Balancers.highestPort(discovery);
        open.add(balancer);
        open.add(discovery);
        Balancers.await(() -> balancer.instances().size() == INSTANCES, "a thousand of " + subject);
    }

    /** When collecting garbage makes it no less any more. */
    private static long usedHeap() throws InterruptedException {
        long least = Long.MAX_VALUE;
        for (int unchanged = 0; unchanged < 3; unchanged++) {
            System.gc();
            Thread.sleep(200);
            long used = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
            if (used < least - 50_000) {
                unchanged = 0;
            }
            least = Math.min(least, used);
        }
        return least;
    }
}
