package io.lb4j.discovery.zookeeper;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Registration;
import io.lb4j.discovery.conformance.RealSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryNTimes;
import org.apache.curator.test.InstanceSpec;
import org.apache.curator.test.TestingServer;

/** ZooKeeper in this process, at one port over all its lives, changed while it runs as by any other client. */
public final class ZooKeeperServer implements RealSource, AutoCloseable {
    /** Sessions end at ticks: so much later than they should. */
    private static final int TICK_MILLIS = 100;

    /** As in ZooKeeper's own example of a configuration. Sessions last two to twenty of them. */
    public static final int USUAL_TICK_MILLIS = 2000;

    static {
        // Read when the first server is asked what only this lets it say.
        System.setProperty("zookeeper.4lw.commands.whitelist", "wchs");
    }

    private final Path directory;
    private final int tickMillis;
    private final int port = InstanceSpec.getRandomPort();
    private int life;
    private TestingServer server;

    /** For changes from outside, from the first one on. */
    private CuratorFramework outside;

    public ZooKeeperServer(Path directory) {
        this(directory, TICK_MILLIS);
    }

    /** One whose sessions end at other ticks. */
    public ZooKeeperServer(Path directory, int tickMillis) {
        this.directory = directory;
        this.tickMillis = tickMillis;
    }

    @Override
    public String address() {
        return "127.0.0.1:" + port;
    }

    /** With what it knew before. */
    @Override
    public void start() {
        try {
            Path data = Files.createDirectories(directory.resolve("life-" + life));
            server = new TestingServer(
                    new InstanceSpec(data.toFile(), port, -1, -1, false, 1, tickMillis, 1000, null, "127.0.0.1"), true);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** Starts it without what it knew before. */
    public void startEmpty() {
        life++;
        start();
    }

    @Override
    public void kill() {
        if (outside != null) {
            outside.close();
            outside = null;
        }
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** How many watches it keeps for its clients. */
    int watches() throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write("wchs".getBytes(StandardCharsets.US_ASCII));
            String said = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            return Integer.parseInt(said.substring(said.lastIndexOf(':') + 1).strip());
        }
    }

    @Override
    public boolean keepsMemory() {
        return true;
    }

    @Override
    public Set<Trait> traits() {
        return EnumSet.allOf(Trait.class);
    }

    private CuratorFramework outside() {
        if (outside == null) {
            outside = CuratorFrameworkFactory.newClient(address(), new RetryNTimes(20, 100));
            outside.start();
        }
        return outside;
    }

    private static String node(String service, String id) {
        return ZooKeeperDiscovery.DEFAULT_BASE_PATH + "/" + service + "/" + id;
    }

    /** As a node that outlives the session, so that who puts it in need not stay. */
    @Override
    public void put(String service, ServiceInstance instance) throws Exception {
        outside()
                .create()
                .orSetData()
                .creatingParentsIfNeeded()
                .forPath(node(service, instance.id()), CuratorJson.write(service, instance, 0));
    }

    @Override
    public void remove(String service, String id) throws Exception {
        outside().delete().forPath(node(service, id));
    }

    /** A server that says nothing is given up after two thirds of this. */
    @Override
    public ServiceDiscovery discovery(String address) {
        return ZooKeeperDiscovery.builder(address)
                .sessionTimeout(Duration.ofSeconds(2))
                .build();
    }

    @Override
    public Registration.Builder registration(String address, String service, ServiceInstance instance) {
        return Registration.builder(ZooKeeperRegistrar.of(address), service, instance);
    }

    @Override
    public void close() {
        if (server != null) {
            kill();
        }
    }
}
