package io.lb4j.discovery.providers;

import io.lb4j.ServiceDiscovery;
import io.lb4j.discovery.DiscoveryProvider;
import io.lb4j.discovery.DiscoveryUri;
import io.lb4j.discovery.zookeeper.ZooKeeperDiscovery;
import java.io.IOException;
import java.util.List;

/** {@code zk://host:port,host:port/service?basePath=/services}. */
public final class ZooKeeperProvider implements DiscoveryProvider {
    private static final int PORT = 2181;

    @Override
    public String scheme() {
        return "zk";
    }

    @Override
    public ServiceDiscovery open(DiscoveryUri uri) {
        List<String> hosts = uri.hosts(PORT);
        uri.service();
        ZooKeeperDiscovery.Builder builder = ZooKeeperDiscovery.builder(String.join(",", hosts))
                .preferTls(uri.bool("preferTls", false))
                .sessionTimeout(uri.duration("sessionTimeout", ZooKeeperDiscovery.DEFAULT_SESSION_TIMEOUT));
        String basePath = uri.string("basePath", null);
        if (basePath != null) {
            builder.basePath(basePath);
        }
        DiscoveryUri.Secret authorization = uri.secret("authorization");
        if (hosts.isEmpty()) {
            throw new IllegalArgumentException("host: none (expected: one, as in zk://127.0.0.1:2181), in " + uri);
        }
        if (authorization != null) {
            try {
                builder.authorization(authorization.read());
            } catch (IOException e) {
                throw new IllegalArgumentException(e.getMessage() + ", in " + uri, e);
            }
        }
        return builder.build();
    }
}
