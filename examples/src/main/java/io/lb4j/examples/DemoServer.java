package io.lb4j.examples;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Registration;
import io.lb4j.discovery.decorator.FilteredDiscovery;
import io.lb4j.discovery.decorator.MappedDiscovery;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One app server of the {@link Demo}, a process of its own: registers itself, answers after about 6 ms, and obeys its
 * standard input. {@code slow 10} makes it ten times slower; the end of the input (the demo is over, or dead) makes it
 * deregister and leave. It answers as many calls at a time as come, unless told how many it can.
 *
 * <p>It prints {@code registered} when it is and {@code called} on its first call, each with its clock's nanoseconds; or {@code
 * refused} and why it couldn't register, and leaves.
 */
public final class DemoServer {
    static final String SERVICE = "orders";
    static final int MILLIS = 6;
    private static final String NAME = "name";
    private static final String SHOW = "show";
    private static final Duration LEASE = Duration.ofSeconds(6);

    private final AtomicBoolean called = new AtomicBoolean();
    private volatile int factor = 1;

    private final Semaphore atATime;

    private DemoServer(int atATime) {
        this.atATime = new Semaphore(atATime, true);
    }

    /** Takes the server's name, the registry's URI, how many calls it can answer at a time, and the name of the show it is in. */
    public static void main(String... arguments) throws Exception {
        if (arguments.length != 4) {
            System.err.println("usage: DemoServer NAME REGISTRY-URI CALLS-AT-A-TIME SHOW");
            System.exit(2);
        }
        new DemoServer(Integer.parseInt(arguments[2])).run(arguments[0], arguments[1], arguments[3]);
    }

    private void run(String name, String registry, String show) throws Exception {
        try (AppServer server = AppServer.start(name, exchange -> answer(name))) {
            Registration.Builder registering = Registering.at(registry, SERVICE, inShow(server.instance(), show));
            if (registering == null) {
                throw new IllegalArgumentException(registry + ": servers don't register themselves there");
            }
            try (Registration registration = registering.ttl(LEASE).start()) {
                if (registration.awaitRegistered(Duration.ofSeconds(5))) {
                    System.out.println("registered " + System.nanoTime());
                    obey();
                } else {
                    System.out.println("refused " + registration + ": "
                            + registration.status().detail());
                }
            }
        }
    }

    /** With an id that nothing else has in a registry which others use as well, and the mark of its show. */
    private static ServiceInstance inShow(ServiceInstance server, String show) {
        return server.toBuilder()
                .id("demo-" + server.id() + "-" + server.authority())
                .metadata(Map.of(NAME, server.id(), SHOW, show))
                .build();
    }

    /** The servers of one show, by their names, whatever else a registry lists. */
    static ServiceDiscovery ofShow(ServiceDiscovery source, String show) {
        ServiceDiscovery these = FilteredDiscovery.of(
                source, instance -> show.equals(instance.metadata().get(SHOW)));
        return MappedDiscovery.of(
                these,
                instance -> instance.toBuilder()
                        .id(instance.metadata().getOrDefault(NAME, instance.id()))
                        .build());
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
