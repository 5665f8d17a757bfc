package io.lb4j.discovery.thirdparty;

import io.lb4j.ServiceDiscovery;
import io.lb4j.discovery.DiscoveryProvider;
import io.lb4j.discovery.DiscoveryUri;
import io.lb4j.discovery.StaticDiscovery;

/** What somebody else would write: lists its hosts. */
public final class EchoProvider implements DiscoveryProvider {
    @Override
    public String scheme() {
        return "echo";
    }

    @Override
    public ServiceDiscovery open(DiscoveryUri uri) {
        String service = uri.service();
        return StaticDiscovery.of(
                service == null ? "any" : service, uri.hosts(7).toArray(String[]::new));
    }
}
