package io.lb4j.discovery.zookeeper;

import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Registrar.Answer;
import io.lb4j.discovery.internal.DaemonThreads;
import io.lb4j.discovery.internal.MalformedException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.curator.framework.CuratorFramework;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;

/** The node of one instance, which is there for as long as its session. Asks on threads of its own, as Curator blocks. Thread-safe. */
final class Ephemeral implements AutoCloseable {
    /** So often the place may be taken by others in between. */
    private static final int MAX_TRIES = 3;

    private final ZooKeeperClient zooKeeper;
    private final String basePath;

    /** One thread, so that what was asked last is what stands in the node. */
    private final ExecutorService workers = DaemonThreads.single("lb4j-zookeeper");

    private volatile Runnable forgotten = () -> {};

    /** The session that holds the node, or 0. */
    private volatile long holder;

    Ephemeral(ZooKeeperClient zooKeeper, String basePath) {
        this.zooKeeper = zooKeeper;
        this.basePath = basePath;
    }

    /**
     * The node of an instance.
     *
     * @throws IllegalArgumentException if none can be named so
     */
    String path(String service, ServiceInstance instance) {
        if (instance.id().indexOf('/') >= 0) {
            throw new IllegalArgumentException("id: '" + instance.id() + "' (expected: one without /)");
        }
        return ZooKeeperClient.path("id", ZooKeeperClient.service(basePath, service) + "/" + instance.id());
    }

    private interface Task {
        void run() throws Exception;
    }

    void register(String service, ServiceInstance instance, Duration ttl, Answer answer) {
        String node = path(service, instance);
        byte[] data = CuratorJson.write(service, instance, System.currentTimeMillis());
        ask(node, answer, () -> {
            CuratorFramework client = client(ttl);
            String other = put(client, node, data, instance);
            if (other == null) {
                held(client, answer);
            } else {
                answer.refused(zooKeeper + ": " + node + " is held by " + other);
            }
        });
    }

    /** Returns whose the node is, or null if it is ours now. */
    private @Nullable String put(CuratorFramework client, String node, byte[] data, ServiceInstance instance)
            throws Exception {
        for (int tries = 1; ; tries++) {
            try {
                client.create()
                        .creatingParentContainersIfNeeded()
                        .withMode(CreateMode.EPHEMERAL)
                        .withACL(acl())
                        .forPath(node, data);
                return null;
            } catch (KeeperException.NodeExistsException e) {
                if (tries == MAX_TRIES) {
                    throw e;
                }
            }
            try {
                Stat stat = new Stat();
                byte[] there = client.getData().storingStatIn(stat).forPath(node);
                if (stat.getEphemeralOwner() == session(client)) {
                    client.setData().withVersion(stat.getVersion()).forPath(node, data);
                    return null;
                }
                String other = other(there, instance);
                if (other != null) {
                    return other;
                }
                // This one before it was restarted, whose session hasn't ended yet.
                client.delete().withVersion(stat.getVersion()).forPath(node);
            } catch (KeeperException.NoNodeException | KeeperException.BadVersionException e) {
                // Changed in between.
            }
        }
    }

    private static @Nullable String other(byte[] there, ServiceInstance instance) {
        try {
            ServiceInstance found = CuratorJson.read(instance.id(), there, instance.secure());
            return found.sameLocation(instance) ? null : found.authority();
        } catch (MalformedException e) {
            return "something else: " + e.getMessage();
        }
    }

    private List<ACL> acl() {
        List<ACL> rules =
                new ArrayList<>(zooKeeper.isAuthorized() ? ZooDefs.Ids.CREATOR_ALL_ACL : ZooDefs.Ids.OPEN_ACL_UNSAFE);
        if (zooKeeper.isAuthorized()) {
            rules.addAll(ZooDefs.Ids.READ_ACL_UNSAFE);
        }
        return rules;
    }

    private void held(CuratorFramework client, Answer answer) throws Exception {
        holder = session(client);
        answer.held(Duration.ofMillis(client.getZookeeperClient().getZooKeeper().getSessionTimeout()));
    }

    private static long session(CuratorFramework client) throws Exception {
        return client.getZookeeperClient().getZooKeeper().getSessionId();
    }

    void renew(String service, ServiceInstance instance, Duration ttl, Answer answer) {
        String node = path(service, instance);
        ask(node, answer, () -> {
            CuratorFramework client = client(ttl);
            Stat stat = client.checkExists().forPath(node);
            if (stat != null && stat.getEphemeralOwner() == session(client)) {
                held(client, answer);
            } else {
                answer.forgotten(zooKeeper + ": " + node + (stat == null ? " is gone" : " is another session's"));
            }
        });
    }

    private CuratorFramework client(Duration ttl) {
        return zooKeeper.open(ttl, Duration.ofMillis(Math.min(5000, ttl.toMillis() / 3)), connected -> {
            if (connected) {
                workers.execute(this::compareSessions);
            }
        });
    }

    private void compareSessions() {
        CuratorFramework client = zooKeeper.ifOpen();
        long before = holder;
        try {
            if (client != null && before != 0 && session(client) != before) {
                holder = 0;
                forgotten.run();
            }
        } catch (Exception e) {
            // No connection again: there will be another one.
        }
    }

    private void ask(String node, Answer answer, Task task) {
        workers.execute(() -> {
            try {
                task.run();
            } catch (KeeperException e) {
                answer.failed(zooKeeper.trouble(e.code(), node));
            } catch (Exception e) {
                answer.failed(new IOException(zooKeeper + ": " + node + ": " + e, e));
            }
        });
    }

    void deregister(String service, ServiceInstance instance, Duration atMost) throws IOException {
        String node = path(service, instance);
        CuratorFramework client = zooKeeper.ifOpen();
        if (client == null) {
            return;
        }
        Future<?> done = workers.submit(() -> {
            Stat stat = client.checkExists().forPath(node);
            if (stat != null && stat.getEphemeralOwner() == session(client)) {
                client.delete().withVersion(stat.getVersion()).forPath(node);
            }
            return null;
        });
        try {
            done.get(atMost.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(zooKeeper + ": interrupted", e);
        } catch (TimeoutException e) {
            throw new IOException(zooKeeper + ": no answer in time", e);
        } catch (ExecutionException e) {
            throw new IOException(zooKeeper + ": " + e.getCause(), e);
        }
    }

    void onForgotten(Runnable value) {
        this.forgotten = value;
    }

    @Override
    public void close() {
        zooKeeper.close();
        workers.shutdown();
    }

    @Override
    public String toString() {
        return zooKeeper.toString();
    }
}
