package io.lb4j.okhttp;

import io.lb4j.ServiceInstance;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import okhttp3.ConnectionPool;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/**
 * One instance of a service at one address, as OkHttp sees it: a Dns, sockets and connections of its own. Kept for as
 * long as discovery lists it; thread-safe.
 *
 * <p>A pool of its own, since OkHttp's default keeps five idle connections over all instances together, and walks over
 * all connections of a pool for each call.
 */
final class Endpoint {
    /** OkHttp's own default, per instance here. */
    static final int MAX_IDLE = 5;

    /** A connection released by a call that was aimed is trimmed by this only, so it is shorter than OkHttp's 5 min. */
    private static final long KEEP_ALIVE_SECONDS = 60;

    private final ServiceInstance location;
    private final Transport transport;
    private final Secured secured;
    private final boolean secure;
    private final InstanceDns dns;
    private final InstanceSocketFactory sockets;
    private final ConnectionPool pool = new ConnectionPool(MAX_IDLE, KEEP_ALIVE_SECONDS, TimeUnit.SECONDS);

    /** Made by the first further attempt that comes here; two made at once are equal. */
    private volatile @Nullable OkHttpClient client;

    /** Set once, when discovery drops the instance or the client is closed. */
    private volatile boolean retired;

    /**
     * An endpoint.
     *
     * @param secure whether TLS is spoken there whatever URLs say
     */
    Endpoint(
            String host,
            ServiceInstance location,
            boolean secure,
            Secured secured,
            Transport transport,
            Predicate<String> isService) {
        this.location = location;
        this.secure = secure;
        this.secured = secured;
        this.transport = transport;
        Marker marker = Marker.of(host, location.host());
        this.dns = new InstanceDns(host, marker.address(), transport.base.dns(), isService);
        this.sockets = new InstanceSocketFactory(
                transport.sockets(secure || location.secure()),
                marker,
                location,
                transport.base.dns(),
                secure ? host : null);
    }

    /** Makes what follows in this chain go to this instance. */
    Interceptor.Chain aim(Interceptor.Chain chain, boolean tuned) {
        Interceptor.Chain aimed = secured.on(chain, transport.settings(tuned))
                .withDns(dns)
                .withSocketFactory(sockets)
                .withConnectionPool(pool);
        return tuned
                ? aimed
                : aimed.withRetryOnConnectionFailure(false)
                        .withProxy(null)
                        .withProxySelector(transport.attempts.proxySelector());
    }

    /** A client whose calls to the service go to this instance, sharing connections with aimed calls. */
    OkHttpClient client() {
        OkHttpClient known = client;
        if (known == null) {
            OkHttpClient.Builder builder = secured.attempts
                    .newBuilder()
                    .dns(dns)
                    .socketFactory(sockets)
                    .connectionPool(pool);
            if (!speaksProtocolsOfClient()) {
                builder.protocols(Transport.NEGOTIATED);
            }
            known = builder.build();
            client = known;
        }
        return known;
    }

    /** Whether the instance is still at this address, and to be spoken to as from here. */
    boolean isAt(@Nullable ServiceInstance instance, TlsSource tls) {
        return instance != null
                && location.sameLocation(instance)
                && secured == tls.current()
                && secure == tls.isSecure(instance);
    }

    /** Whether TLS is spoken here whatever URLs say. */
    boolean isSecure() {
        return secure;
    }

    /** False of TLS where the client begins with HTTP/2 unasked, which OkHttp does without TLS only. */
    boolean speaksProtocolsOfClient() {
        return !secure || !transport.beginsWithHttp2();
    }

    /** What it is secured with. */
    Secured secured() {
        return secured;
    }

    /** For people. */
    String shown() {
        return location.id() + " at " + location.authority();
    }

    String id() {
        return location.id();
    }

    /** Closes idle connections now, and those in use as their calls end. */
    void retire() {
        retired = true;
        pool.evictAll();
    }

    boolean isRetired() {
        return retired;
    }

    /** A call here has ended. */
    void released() {
        if (retired) {
            pool.evictAll();
        }
    }

    /** Closes idle connections: one of them was found dead, so the others may be. */
    void evictIdle() {
        pool.evictAll();
    }

    int connections() {
        return pool.connectionCount();
    }

    @Override
    public String toString() {
        return "Endpoint[" + location.id() + (retired ? ", retired" : "") + "]";
    }
}
