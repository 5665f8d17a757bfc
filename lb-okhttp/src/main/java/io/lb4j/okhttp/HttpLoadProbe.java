package io.lb4j.okhttp;

import io.lb4j.LoadProbe;
import io.lb4j.LoadReport;
import io.lb4j.ServiceInstance;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.ConnectionPool;
import okhttp3.Dispatcher;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.ResponseBody;
import org.jspecify.annotations.Nullable;

/**
 * Asks instances how busy they are: GET on a path, answered with a load report in the {@code endpoint-load-metrics}
 * header, whatever the status, or as a JSON object in the body. {@code io.lb4j.server} in lb-discovery has what answers.
 * Unlike a {@link HttpProbe} it keeps a connection to each instance for 60 s, apart from those of calls, since a probe is
 * worth the less the longer it takes.
 *
 * <p>Handed over by {@link ServiceSettings.Builder#strategy(HttpLoadProbe, Function)} it asks in the name of the service
 * ({@code Host}, SNI and certificate) with the client's TLS; by itself it uses the instance's own address, OkHttp's
 * defaults, and plain HTTP or the JVM's trust store. Thread-safe. Runs on daemon threads of its own; at most 256 probes
 * are under way in the process, and as many wait; further ones fail.
 */
public final class HttpLoadProbe implements LoadProbe {
    private static final int MAX_PROBES = 256;
    private static final long KEEP_ALIVE_SECONDS = 60;
    private static final long FORGET_NANOS = TimeUnit.MINUTES.toNanos(5);

    private final String path;
    private final @Nullable String host;
    private final @Nullable TlsSource bound;
    private final Map<Place, Target> targets = new ConcurrentHashMap<>();

    private HttpLoadProbe(String path, @Nullable String host, @Nullable TlsSource bound) {
        this.path = path;
        this.host = host;
        this.bound = bound;
    }

    /**
     * A probe of this path.
     *
     * @param path with a leading slash: {@code /load}
     * @throws IllegalArgumentException if it has none
     */
    public static HttpLoadProbe get(String path) {
        return new HttpLoadProbe(ProbeCalls.path(path), null, null);
    }

    HttpLoadProbe boundTo(String serviceHost, TlsSource tls) {
        return new HttpLoadProbe(path, Objects.requireNonNull(serviceHost, "host"), tls);
    }

    @Override
    public CompletionStage<LoadReport> probe(ServiceInstance instance, Duration timeout) {
        Dispatcher dispatcher = Shared.DISPATCHER;
        if (dispatcher.queuedCallsCount() >= MAX_PROBES) {
            return CompletableFuture.failedFuture(
                    new IOException("load probes: " + 2 * MAX_PROBES + " are under way (expected: fewer)"));
        }
        Call call = target(instance).call();
        call.timeout().timeout(Math.max(1, timeout.toNanos()), TimeUnit.NANOSECONDS);
        CompletableFuture<LoadReport> said = new CompletableFuture<>();
        call.enqueue(new Callback() {
            @Override
            public void onResponse(Call done, Response response) {
                LoadReport report;
                try (response) {
                    report = read(response);
                } catch (IOException | RuntimeException e) {
                    said.completeExceptionally(e);
                    return;
                }
                // Only now that the connection is free for the next probe.
                said.complete(report);
            }

            @Override
            public void onFailure(Call done, IOException e) {
                said.completeExceptionally(e);
            }
        });
        return said;
    }

    private static LoadReport read(Response response) throws IOException {
        LoadReport report = LoadReports.of(response.headers());
        if (report != null) {
            return report;
        }
        ResponseBody body = response.body();
        if (!response.isSuccessful()
                || body.contentType() == null
                || !body.contentType().subtype().equals("json")) {
            throw new IOException("HTTP " + response.code() + " without a load report");
        }
        if (body.source().request(LoadReports.MAX_LENGTH + 1)) {
            throw new IOException(
                    "load report: a longer body (expected: at most " + LoadReports.MAX_LENGTH + " bytes)");
        }
        return LoadReports.parseJson(body.string());
    }

    private Target target(ServiceInstance instance) {
        boolean secure = ProbeCalls.isSecure(instance, bound);
        OkHttpClient with = ProbeCalls.client(bound);
        Place place = new Place(instance.host(), instance.port(), secure, with);
        Target known = targets.get(place);
        if (known == null) {
            long now = System.nanoTime();
            // Instances come and go; looked at when one comes, so that there are never more than lately were asked.
            targets.values().removeIf(each -> each.forgettable(now));
            known = targets.computeIfAbsent(
                    place,
                    each -> new Target(
                            with,
                            secure == instance.secure()
                                    ? instance
                                    : instance.toBuilder().secure(secure).build()));
        }
        return known;
    }

    /** How many instances it keeps in mind. */
    int targetCount() {
        return targets.size();
    }

    @Override
    public String toString() {
        return "GET " + path + " for load";
    }

    private record Place(String host, int port, boolean secure, OkHttpClient client) {}

    /** One instance, with a pool of its own: OkHttp walks over all connections of a pool for each call. */
    private final class Target {
        private final OkHttpClient client;
        private final Request request;
        private final ConnectionPool pool = new ConnectionPool(1, KEEP_ALIVE_SECONDS, TimeUnit.SECONDS);

        /** Written by every probe, read by those that clean up. */
        private volatile long usedNanos = System.nanoTime();

        Target(OkHttpClient with, ServiceInstance instance) {
            HttpUrl url = ProbeCalls.url(host, instance, path);
            this.client = ProbeCalls.aimed(with, url, instance)
                    .dispatcher(Shared.DISPATCHER)
                    .connectionPool(pool)
                    // On a connection that went stale since the last probe, over a new one; nothing is done twice.
                    .retryOnConnectionFailure(true)
                    .build();
            this.request = new Request.Builder().url(url).build();
        }

        Call call() {
            usedNanos = System.nanoTime();
            return client.newCall(request);
        }

        boolean forgettable(long nowNanos) {
            return nowNanos - usedNanos > FORGET_NANOS;
        }
    }

    /** Made when the first probe runs. */
    private static final class Shared {
        static final Dispatcher DISPATCHER = ProbeCalls.dispatcher(MAX_PROBES);
    }
}
