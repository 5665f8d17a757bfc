package io.lb4j.discovery.zookeeper;

import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Registrar;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Registers in ZooKeeper in the layout of Curator's service discovery, for a {@link io.lb4j.discovery.Registration}: as an
 * ephemeral node, which is there for as long as the session. The registration's {@code ttl} is the session's time-out, which
 * the servers may change. When the session was lost, a new one registers again. Needs Curator's framework on the path.
 *
 * <p>An id belongs to one server at a time. Another one is refused as long as the first one's session lives; only at the same
 * address it takes the place at once, since then it is the first one restarted.
 *
 * <p>With {@linkplain Builder#authorization authorization} only who has the same may change or delete the node; all may read it.
 */
public final class ZooKeeperRegistrar implements Registrar {
    private final Ephemeral node;

    private ZooKeeperRegistrar(Builder builder) {
        ZooKeeperClient zooKeeper = new ZooKeeperClient(
                "ZooKeeperRegistrar", new ZooKeeperClient.Address(builder.servers, builder.authorization));
        this.node = new Ephemeral(zooKeeper, ZooKeeperClient.path("basePath", builder.basePath));
    }

    /**
     * Registers below {@link ZooKeeperDiscovery#DEFAULT_BASE_PATH}.
     *
     * @param servers as for {@link ZooKeeperDiscovery#of}
     * @throws IllegalArgumentException if they aren't that
     * @throws IllegalStateException without Curator
     */
    public static ZooKeeperRegistrar of(String servers) {
        return builder(servers).build();
    }

    /** A builder with every setting but the servers at its default. */
    public static Builder builder(String servers) {
        return new Builder(servers);
    }

    @Override
    public void check(String service, ServiceInstance instance) {
        node.path(service, instance);
        CuratorJson.check(instance);
    }

    @Override
    public void register(String service, ServiceInstance instance, Duration ttl, Answer answer) {
        node.register(service, instance, ttl, answer);
    }

    @Override
    public void renew(String service, ServiceInstance instance, Duration ttl, Answer answer) {
        node.renew(service, instance, ttl, answer);
    }

    /** Nothing: what is under way ends by itself in time, and does no harm. */
    @Override
    public void cancel() {}

    @Override
    public void deregister(String service, ServiceInstance instance, Duration atMost) throws IOException {
        node.deregister(service, instance, atMost);
    }

    @Override
    public void onForgotten(Runnable forgotten) {
        node.onForgotten(Objects.requireNonNull(forgotten, "forgotten"));
    }

    /** Ends the session, and with it the node. */
    @Override
    public void close() {
        node.close();
    }

    @Override
    public String toString() {
        return node.toString();
    }

    /** Collects the settings of a {@link ZooKeeperRegistrar}. Not thread-safe. */
    public static final class Builder {
        private final String servers;
        private String basePath = ZooKeeperDiscovery.DEFAULT_BASE_PATH;
        private @Nullable String authorization;

        private Builder(String servers) {
            this.servers = Objects.requireNonNull(servers, "servers");
        }

        /** Sets below which node services are; default {@link ZooKeeperDiscovery#DEFAULT_BASE_PATH}. */
        public Builder basePath(String value) {
            this.basePath = Objects.requireNonNull(value, "basePath");
            return this;
        }

        /** Sets as whom to register, as {@link ZooKeeperDiscovery.Builder#authorization}; default nobody. */
        public Builder authorization(String value) {
            this.authorization = Objects.requireNonNull(value, "authorization");
            return this;
        }

        /**
         * Builds the registrar, which asks nothing before its registration does.
         *
         * @throws IllegalArgumentException if servers, base path or authorization are malformed
         * @throws IllegalStateException without Curator
         */
        public ZooKeeperRegistrar build() {
            return new ZooKeeperRegistrar(this);
        }
    }
}
