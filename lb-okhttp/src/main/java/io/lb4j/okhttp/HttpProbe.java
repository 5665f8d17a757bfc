package io.lb4j.okhttp;

import io.lb4j.ServiceInstance;
import io.lb4j.health.Probe;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okio.BufferedSource;
import org.jspecify.annotations.Nullable;

/**
 * A health probe over HTTP: GET on a path, healthy if the status is an expected one. Redirects are not followed, for an
 * instance that sends elsewhere has not said how it is. Connects to the instance itself, each time anew, so that it also
 * sees a server that lives but accepts nobody; over TLS if the instance is {@linkplain ServiceInstance#secure() secure}.
 *
 * <p>As part of a {@link LoadBalancedClient}'s settings it asks in the name of the service ({@code Host}, SNI and
 * certificate) with the client's TLS; by itself it uses the instance's own address, OkHttp's defaults, and plain HTTP or
 * the JVM's trust store. Immutable and thread-safe. Runs on daemon threads of its own, at most 256.
 */
public final class HttpProbe implements Probe {
    /** A health page is short; one that isn't is cut off. */
    private static final long MAX_BODY = 64 * 1024;

    private final String path;
    private final @Nullable Set<Integer> expected;
    private final @Nullable String host;
    private final @Nullable OkHttpClient bound;

    private HttpProbe(
            String path, @Nullable Set<Integer> expected, @Nullable String host, @Nullable OkHttpClient bound) {
        this.path = path;
        this.expected = expected;
        this.host = host;
        this.bound = bound;
    }

    /**
     * A probe of this path, healthy if the status is 200 to 299.
     *
     * @param path with a leading slash, and a query if need be: {@code /health?deep=1}
     * @throws IllegalArgumentException if it has no leading slash
     */
    public static HttpProbe get(String path) {
        return new HttpProbe(ProbeCalls.path(path), null, null, null);
    }

    /**
     * The same, healthy if the status is one of these.
     *
     * @throws IllegalArgumentException if there is none
     */
    public HttpProbe expecting(Set<Integer> statuses) {
        if (statuses.isEmpty()) {
            throw new IllegalArgumentException("statuses: " + statuses + " (expected: at least one)");
        }
        return new HttpProbe(path, Set.copyOf(statuses), host, bound);
    }

    HttpProbe boundTo(String serviceHost, OkHttpClient client) {
        return new HttpProbe(path, expected, Objects.requireNonNull(serviceHost, "host"), ProbeCalls.prepared(client));
    }

    @Override
    public CompletionStage<Result> probe(ServiceInstance instance, Duration timeout) {
        HttpUrl url = ProbeCalls.url(host, instance, path);
        Call call = ProbeCalls.aimed(bound != null ? bound : ProbeCalls.unbound(), url, instance)
                .callTimeout(timeout)
                .build()
                .newCall(new Request.Builder()
                        .url(url)
                        .header("Connection", "close")
                        .build());
        CompletableFuture<Result> verdict = new CompletableFuture<>();
        call.enqueue(new Callback() {
            @Override
            public void onResponse(Call done, Response response) {
                try (response) {
                    BufferedSource source = response.body().source();
                    if (source.request(MAX_BODY + 1)) {
                        done.cancel();
                    }
                } catch (IOException e) {
                    // The status was all we wanted.
                } finally {
                    verdict.complete(new Result(isExpected(response.code()), "HTTP " + response.code()));
                }
            }

            @Override
            public void onFailure(Call done, IOException e) {
                verdict.complete(new Result(false, String.valueOf(e.getMessage())));
            }
        });
        // Nobody waits for the answer any more: the connection must not outlive that.
        CompletableFuture<Result> unused = verdict.whenComplete((result, error) -> {
            if (verdict.isCancelled()) {
                call.cancel();
            }
        });
        return verdict;
    }

    private boolean isExpected(int status) {
        return expected == null ? status >= 200 && status <= 299 : expected.contains(status);
    }

    @Override
    public String toString() {
        return "GET " + path + (expected == null ? "" : " expecting " + new TreeSet<>(expected));
    }
}
