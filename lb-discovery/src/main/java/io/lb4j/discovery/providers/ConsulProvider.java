package io.lb4j.discovery.providers;

import io.lb4j.ServiceDiscovery;
import io.lb4j.discovery.DiscoveryProvider;
import io.lb4j.discovery.DiscoveryUri;
import io.lb4j.discovery.consul.ConsulDiscovery;
import java.util.function.Consumer;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/** {@code consul://host:port/service?tag=blue&passing=true}. */
public final class ConsulProvider implements DiscoveryProvider {
    private static final int PORT = 8500;

    @Override
    public String scheme() {
        return "consul";
    }

    @Override
    public ServiceDiscovery open(DiscoveryUri uri) {
        ConsulDiscovery.Builder builder = ConsulDiscovery.builder(uri.url(PORT));
        uri.service();
        builder.passing(uri.bool("passing", true))
                .consistent(uri.bool("consistent", false))
                .tags(uri.list("tag").toArray(new String[0]))
                .waitTime(uri.duration("waitTime", ConsulDiscovery.DEFAULT_WAIT));
        set(uri.string("dc", null), builder::datacenter);
        set(uri.string("ns", null), builder::namespace);
        set(uri.string("partition", null), builder::partition);
        set(uri.string("filter", null), builder::filter);
        OkHttpClient client = uri.client();
        if (client != null) {
            builder.client(client);
        }
        DiscoveryUri.Secret token = uri.secret("token");
        if (token != null) {
            builder.token(token);
        }
        return builder.build();
    }

    private static void set(@Nullable String value, Consumer<String> setter) {
        if (value != null) {
            setter.accept(value);
        }
    }
}
