package io.lb4j.discovery.measured;

import io.lb4j.ServiceDiscovery;
import io.lb4j.discovery.Discoveries;
import io.lb4j.discovery.conformance.ConsulSource;
import io.lb4j.discovery.conformance.EmbeddedRegistrySource;
import io.lb4j.discovery.conformance.RealSource;
import io.lb4j.discovery.dns.KnotServer;
import io.lb4j.discovery.etcd.EtcdServer;
import io.lb4j.discovery.eureka.EurekaServer;
import io.lb4j.discovery.kubernetes.KubernetesSource;
import io.lb4j.discovery.zookeeper.ZooKeeperServer;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A source that is measured, with the settings it has unless told otherwise. */
enum Subject {
    STATIC("static", "a list in the program", true, null, "", directory -> new ProgramSource.InProgram()),
    FILE("file", "a JSON file", false, null, "", ProgramSource.InFile::new),
    REGISTRY(
            "registry",
            "the embedded registry",
            true,
            Wire.HTTP,
            "registry://%s/orders",
            directory -> new EmbeddedRegistrySource()),
    CONSUL("consul", "Consul", true, Wire.HTTP, "consul://%s/orders", ConsulSource::new),
    ETCD("etcd", "etcd", true, Wire.HTTP, "etcd://%s/orders", EtcdServer::new),
    KUBERNETES(
            "k8s",
            "Kubernetes",
            true,
            Wire.HTTP,
            "k8s://shop/orders?server=http://%s",
            directory -> new KubernetesSource()),
    EUREKA(
            "eureka",
            "Eureka, asked every second",
            false,
            Wire.HTTP,
            "eureka://%s/orders?interval=1s",
            EurekaServer::new),
    DNS(
            "dns",
            "DNS, SRV records that live for 1 s",
            false,
            Wire.DNS,
            "dns://%s/_orders._tcp.test",
            directory -> new KnotServer(directory, 1)),
    ZOOKEEPER(
            "zk",
            "ZooKeeper",
            true,
            Wire.ZOOKEEPER,
            "zk://%s/orders",
            directory -> new ZooKeeperServer(directory, ZooKeeperServer.USUAL_TICK_MILLIS));

    static final String SERVICE = "orders";

    @FunctionalInterface
    private interface Factory {
        RealSource create(Path directory) throws Exception;
    }

    /** How it is called on the command line. */
    final String scheme;

    /** How it is called in the results. */
    final String title;

    /** Whether it says by itself what changed. */
    final boolean pushed;

    /** What it speaks; null if there is no server. */
    final @Nullable Wire wire;

    private final String uri;

    @SuppressWarnings("ImmutableEnumChecker") // all of them are
    private final Factory factory;

    Subject(String scheme, String title, boolean pushed, @Nullable Wire wire, String uri, Factory factory) {
        this.scheme = scheme;
        this.title = title;
        this.pushed = pushed;
        this.wire = wire;
        this.uri = uri;
        this.factory = factory;
    }

    static Subject of(String scheme) {
        return Arrays.stream(values())
                .filter(each -> each.scheme.equals(scheme))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(scheme + " (expected: one of "
                        + Arrays.stream(values()).map(each -> each.scheme).toList() + ")"));
    }

    /** Not started. */
    RealSource server(Path directory) throws Exception {
        return factory.create(directory);
    }

    /** A discovery of its own at that address. */
    ServiceDiscovery open(RealSource server, String address) {
        return uri.isEmpty() ? server.discovery(address) : Discoveries.open(uri.formatted(address));
    }
}
