package io.lb4j.okhttp;

import io.lb4j.ServiceInstance;
import java.net.Proxy;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import okhttp3.ConnectionPool;
import okhttp3.CookieJar;
import okhttp3.Dispatcher;
import okhttp3.EventListener;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import org.jspecify.annotations.Nullable;

/** What probes of every kind have in common: whom they ask, in whose name, and on whose threads. */
final class ProbeCalls {
    private ProbeCalls() {}

    /**
     * A path to probe.
     *
     * @throws IllegalArgumentException if it has no leading slash
     */
    static String path(String path) {
        if (!path.startsWith("/")) {
            throw new IllegalArgumentException("path: '" + path + "' (expected: one that begins with /)");
        }
        return path;
    }

    /** The URL of a path of an instance, in the name of its service if there is one. */
    static HttpUrl url(@Nullable String serviceHost, ServiceInstance instance, String path) {
        HttpUrl.Builder root = new HttpUrl.Builder()
                .scheme(instance.secure() ? "https" : "http")
                .host(serviceHost != null ? serviceHost : instance.host());
        if (serviceHost == null) {
            root.port(instance.port());
        }
        return Objects.requireNonNull(root.build().resolve(path), "a path resolves");
    }

    /** A client whose calls to this URL's host go to this instance. */
    static OkHttpClient.Builder aimed(OkHttpClient client, HttpUrl url, ServiceInstance instance) {
        Marker marker = Marker.of(url.host(), instance.host());
        OkHttpClient.Builder builder = client.newBuilder();
        if (url.isHttps() && client.protocols().contains(Protocol.H2_PRIOR_KNOWLEDGE)) {
            builder.protocols(Transport.NEGOTIATED);
        }
        return builder.dns(new InstanceDns(url.host(), marker.address(), client.dns(), other -> false))
                .socketFactory(new InstanceSocketFactory(
                        client.socketFactory(), marker, instance, client.dns(), url.isHttps() ? url.host() : null));
    }

    /** The client to ask with: of a service as it is secured now, or of none in particular. */
    static OkHttpClient client(@Nullable TlsSource tls) {
        return tls == null ? Shared.CLIENT : tls.current().probes();
    }

    /** Whether to ask over TLS: as calls would, or as discovery says. */
    static boolean isSecure(ServiceInstance instance, @Nullable TlsSource tls) {
        return instance.secure() || (tls != null && tls.isSecure(instance));
    }

    /** This client's TLS, protocols and time-outs, and nothing that would answer for the instance or tell others. */
    static OkHttpClient prepared(OkHttpClient client) {
        OkHttpClient.Builder builder = client.newBuilder()
                .dispatcher(Shared.DISPATCHER)
                .connectionPool(Shared.NO_POOL)
                .cookieJar(CookieJar.NO_COOKIES)
                .cache(null)
                .eventListener(EventListener.NONE)
                .followRedirects(false)
                // The JVM's proxy would answer for the instance.
                .proxy(Proxy.NO_PROXY)
                .retryOnConnectionFailure(false);
        builder.interceptors().clear();
        builder.networkInterceptors().clear();
        return builder.build();
    }

    static Dispatcher dispatcher(int maxRequests) {
        Dispatcher dispatcher = new Dispatcher(Shared.EXECUTOR);
        dispatcher.setMaxRequests(maxRequests);
        dispatcher.setMaxRequestsPerHost(maxRequests);
        return dispatcher;
    }

    /** Made when the first probe runs. */
    private static final class Shared {
        /** Daemons, since OkHttp's own threads keep a JVM alive for a minute after the last call. */
        static final ExecutorService EXECUTOR =
                new ThreadPoolExecutor(0, Integer.MAX_VALUE, 10, TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
                    Thread thread = new Thread(task, "lb4j-probe");
                    thread.setDaemon(true);
                    thread.setContextClassLoader(ProbeCalls.class.getClassLoader());
                    return thread;
                });

        /**
         * Four times what balancers have under way at a time, for a check must not wait here while its time runs, and one
         * that was given up while it looks up a name holds its thread until the resolver is through.
         */
        static final Dispatcher DISPATCHER = dispatcher(1024);

        static final ConnectionPool NO_POOL = new ConnectionPool(0, 1, TimeUnit.MILLISECONDS);
        static final OkHttpClient CLIENT = prepared(new OkHttpClient());
    }
}
