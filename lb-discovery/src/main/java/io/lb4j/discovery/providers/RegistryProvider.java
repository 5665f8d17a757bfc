package io.lb4j.discovery.providers;

import io.lb4j.ServiceDiscovery;
import io.lb4j.discovery.DiscoveryProvider;
import io.lb4j.discovery.DiscoveryUri;
import io.lb4j.discovery.RegistryDiscovery;
import java.io.IOException;
import okhttp3.OkHttpClient;

/** {@code registry://host:port/service}: the embedded registry. */
public final class RegistryProvider implements DiscoveryProvider {
    private static final int PORT = 8500;

    @Override
    public String scheme() {
        return "registry";
    }

    @Override
    public ServiceDiscovery open(DiscoveryUri uri) {
        RegistryDiscovery.Builder builder = RegistryDiscovery.builder(uri.url(PORT));
        uri.service();
        builder.waitTime(uri.duration("waitTime", RegistryDiscovery.DEFAULT_WAIT));
        OkHttpClient client = uri.client();
        if (client != null) {
            builder.client(client);
        }
        DiscoveryUri.Secret token = uri.secret("token");
        if (token != null) {
            try {
                // One that can't be right is found at once, and not by a watch; it is read anew all the same.
                builder.token(token.read()).token(token);
            } catch (IOException e) {
                throw new IllegalArgumentException(e.getMessage() + ", in " + uri, e);
            }
        }
        return builder.build();
    }
}
