import io.lb4j.discovery.DiscoveryProvider;
import io.lb4j.discovery.providers.ConsulProvider;
import io.lb4j.discovery.providers.DnsProvider;
import io.lb4j.discovery.providers.EtcdProvider;
import io.lb4j.discovery.providers.EurekaProvider;
import io.lb4j.discovery.providers.FileProvider;
import io.lb4j.discovery.providers.KubernetesProvider;
import io.lb4j.discovery.providers.RegistryProvider;
import io.lb4j.discovery.providers.StaticProvider;
import io.lb4j.discovery.providers.ZooKeeperProvider;
import org.jspecify.annotations.NullMarked;

/** The sources of instances, the embedded registry and registration with it, and what servers report of their load. */
@NullMarked
module io.lb4j.discovery {
    requires transitive io.lb4j.api;
    requires com.fasterxml.jackson.databind;
    requires static jakarta.servlet;
    requires transitive jdk.httpserver;
    requires transitive okhttp3;
    requires static org.dnsjava;
    requires static transitive org.jspecify;

    exports io.lb4j.discovery;
    exports io.lb4j.discovery.consul;
    exports io.lb4j.discovery.decorator;
    exports io.lb4j.discovery.dns;
    exports io.lb4j.discovery.etcd;
    exports io.lb4j.discovery.eureka;
    exports io.lb4j.discovery.kubernetes;
    exports io.lb4j.discovery.zookeeper;
    exports io.lb4j.server;

    uses DiscoveryProvider;

    provides DiscoveryProvider with
            ConsulProvider,
            DnsProvider,
            EtcdProvider,
            EurekaProvider,
            FileProvider,
            KubernetesProvider,
            RegistryProvider,
            StaticProvider,
            ZooKeeperProvider;
}
