package io.lb4j.examples.conversation;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Scanner;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A process that leaves with this one. */
final class Child implements AutoCloseable {
    private final Process process;

    Child(List<String> command) throws IOException {
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
    }

    /** A server in a virtual machine of its own. */
    static Child server(String place) throws IOException {
        String classPath = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .map(each -> Path.of(each).toAbsolutePath().toString())
                .collect(Collectors.joining(File.pathSeparator));
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        return new Child(List.of(
                java,
                "-Xmx64m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classPath,
                ConversationServer.class.getName(),
                place));
    }

    /** Waits for a line that begins like this, and returns the rest of it. */
    String await(String beginning) throws IOException {
        Scanner lines = new Scanner(process.getInputStream(), java.nio.charset.StandardCharsets.UTF_8);
        while (lines.hasNextLine()) {
            String line = lines.nextLine();
            if (line.startsWith(beginning)) {
                return line.substring(beginning.length());
            }
        }
        throw new IOException("it ended before it said '" + beginning + "'");
    }

    /** Runs a command to its end. */
    static void run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (process.waitFor() != 0) {
            throw new IOException("exit code " + process.exitValue() + ": " + String.join(" ", command));
        }
    }

    /** Where a program is that need not be on the path; null if it isn't installed. */
    static @org.jspecify.annotations.Nullable Path find(String name) throws IOException {
        List<Path> directories = new ArrayList<>();
        for (String each : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
            directories.add(Path.of(each));
        }
        // Debian has the server's programs apart from the client's, by version.
        Path postgresql = Path.of("/usr/lib/postgresql");
        if (Files.isDirectory(postgresql)) {
            try (Stream<Path> versions = Files.list(postgresql)) {
                versions.forEach(each -> directories.add(each.resolve("bin")));
            }
        }
        return directories.stream()
                .map(each -> each.resolve(name))
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
    }

    /** SIGKILL. */
    void kill() {
        process.destroyForcibly().onExit().join();
    }

    @Override
    public void close() {
        kill();
    }
}
