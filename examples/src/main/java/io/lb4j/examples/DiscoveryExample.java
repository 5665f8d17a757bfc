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

/**
 * Calls to instances in the registry that you have, by its URI. Where servers register themselves, two do first, and one
 * deregisters at the end; elsewhere those that are listed are called.
 */
public final class DiscoveryExample {
    private static final Duration LIMIT = Duration.ofSeconds(90); // some registries take their time to list a newcomer

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
                System.out.println("a hundred calls were answered by those that " + discovery + " lists");
                return;
            }
            callUntilAnswered(client, Set.of("blue", "green"));
            System.out.println("both are called");
            registrations.get(0).close();
            callUntilAnswered(client, Set.of("green"));
            System.out.println("blue has deregistered, and green alone is called");
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
        long start = System.nanoTime();
        List<String> answers = new ArrayList<>();
        String last = "";
        while (answers.size() < 100 || (!expected.isEmpty() && !expected.equals(new HashSet<>(answers)))) {
            check(System.nanoTime() - start < LIMIT.toNanos(), "no calls answered by " + expected + ", but " + last);
            try {
                last = Http.get(client, "http://orders/");
                answers.add(last);
            } catch (IOException e) {
                last = e.toString();
                answers.clear();
                Thread.sleep(50);
            }
            if (!expected.isEmpty() && !expected.contains(last)) {
                answers.clear();
            }
        }
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }
}
