package io.lb4j.examples;

import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Discoveries;
import io.lb4j.discovery.DiscoveryUri;
import io.lb4j.discovery.Registrar;
import io.lb4j.discovery.Registration;
import io.lb4j.discovery.consul.ConsulRegistrar;
import io.lb4j.discovery.etcd.EtcdRegistrar;
import io.lb4j.discovery.eureka.EurekaRegistrar;
import io.lb4j.discovery.zookeeper.ZooKeeperRegistrar;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/**
 * Puts a server where {@link Discoveries#open} would look for it: one spelling for both sides. What choosing among instances
 * takes from the URI means nothing here.
 */
final class Registering {
    /** By the schemes of the registries in which servers register themselves. */
    private static final Map<String, Opener> OPENERS = new TreeMap<>(Map.of(
            "consul", (uri, service, instance) -> Registration.builder(consul(uri), service, instance),
            "etcd", (uri, service, instance) -> Registration.builder(etcd(uri), service, instance),
            "eureka", (uri, service, instance) -> Registration.builder(eureka(uri), service, instance),
            "registry", Registering::registry,
            "zk", (uri, service, instance) -> Registration.builder(zooKeeper(uri), service, instance)));

    @FunctionalInterface
    private interface Opener {
        Registration.Builder open(DiscoveryUri uri, String service, ServiceInstance instance) throws IOException;
    }

    private Registering() {}

    /** The schemes of the registries in which servers register themselves. */
    static Set<String> schemes() {
        return OPENERS.keySet();
    }

    /**
     * A registration that isn't started, for the service that the URI names, or else this one.
     *
     * @return null if servers don't register themselves in what the URI names
     * @throws IllegalArgumentException if the URI can't be read
     */
    static Registration.@Nullable Builder at(String uri, String service, ServiceInstance instance) throws IOException {
        DiscoveryUri source = DiscoveryUri.parse(uri);
        Opener opener = OPENERS.get(source.scheme());
        if (opener == null) {
            return null;
        }
        String named = source.service();
        return opener.open(source, named == null ? service : named, instance);
    }

    private static Registrar consul(DiscoveryUri uri) {
        ConsulRegistrar.Builder builder = ConsulRegistrar.builder(uri.url(8500));
        builder.tags(uri.list("tag").toArray(String[]::new));
        DiscoveryUri.Secret token = uri.secret("token");
        if (token != null) {
            builder.token(token);
        }
        OkHttpClient client = uri.client();
        return (client == null ? builder : builder.client(client)).build();
    }

    private static Registrar etcd(DiscoveryUri uri) {
        EtcdRegistrar.Builder builder = EtcdRegistrar.builder(uri.urls(2379).toArray(String[]::new));
        String prefix = uri.string("prefix", null);
        if (prefix != null) {
            builder.prefix(prefix);
        }
        String user = uri.string("user", null);
        DiscoveryUri.Secret password = uri.secret("password");
        if (user != null && password != null) {
            builder.login(user, password);
        }
        OkHttpClient client = uri.client();
        return (client == null ? builder : builder.client(client)).build();
    }

    private static Registrar eureka(DiscoveryUri uri) {
        String path = String.valueOf(uri.string("path", ""));
        String below = path.isEmpty() || path.startsWith("/") ? path : "/" + path;
        EurekaRegistrar.Builder builder = EurekaRegistrar.builder(
                uri.urls(8761).stream().map(url -> url + below).toArray(String[]::new));
        String user = uri.string("user", null);
        DiscoveryUri.Secret password = uri.secret("password");
        if (user != null && password != null) {
            builder.login(user, password);
        }
        OkHttpClient client = uri.client();
        return (client == null ? builder : builder.client(client)).build();
    }

    private static Registrar zooKeeper(DiscoveryUri uri) throws IOException {
        ZooKeeperRegistrar.Builder builder = ZooKeeperRegistrar.builder(String.join(",", uri.hosts(2181)));
        String basePath = uri.string("basePath", null);
        if (basePath != null) {
            builder.basePath(basePath);
        }
        DiscoveryUri.Secret authorization = uri.secret("authorization");
        return (authorization == null ? builder : builder.authorization(authorization.read())).build();
    }

    private static Registration.Builder registry(DiscoveryUri uri, String service, ServiceInstance instance)
            throws IOException {
        Registration.Builder builder = Registration.builder(uri.url(8500), service, instance);
        DiscoveryUri.Secret token = uri.secret("token");
        if (token != null) {
            builder.token(token.read());
        }
        OkHttpClient client = uri.client();
        return client == null ? builder : builder.client(client);
    }
}
