package io.lb4j.examples;

import io.lb4j.discovery.Registration;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One app server of the {@link Demo}, a process of its own: registers itself, answers after about 6 ms, and obeys its
 * standard input. {@code slow 10} makes it ten times slower; the end of the input (the demo is over, or dead) makes it
 * deregister and leave. It answers as many calls at a time as come, unless told how many it can.
 *
 * <p>It prints {@code registered} when it is and {@code called} on its first call, each with its clock's nanoseconds.
 */
public final class DemoServer {
    static final String SERVICE = "orders";
    static final int MILLIS = 6;
    private static final Duration LEASE = Duration.ofSeconds(6);

    private final AtomicBoolean called = new AtomicBoolean();
    private volatile int factor = 1;

    private final Semaphore atATime;

    private DemoServer(int atATime) {
        this.atATime = new Semaphore(atATime, true);
    }

    /** Takes the server's name, the registry's URL, and how many calls it can answer at a time. */
    public static void main(String... arguments) throws Exception {
        if (arguments.length < 2 || arguments.length > 3) {
            System.err.println("usage: DemoServer NAME REGISTRY-URL [CALLS-AT-A-TIME]");
            System.exit(2);
        }
        int atATime = arguments.length == 3 ? Integer.parseInt(arguments[2]) : Integer.MAX_VALUE;
        new DemoServer(atATime).run(arguments[0], arguments[1]);
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
        atATime.acquire();
        try {
            Thread.sleep(ThreadLocalRandom.current().nextInt(MILLIS / 2, MILLIS * 3 / 2) * (long) factor);
        } finally {
            atATime.release();
        }
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
