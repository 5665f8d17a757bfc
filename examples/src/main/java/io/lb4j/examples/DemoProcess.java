package io.lb4j.examples;

import io.lb4j.discovery.RegistryServer;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A running {@link DemoServer}. It leaves with this process, however that ends. Thread-safe. */
final class DemoProcess implements AutoCloseable {
    private final String name;
    private final Process process;
    private final CompletableFuture<Long> registeredNanos = new CompletableFuture<>();
    private final CompletableFuture<Long> calledNanos = new CompletableFuture<>();

    private DemoProcess(String name, Process process) {
        this.name = name;
        this.process = process;
        Thread reader = new Thread(this::read, "output of " + name);
        reader.setDaemon(true);
        reader.start();
    }

    /**
     * Starts a server in a virtual machine of its own; returns before it is up.
     *
     * @param registry its URI
     * @param show what tells it from servers of others in the registry
     */
    static DemoProcess start(String name, String registry, String show) throws IOException {
        return start(name, registry, Integer.MAX_VALUE, show);
    }

    /** A server in the embedded registry, that can answer only so many calls at a time. */
    static DemoProcess start(String name, RegistryServer registry, int atATime) throws IOException {
        return start(name, uri(registry), atATime, "");
    }

    /** What callers and servers find the registry by. */
    static String uri(RegistryServer registry) {
        return registry.url().replaceFirst("^http:", "registry:");
    }

    private static DemoProcess start(String name, String registry, int atATime, String show) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process process = new ProcessBuilder(
                        java,
                        "-Xmx64m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Xshare:auto",
                        "-cp",
                        classPath(),
                        DemoServer.class.getName(),
                        name,
                        registry,
                        String.valueOf(atATime),
                        show)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        return new DemoProcess(name, process);
    }

    /** Absolute, as a jar's class path is relative to the jar. */
    private static String classPath() {
        StringBuilder path = new StringBuilder();
        for (String each : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            path.append(path.isEmpty() ? "" : File.pathSeparator)
                    .append(Path.of(each).toAbsolutePath());
        }
        return path.toString();
    }

    private void read() {
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                String[] words = line.split(" ", 2);
                switch (words[0]) {
                    case "registered" -> registeredNanos.complete(Long.valueOf(words[1]));
                    case "called" -> calledNanos.complete(Long.valueOf(words[1]));
                    case "refused" ->
                        registeredNanos.completeExceptionally(new IOException(name + " can't register: " + words[1]));
                    default -> System.err.println(name + ": " + line);
                }
            }
        } catch (IOException e) {
            // The process died, as one of them is meant to.
        }
        registeredNanos.completeExceptionally(new IOException(name + " ended before it had registered"));
    }

    String name() {
        return name;
    }

    /** Waits until it has registered, for at most 20 s. */
    void awaitRegistered() throws IOException, InterruptedException {
        try {
            registeredNanos.get(20, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw e.getCause() instanceof IOException refused
                    ? refused
                    : new IOException(name + " did not register within 20 s", e);
        }
    }

    /** Milliseconds from its being registered to its first call; not a number if one of them didn't happen yet. */
    double firstCallMillis() {
        if (!registeredNanos.isDone() || !calledNanos.isDone()) {
            return Double.NaN;
        }
        return Math.max(0, calledNanos.join() - registeredNanos.join()) / 1e6;
    }

    /** Makes it this much slower. */
    void slow(int factor) {
        try {
            process.getOutputStream().write(("slow " + factor + "\n").getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().flush();
        } catch (IOException e) {
            throw new UncheckedIOException(name + " takes no orders", e);
        }
    }

    /** Makes it deregister, finish the calls it has, and leave; returns before that is done. */
    void stop() {
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            throw new UncheckedIOException(name + " takes no orders", e);
        }
    }

    /** Kills it as {@code kill -9} does: no goodbye to the registry, connections cut. */
    void kill() {
        process.destroyForcibly();
    }

    /** Makes sure that it is gone. */
    @Override
    public void close() {
        process.destroyForcibly();
    }
}
