package io.lb4j.discovery.providers;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.DiscoveryProvider;
import io.lb4j.discovery.DiscoveryUri;
import io.lb4j.discovery.StaticDiscovery;
import io.lb4j.discovery.decorator.NamedDiscovery;
import io.lb4j.discovery.internal.Addresses;
import java.util.List;
import java.util.stream.Stream;

/** {@code static:host:port,host:port}: the same instances for every service. */
public final class StaticProvider implements DiscoveryProvider {
    private static final String NAME = "static";

    @Override
    public String scheme() {
        return NAME;
    }

    @Override
    public ServiceDiscovery open(DiscoveryUri uri) {
        String addresses = uri.path();
        boolean secure = uri.bool("secure", false);
        if (addresses.isEmpty()) {
            throw new IllegalArgumentException(
                    "addresses: none (expected: host:port, separated by commas, as in static:127.0.0.1:8081), in "
                            + uri);
        }
        List<ServiceInstance> instances = Stream.of(addresses.split(",", -1))
                .map(address ->
                        Addresses.parse(address).toBuilder().secure(secure).build())
                .toList();
        return NamedDiscovery.of(
                StaticDiscovery.builder().service(NAME, instances).build(), NAME);
    }
}
