package io.lb4j.discovery.providers;

import io.lb4j.ServiceDiscovery;
import io.lb4j.discovery.DiscoveryProvider;
import io.lb4j.discovery.DiscoveryUri;
import io.lb4j.discovery.etcd.EtcdDiscovery;
import okhttp3.OkHttpClient;

/** {@code etcd://host:port,host:port/service}. */
public final class EtcdProvider implements DiscoveryProvider {
    private static final int PORT = 2379;

    @Override
    public String scheme() {
        return "etcd";
    }

    @Override
    public ServiceDiscovery open(DiscoveryUri uri) {
        EtcdDiscovery.Builder builder = EtcdDiscovery.builder(uri.urls(PORT).toArray(String[]::new));
        uri.service();
        builder.prefix(String.valueOf(uri.string("prefix", EtcdDiscovery.DEFAULT_PREFIX)));
        builder.waitTime(uri.duration("waitTime", EtcdDiscovery.DEFAULT_WAIT));
        OkHttpClient client = uri.client();
        if (client != null) {
            builder.client(client);
        }
        String user = uri.string("user", null);
        DiscoveryUri.Secret password = uri.secret("password");
        if ((user == null) != (password == null)) {
            throw new IllegalArgumentException((user == null ? "user: none" : "password: none")
                    + " (expected: user= and passwordFile= or passwordEnv=, or neither), in " + uri);
        }
        if (user != null && password != null) {
            builder.login(user, password);
        }
        return builder.build();
    }
}
