package io.lb4j.examples;

import io.lb4j.discovery.conformance.ConsulSource;
import io.lb4j.discovery.conformance.EmbeddedRegistrySource;
import io.lb4j.discovery.conformance.RealSource;
import io.lb4j.discovery.dns.KnotServer;
import io.lb4j.discovery.etcd.EtcdServer;
import io.lb4j.discovery.eureka.EurekaServer;
import io.lb4j.discovery.kubernetes.KubernetesSource;
import io.lb4j.discovery.zookeeper.ZooKeeperServer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/** A real registry for each scheme. */
final class Sources {
    @FunctionalInterface
    private interface Factory {
        RealSource create(Path directory) throws Exception;
    }

    private static final Map<String, Factory> FACTORIES = Map.of(
            "consul", ConsulSource::new,
            "dns", KnotServer::new,
            "etcd", EtcdServer::new,
            "eureka", EurekaServer::new,
            "k8s", directory -> new KubernetesSource(),
            "registry", directory -> new EmbeddedRegistrySource(),
            "zk", ZooKeeperServer::new);

    private Sources() {}

    static Set<String> schemes() {
        return FACTORIES.keySet();
    }

    /** Started; to be closed by the caller. Leaves the test out if its program isn't installed. */
    static RealSource start(String scheme, Path directory) throws Exception {
        Factory factory = FACTORIES.get(scheme);
        if (factory == null) {
            throw new IllegalArgumentException(scheme + " (expected: one of " + FACTORIES.keySet() + ")");
        }
        RealSource source = factory.create(directory);
        source.start();
        return source;
    }
}
