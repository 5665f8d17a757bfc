package io.lb4j.discovery.zookeeper;

import io.lb4j.discovery.internal.DaemonThreads;
import io.lb4j.discovery.internal.OptionalJar;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.common.PathUtils;
import org.jspecify.annotations.Nullable;

/** A session with ZooKeeper, from the first use on. Thread-safe. */
final class ZooKeeperClient implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(ZooKeeperClient.class.getName());
    private static final Pattern SERVERS = Pattern.compile(
            "(?:[\\w.-]+|\\[[0-9a-fA-F:.]+])(?::\\d{1,5})?(?:,(?:[\\w.-]+|\\[[0-9a-fA-F:.]+])(?::\\d{1,5})?)*(/.+)?");

    /** ZooKeeper's own close waits for an answer that may never come. */
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);

    private static final int RETRY_MILLIS = 100;

    private final Address address;

    /** All guarded by this. */
    private @Nullable CuratorFramework client;

    private boolean closed;

    /**
     * Where and as whom.
     *
     * @param authorization scheme and credentials as {@code digest:user:password}, or null
     */
    record Address(String servers, @Nullable String authorization) {
        Address {
            if (!SERVERS.matcher(servers).matches()) {
                throw new IllegalArgumentException("ZooKeeper: '" + servers
                        + "' (expected: host:port, or several separated by commas, and a path to have all below if wanted, as"
                        + " 10.0.0.1:2181,10.0.0.2:2181/apps)");
            }
            if (authorization != null && authorization.indexOf(':') < 1) {
                throw new IllegalArgumentException("authorization: no scheme (expected: as digest:user:password)");
            }
        }

        @Override
        public String toString() {
            return "ZooKeeper " + servers;
        }
    }

    ZooKeeperClient(String who, Address address) {
        OptionalJar.require(
                who, "org.apache.curator.framework.CuratorFramework", "org.apache.curator:curator-framework");
        this.address = address;
    }

    /** The path, checked by ZooKeeper's rules. */
    static String path(String name, String path) {
        try {
            PathUtils.validatePath(path);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    name + ": '" + path + "' (expected: a path as /services: " + e.getMessage() + ")", e);
        }
        return path;
    }

    /** The node of a service. */
    static String service(String basePath, String service) {
        if (service.isEmpty() || service.indexOf('/') >= 0) {
            throw new IllegalArgumentException("service: '" + service + "' (expected: a name without /)");
        }
        return path("service", basePath.equals("/") ? "/" + service : basePath + "/" + service);
    }

    /**
     * The client, which connects on its first use and again whenever it has lost its server.
     *
     * @param sessionTimeout how long the session outlives the connection
     * @param connection told whether there is a connection, when that changes
     */
    synchronized CuratorFramework open(Duration sessionTimeout, Duration patience, Consumer<Boolean> connection) {
        if (closed) {
            throw new IllegalStateException(this + " is closed");
        }
        CuratorFramework there = client;
        if (there != null) {
            return there;
        }
        CuratorFrameworkFactory.Builder builder = CuratorFrameworkFactory.builder()
                .connectString(address.servers)
                .sessionTimeoutMs((int) sessionTimeout.toMillis())
                .connectionTimeoutMs((int) patience.toMillis())
                .retryPolicy(new RetryOneTime(RETRY_MILLIS))
                // What servers say of their addresses may be of another network.
                .ensembleTracker(false)
                .threadFactory(task -> DaemonThreads.create(task, "lb4j-zookeeper"));
        if (address.authorization != null) {
            int colon = address.authorization.indexOf(':');
            builder.authorization(
                    address.authorization.substring(0, colon),
                    address.authorization.substring(colon + 1).getBytes(StandardCharsets.UTF_8));
        }
        CuratorFramework made = builder.build();
        made.getConnectionStateListenable().addListener((any, state) -> connection.accept(state.isConnected()));
        client = made;
        made.start();
        return made;
    }

    boolean isAuthorized() {
        return address.authorization != null;
    }

    synchronized @Nullable CuratorFramework ifOpen() {
        return client;
    }

    /** What to say of a result that isn't wanted. All that come of a lost connection are one trouble. */
    IOException trouble(KeeperException.Code code, String path) {
        String what = switch (code) {
            case CONNECTIONLOSS, OPERATIONTIMEOUT, SESSIONEXPIRED, SESSIONMOVED, SYSTEMERROR -> "not connected";
            case NOAUTH, AUTHFAILED, INVALIDACL ->
                code + " for " + path + " (expected: authorization that may do that)";
            case UNIMPLEMENTED -> "has no persistent watches (expected: ZooKeeper 3.6 or later)";
            default -> "answered " + code + " for " + path;
        };
        return new IOException(this + ": " + what);
    }

    IOException disconnected() {
        return trouble(KeeperException.Code.CONNECTIONLOSS, "/");
    }

    @Override
    public String toString() {
        return address.toString();
    }

    @Override
    public void close() {
        CuratorFramework last;
        synchronized (this) {
            closed = true;
            last = client;
            client = null;
        }
        if (last == null) {
            return;
        }
        Thread closer = DaemonThreads.create(last::close, "lb4j-zookeeper-close");
        closer.start();
        try {
            closer.join(CLOSE_TIMEOUT.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (closer.isAlive()) {
            LOG.log(System.Logger.Level.INFO, this + ": the session is not closed yet, and ends by itself if need be");
        }
    }
}
