package io.lb4j.examples;

import io.lb4j.discovery.FileDiscovery;
import io.lb4j.okhttp.LoadBalancedClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;

/**
 * Instances come from a JSON file that is read again whenever it changes: write a new one beside it and move it over.
 * A broken file is reported and changes nothing.
 */
public final class FileDiscoveryExample {
    private FileDiscoveryExample() {}

    /** Fails unless a second server is called within two seconds of the edit, and a broken file changes nothing. */
    public static void main(String... arguments) throws Exception {
        Path directory = Files.createTempDirectory("lb4j");
        Path file = directory.resolve("services.json");
        try (AppServer blue = AppServer.start("blue");
                AppServer green = AppServer.start("green")) {
            replace(file, json(blue));
            try (FileDiscovery discovery = FileDiscovery.of(file);
                    LoadBalancedClient client =
                            LoadBalancedClient.builder().discovery(discovery).build()) {
                System.out.println("listed: blue alone; answered by " + Http.get(client, "http://orders/"));

                long edited = System.nanoTime();
                replace(file, json(green));
                long tookMillis = callsUntil(client, "green", edited);
                System.out.println("file edited: green alone; called after " + tookMillis + " ms");

                replace(file, "{\"services\": {\"orders\": [\"127.0.0.1:");
                long broken = System.nanoTime();
                int calls = 0;
                while (System.nanoTime() - broken < Duration.ofSeconds(2).toNanos()) {
                    check(Http.get(client, "http://orders/").equals("green"), "a broken file changed who is called");
                    calls++;
                }
                System.out.println("file broken: " + calls + " calls in two seconds, all answered by green");
            }
        } finally {
            Files.deleteIfExists(file);
            Files.delete(directory);
        }
    }

    private static String json(AppServer server) {
        return String.format(
                "{\"services\": {\"orders\": [\"%s\"]}}", server.instance().authority());
    }

    private static void replace(Path file, String content) throws IOException {
        Path draft = Files.writeString(file.resolveSibling("services.json.new"), content);
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
    }

    private static long callsUntil(LoadBalancedClient client, String expected, long startNanos) throws IOException {
        while (!Http.get(client, "http://orders/").equals(expected)) {
            check(System.nanoTime() - startNanos < 2e9, expected + " was not called within 2 s of the edit");
        }
        return (System.nanoTime() - startNanos) / 1_000_000;
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }
}
