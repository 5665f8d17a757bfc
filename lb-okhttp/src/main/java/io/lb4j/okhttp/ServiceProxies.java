package io.lb4j.okhttp;

import java.io.IOException;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * No proxy for services: a proxy would be given the service's name and choose an instance itself, if it could. Other
 * hosts, which a redirect may lead to, keep the user's proxies.
 */
final class ServiceProxies extends ProxySelector {
    private static final List<Proxy> DIRECT = List.of(Proxy.NO_PROXY);

    private final @Nullable Proxy proxy;
    private final ProxySelector selector;
    private final Predicate<String> isService;

    ServiceProxies(@Nullable Proxy proxy, ProxySelector selector, Predicate<String> isService) {
        this.proxy = proxy;
        this.selector = selector;
        this.isService = isService;
    }

    @Override
    public List<Proxy> select(URI uri) {
        // A name that URI doesn't take for a host (with an underscore, say) comes as null; OkHttp goes direct.
        String host = uri.getHost();
        if (host == null || isService.test(host.startsWith("[") ? host.substring(1, host.length() - 1) : host)) {
            return DIRECT;
        }
        return proxy != null ? List.of(proxy) : selector.select(uri);
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException e) {
        selector.connectFailed(uri, address, e);
    }
}
