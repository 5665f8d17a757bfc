package io.lb4j.examples;

import io.lb4j.ServiceDiscovery;
import io.lb4j.discovery.Discoveries;
import io.lb4j.discovery.Registration;
import io.lb4j.okhttp.LoadBalancedClient;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Calls to instances in the registry that you have, by its URI. Where servers register themselves, two do so first. */
public final class DiscoveryExample {
    private DiscoveryExample() {}

    /** Fails unless calls reach both servers and then the one that stays; elsewhere, unless a hundred calls in a row are answered. */
    public static void main(String... arguments) throws Exception {
        check(arguments.length == 1, "usage: DiscoveryExample URI, as consul://127.0.0.1:8500/orders");
        List<Registration> registrations = new ArrayList<>();
        try (ServiceDiscovery discovery = Discoveries.open(arguments[0]);
                LoadBalancedClient client =
                        LoadBalancedClient.builder().discovery(discovery).build();
                AppServer blue = AppServer.start("blue");
                AppServer green = AppServer.start("green")) {
            register(arguments[0], blue, registrations);
            register(arguments[0], green, registrations);
            if (registrations.isEmpty()) {
                callUntilAnswered(client, Set.of());
                return;
            }
            callUntilAnswered(client, Set.of("blue", "green"));
            registrations.get(0).close(); // blue deregisters
            callUntilAnswered(client, Set.of("green"));
        } finally {
            registrations.forEach(Registration::close);
        }
    }

    private static void register(String uri, AppServer server, List<Registration> registrations) throws Exception {
        Registration.Builder registering = Registering.at(uri, "orders", server.listedAs("example"));
        if (registering != null) {
            Registration registration = registering.start();
            registrations.add(registration);
            check(registration.awaitRegistered(Duration.ofSeconds(20)), registration + ": " + registration.status());
            System.out.println(registration);
        }
    }

    /** Calls until a hundred calls in a row were answered; if names are given, by all of these and by nobody else. */
    private static void callUntilAnswered(LoadBalancedClient client, Set<String> expected) throws Exception {
        long end = System.nanoTime() + 90_000_000_000L; // some registries take their time to list a newcomer
        Set<String> by = new HashSet<>();
        String trouble = "";
        for (int inARow = 0; inARow < 100 || !(expected.isEmpty() || expected.equals(by)); inARow++) {
            check(System.nanoTime() < end, "calls answered by " + by + " (expected: by " + expected + "); " + trouble);
            try {
                by.add(Http.get(client, "http://orders/"));
                if (!expected.isEmpty() && !expected.containsAll(by)) {
                    throw new IOException("also answered by others: " + by);
                }
            } catch (IOException e) {
                trouble = e.toString();
                by.clear();
                inARow = -1;
                Thread.sleep(50);
            }
        }
        System.out.println("a hundred calls in a row were answered, by " + by);
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }
}
