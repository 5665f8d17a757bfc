package io.lb4j.discovery.zookeeper;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.curator.test.InstanceSpec;
import org.apache.curator.test.TestingServer;

/** ZooKeeper in this process, at one port over all its lives. */
final class ZooKeeperServer implements AutoCloseable {
    /** Sessions end at ticks: so much later than they should. */
    private static final int TICK_MILLIS = 100;

    private final Path directory;
    private final int port = InstanceSpec.getRandomPort();
    private int life;
    private TestingServer server;

    ZooKeeperServer(Path directory) {
        this.directory = directory;
    }

    String address() {
        return "127.0.0.1:" + port;
    }

    /** Starts it, with what it knew before. */
    void start() {
        try {
            Path data = Files.createDirectories(directory.resolve("life-" + life));
            server = new TestingServer(
                    new InstanceSpec(data.toFile(), port, -1, -1, false, 1, TICK_MILLIS, 1000, null, "127.0.0.1"),
                    true);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** Starts it without what it knew before. */
    void startEmpty() {
        life++;
        start();
    }

    void kill() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        if (server != null) {
            kill();
        }
    }
}
