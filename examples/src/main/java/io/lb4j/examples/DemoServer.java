package io.lb4j.examples;

import io.lb4j.discovery.Registration;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One app server of the {@link Demo}, a process of its own: registers itself, answers after about 6 ms, and obeys its
 * standard input. {@code slow 10} makes it ten times slower; the end of the input (the demo is over, or dead) makes it
 * deregister and leave.
 *
 * <p>It prints {@code registered} when it is and {@code called} on its first call, each with its clock's nanoseconds.
 */
public final class DemoServer {
    static final String SERVICE = "orders";
    static final int MILLIS = 6;
    private static final Duration LEASE = Duration.ofSeconds(6);

    private final AtomicBoolean called = new AtomicBoolean();
    private volatile int factor = 1;

    private DemoServer() {}

    /** Takes the server's name and the registry's URL. */
    public static void main(String... arguments) throws Exception {
        if (arguments.length != 2) {
            System.err.println("usage: DemoServer NAME REGISTRY-URL");
            System.exit(2);
        }
        new DemoServer().run(arguments[0], arguments[1]);
    }

    private void run(String name, String registry) throws Exception {
        try (AppServer server = AppServer.start(name, exchange -> answer(name));
                Registration registration = Registration.builder(registry, SERVICE, server.instance())
                        .ttl(LEASE)
                        .start()) {
            if (!registration.awaitRegistered(Duration.ofSeconds(10))) {
                throw new IllegalStateException(name + " is not registered: " + registration.status());
            }
            System.out.println("registered " + System.nanoTime());
            obey();
        }
    }

    private String answer(String name) throws InterruptedException {
        if (!called.getAndSet(true)) {
            System.out.println("called " + System.nanoTime());
        }
        Thread.sleep(ThreadLocalRandom.current().nextInt(MILLIS / 2, MILLIS * 3 / 2) * (long) factor);
        return name;
    }

    private void obey() throws IOException {
        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = orders.readLine(); line != null; line = orders.readLine()) {
            if (line.startsWith("slow ")) {
                factor = Integer.parseInt(line.substring("slow ".length()));
            }
        }
    }
}
