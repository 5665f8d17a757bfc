package io.lb4j.examples.conversation;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A Redis and a PostgreSQL of our own, where they are installed, each in a directory that goes with them. */
final class Places implements AutoCloseable {
    private final Path directory;
    private final List<Child> children = new ArrayList<>();

    Places() throws IOException {
        directory = Files.createTempDirectory("conversation");
    }

    /** Where Redis is, or null if it isn't installed. */
    @Nullable
    String redis() throws IOException, InterruptedException {
        Path program = Child.find("redis-server");
        if (program == null) {
            return null;
        }
        int port = freePort();
        children.add(new Child(List.of(
                program.toString(),
                "--port",
                String.valueOf(port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "yes",
                "--dir",
                directory.toString())));
        awaitListening(port);
        return "redis://127.0.0.1:" + port;
    }

    /** Where PostgreSQL is, or null if it isn't installed. It syncs each turn to the disk, as it does by default. */
    @Nullable
    String postgresql() throws IOException, InterruptedException, SQLException {
        Path initdb = Child.find("initdb");
        Path program = Child.find("postgres");
        if (initdb == null || program == null) {
            return null;
        }
        List<String> as = new ArrayList<>();
        if (System.getProperty("user.name").equals("root")) {
            // It refuses to run as root.
            as.addAll(List.of("runuser", "-u", "nobody", "--"));
            Child.run(List.of("chown", "nobody", directory.toString()));
            Child.run(List.of("chmod", "711", directory.toString()));
        }
        Path data = directory.resolve("data");
        Child.run(command(as, initdb.toString(), "-D", data.toString(), "-A", "trust", "-U", "lb4j", "--no-sync"));
        int port = freePort();
        children.add(new Child(command(
                as,
                program.toString(),
                "-D",
                data.toString(),
                "-p",
                String.valueOf(port),
                "-h",
                "127.0.0.1",
                "-k",
                "")));
        awaitListening(port);
        String url = "jdbc:postgresql://127.0.0.1:" + port + "/postgres?user=lb4j";
        createTable(url);
        return url;
    }

    private static void createTable(String url) throws InterruptedException, SQLException {
        for (int i = 0; ; i++) {
            try {
                DatabaseContext.createTable(url);
                return;
            } catch (IllegalStateException e) {
                // It listens a moment before it answers.
                if (i == 100) {
                    throw e;
                }
                Thread.sleep(50);
            }
        }
    }

    private static List<String> command(List<String> as, String... more) {
        List<String> all = new ArrayList<>(as);
        all.addAll(List.of(more));
        return all;
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }

    private static void awaitListening(int port) throws IOException, InterruptedException {
        for (int i = 0; i < 200; i++) {
            try {
                new Socket(InetAddress.getLoopbackAddress(), port).close();
                return;
            } catch (IOException e) {
                Thread.sleep(50);
            }
        }
        throw new IOException("nothing listens on port " + port + " after 10 s");
    }

    @Override
    public void close() throws IOException {
        children.forEach(Child::close);
        try {
            Child.run(List.of("rm", "-rf", directory.toString()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
