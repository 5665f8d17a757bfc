package io.lb4j.discovery.measured;

import io.lb4j.ServiceDiscovery;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.discovery.Registration;
import io.lb4j.discovery.conformance.RealSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A process whose servers are registered, ended without a word: how long they stay listed. */
final class Crash {
    static final Duration LEASE = Duration.ofSeconds(5);
    private static final int ROUNDS = 3;
    private static final int SERVERS = 10;
    private static final int PORT = 3000;

    private Crash() {}

    /** Registers servers, one after the other so that they are renewed at different times, and waits for its end. */
    public static void main(String[] arguments) throws Exception {
        Subject subject = Subject.of(arguments[0]);
        RealSource server = subject.server(Files.createTempDirectory("lb4j"));
        List<Registration> registrations = new ArrayList<>();
        for (int i = 0; i < SERVERS; i++) {
            Registration registration = server.registration(arguments[1], Subject.SERVICE, Balancers.at(PORT + i))
                    .ttl(LEASE)
                    .start();
            registrations.add(registration);
            if (!registration.awaitRegistered(Duration.ofSeconds(30))) {
                throw new IllegalStateException(registration + ": " + registration.status());
            }
            Thread.sleep(LEASE.toMillis() / 4 / SERVERS);
        }
        System.out.println("registered: " + registrations);
        Thread.sleep(Long.MAX_VALUE);
    }

    /** The longest that any stayed beside these others, in milliseconds. */
    static double longestMillis(Subject subject, RealSource server, int others) throws Exception {
        double longest = 0;
        try (ServiceDiscovery discovery = subject.open(server, server.address());
                LoadBalancer balancer = Balancers.highestPort(discovery)) {
            for (int round = 0; round < ROUNDS; round++) {
                Process process = start(subject, server.address());
                try {
                    Balancers.await(() -> balancer.instances().size() == SERVERS + others, "registered by " + process);
                    // Renewed at least once.
                    Thread.sleep(LEASE.toMillis() / 2 + 137L * round);
                } finally {
                    process.destroyForcibly();
                }
                long killed = System.nanoTime();
                long gone = Balancers.await(() -> balancer.instances().size() == others, "gone after a crash");
                longest = Math.max(longest, (gone - killed) / 1e6);
                process.waitFor(10, TimeUnit.SECONDS);
            }
        }
        return longest;
    }

    private static Process start(Subject subject, String address) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Crash.class.getName(),
                        subject.scheme,
                        address)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.INHERIT)
                .start();
    }
}
