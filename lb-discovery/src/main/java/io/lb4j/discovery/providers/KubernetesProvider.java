package io.lb4j.discovery.providers;

import io.lb4j.ServiceDiscovery;
import io.lb4j.discovery.DiscoveryProvider;
import io.lb4j.discovery.DiscoveryUri;
import io.lb4j.discovery.internal.Certificates;
import io.lb4j.discovery.kubernetes.KubernetesDiscovery;
import java.nio.file.Path;

/** {@code k8s://namespace/service:port}, in the cluster that this process runs in unless {@code server=} names another. */
public final class KubernetesProvider implements DiscoveryProvider {
    @Override
    public String scheme() {
        return "k8s";
    }

    @Override
    public ServiceDiscovery open(DiscoveryUri uri) {
        String server = uri.string("server", null);
        String ca = uri.string("caFile", null);
        DiscoveryUri.Secret token = uri.secret("token");
        if (server == null && (ca != null || token != null)) {
            throw new IllegalArgumentException((ca != null ? "caFile" : "token")
                    + ": given (expected: server=https://host:port besides; a pod has these from its cluster), in "
                    + uri);
        }
        KubernetesDiscovery.Builder builder;
        try {
            builder = server == null ? KubernetesDiscovery.inClusterBuilder() : KubernetesDiscovery.builder(server);
        } catch (IllegalStateException e) {
            throw new IllegalArgumentException("server: none, and " + e.getMessage() + ", in " + uri, e);
        }
        if (ca != null) {
            builder.client(Certificates.trusting(Path.of(ca)));
        }
        if (token != null) {
            builder.token(token);
        }
        String namespace = uri.authority();
        if (!namespace.isEmpty()) {
            builder.namespace(namespace);
        }
        uri.service();
        String zone = uri.string("zone", null);
        if (zone != null) {
            builder.zone(zone);
        }
        String node = uri.string("node", null);
        if (node != null) {
            builder.node(node);
        }
        return builder.secure(uri.bool("secure", false))
                .preferIpv6(uri.bool("preferIpv6", false))
                .watchTime(uri.duration("watchTime", KubernetesDiscovery.DEFAULT_WATCH_TIME))
                .build();
    }
}
