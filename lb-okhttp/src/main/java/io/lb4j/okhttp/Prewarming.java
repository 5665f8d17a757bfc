package io.lb4j.okhttp;

import io.lb4j.ServiceInstance;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import okhttp3.Call;
import okhttp3.Connection;
import okhttp3.CookieJar;
import okhttp3.EventListener;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * Opens connections to instances that discovery has just begun to list, TLS and HTTP/2 preface included, so that the
 * first calls need not. No request is sent. Thread-safe.
 *
 * <p>OkHttp has no call for that. A call whose listener throws as soon as it has its connection is ended there: OkHttp
 * puts the connection into the pool, unused. Were it ever to go on instead, {@link #NEVER_SENT} stops it.
 */
final class Prewarming {
    private final int connections;
    private final Function<ServiceInstance, Endpoint> factory;
    private final TlsSource tls;

    /** Of instances that were not picked yet, by id. */
    private final Map<String, Endpoint> ready = new ConcurrentHashMap<>();

    /** The last call's URL: OkHttp keeps connections for the port that the URL names. Null before the first. */
    private volatile @Nullable HttpUrl lastUrl;

    /** @param connections for each newcomer, at least 1; over HTTP/2 one is enough for all calls, and is all there is */
    Prewarming(int connections, Function<ServiceInstance, Endpoint> factory, TlsSource tls) {
        this.connections = connections;
        this.factory = factory;
        this.tls = tls;
    }

    void onCall(HttpUrl url) {
        HttpUrl known = lastUrl;
        if (known == null || known.port() != url.port() || known.isHttps() != url.isHttps()) {
            lastUrl = url;
        }
    }

    /** Begins to open connections to those that were not listed before. */
    void newcomers(String host, @Nullable Map<String, ServiceInstance> before, Map<String, ServiceInstance> now) {
        ready.values().removeIf(endpoint -> {
            boolean gone = !endpoint.isAt(now.get(endpoint.id()), tls);
            if (gone) {
                endpoint.retire();
            }
            return gone;
        });
        now.forEach((id, instance) -> {
            ServiceInstance known = before == null ? null : before.get(id);
            if (!instance.isDraining() && (known == null || !known.sameLocation(instance))) {
                Endpoint endpoint = factory.apply(instance);
                Endpoint replaced = ready.put(id, endpoint);
                if (replaced != null) {
                    replaced.retire();
                }
                Workers.EXECUTOR.execute(() -> open(endpoint, url(host, instance, endpoint)));
            }
        });
    }

    /** The endpoint whose connections are open or being opened; null if there is none. */
    @Nullable
    Endpoint take(ServiceInstance instance) {
        Endpoint endpoint = ready.remove(instance.id());
        if (endpoint == null || endpoint.isAt(instance, tls)) {
            return endpoint;
        }
        endpoint.retire();
        return null;
    }

    private HttpUrl url(String host, ServiceInstance instance, Endpoint endpoint) {
        HttpUrl seen = lastUrl;
        return seen != null
                ? WireUrls.of(seen.newBuilder().encodedPath("/").query(null).build(), endpoint.isSecure())
                : new HttpUrl.Builder()
                        .scheme(instance.secure() || endpoint.isSecure() ? "https" : "http")
                        .host(host)
                        .build();
    }

    private void open(Endpoint endpoint, HttpUrl url) {
        if (endpoint.isRetired()) {
            return;
        }
        OkHttpClient.Builder quiet =
                endpoint.client().newBuilder().eventListener(EventListener.NONE).cookieJar(CookieJar.NO_COOKIES);
        quiet.networkInterceptors().clear();
        quiet.addNetworkInterceptor(NEVER_SENT);
        open(quiet.cache(null).build(), new Request.Builder().url(url).head().build(), connections);
        // Dropped meanwhile: what was opened after that must not stay.
        endpoint.released();
    }

    private static final okhttp3.Interceptor NEVER_SENT = chain -> {
        throw new IOException("a connection was to be opened, and no request to be sent");
    };

    private static void open(OkHttpClient client, Request request, int count) {
        Call call = client.newCall(request);
        call.addEventListener(new Opening(client, request, count));
        try {
            call.execute().close();
        } catch (Opened e) {
            // That's all it was for.
        } catch (IOException e) {
            // The first call will find out too, and say so.
        }
    }

    /** Opens the next connection while it holds this one, which would be taken again otherwise. */
    private static final class Opening extends EventListener {
        private final OkHttpClient client;
        private final Request request;
        private final int count;

        Opening(OkHttpClient client, Request request, int count) {
            this.client = client;
            this.request = request;
            this.count = count;
        }

        @Override
        public void connectionAcquired(Call call, Connection connection) {
            Protocol protocol = connection.protocol();
            if (count > 1 && protocol != Protocol.HTTP_2 && protocol != Protocol.H2_PRIOR_KNOWLEDGE) {
                open(client, request, count - 1);
            }
            throw new Opened();
        }
    }

    /** Without a stack trace: it says nothing. */
    private static final class Opened extends RuntimeException {
        private static final long serialVersionUID = 1;

        Opened() {
            super("opened", null, false, false);
        }
    }

    /** Made when the first newcomer comes. */
    private static final class Workers {
        /** So many at a time in the whole process: a fleet that starts must not be met by a thousand handshakes at once. */
        private static final int MAX = 8;

        static final ExecutorService EXECUTOR = make();

        private static ExecutorService make() {
            ThreadPoolExecutor pool =
                    new ThreadPoolExecutor(MAX, MAX, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                        Thread thread = new Thread(task, "lb4j-prewarm");
                        thread.setDaemon(true);
                        thread.setContextClassLoader(Prewarming.class.getClassLoader());
                        return thread;
                    });
            pool.allowCoreThreadTimeOut(true);
            return pool;
        }
    }
}
