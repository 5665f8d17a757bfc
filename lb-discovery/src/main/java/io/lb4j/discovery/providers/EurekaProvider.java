package io.lb4j.discovery.providers;

import io.lb4j.ServiceDiscovery;
import io.lb4j.discovery.DiscoveryProvider;
import io.lb4j.discovery.DiscoveryUri;
import io.lb4j.discovery.eureka.EurekaDiscovery;
import okhttp3.OkHttpClient;

/** {@code eureka://host:port,host:port/service}. */
public final class EurekaProvider implements DiscoveryProvider {
    private static final int PORT = 8761;

    @Override
    public String scheme() {
        return "eureka";
    }

    @Override
    public ServiceDiscovery open(DiscoveryUri uri) {
        String path = String.valueOf(uri.string("path", ""));
        String below = path.isEmpty() || path.startsWith("/") ? path : "/" + path;
        EurekaDiscovery.Builder builder = EurekaDiscovery.builder(
                uri.urls(PORT).stream().map(url -> url + below).toArray(String[]::new));
        uri.service();
        builder.byVip(uri.oneOf("by", "app", "app", "vip").equals("vip"))
                .preferTls(uri.bool("preferTls", true))
                .preferIp(uri.bool("preferIp", false))
                .interval(uri.duration("interval", EurekaDiscovery.DEFAULT_INTERVAL))
                .keepForgotten(uri.duration("keepForgotten", EurekaDiscovery.DEFAULT_KEEP_FORGOTTEN));
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
