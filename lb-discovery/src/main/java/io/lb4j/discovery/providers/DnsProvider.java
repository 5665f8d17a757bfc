package io.lb4j.discovery.providers;

import io.lb4j.ServiceDiscovery;
import io.lb4j.discovery.DiscoveryProvider;
import io.lb4j.discovery.DiscoveryUri;
import io.lb4j.discovery.dns.DnsDiscovery;
import java.util.List;
import java.util.Locale;

/** {@code dns://server:port,server/name?port=8080}, without servers {@code dns:///name} for this machine's. */
public final class DnsProvider implements DiscoveryProvider {
    private static final int PORT = 53;

    @Override
    public String scheme() {
        return "dns";
    }

    @Override
    public ServiceDiscovery open(DiscoveryUri uri) {
        DnsDiscovery.Builder builder = DnsDiscovery.builder(uri.hosts(PORT).toArray(String[]::new));
        uri.service();
        if (uri.string("port", null) != null) {
            builder.port(uri.integer("port", 0));
        }
        String family = uri.oneOf("family", "prefer_ipv4", "prefer_ipv4", "ipv4", "ipv6", "both");
        builder.family(DnsDiscovery.Family.valueOf(family.toUpperCase(Locale.ROOT)))
                .secure(uri.bool("secure", false))
                .minTtl(uri.duration("minTtl", DnsDiscovery.DEFAULT_MIN_TTL))
                .maxTtl(uri.duration("maxTtl", DnsDiscovery.DEFAULT_MAX_TTL))
                .timeout(uri.duration("timeout", DnsDiscovery.DEFAULT_TIMEOUT));
        List<String> search = uri.list("search");
        if (!search.isEmpty()) {
            builder.search(search.toArray(String[]::new));
        }
        return builder.build();
    }
}
