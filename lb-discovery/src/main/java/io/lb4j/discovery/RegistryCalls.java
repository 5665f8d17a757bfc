package io.lb4j.discovery;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.Dispatcher;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.BufferedSource;
import org.jspecify.annotations.Nullable;

/** Asks a registry over OkHttp: bounded in time and size, answers as JSON or an exception that names it. Thread-safe. */
final class RegistryCalls implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final MediaType JSON_TYPE = MediaType.get("application/json");
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(2);

    private final HttpUrl url;
    private final @Nullable String token;
    private final OkHttpClient client;
    private final ThreadPoolExecutor threads;
    private final boolean ownPool;
    private final AtomicBoolean closed = new AtomicBoolean();

    /** Receives one answer, on a thread of the client. */
    interface Handler {
        /** The registry said this. */
        void answered(int status, JsonNode body);

        /** It couldn't be asked or understood; the message names it. Not called for a cancelled call. */
        void failed(IOException error);
    }

    RegistryCalls(String url, @Nullable String token, @Nullable OkHttpClient base) {
        this.url = parse(url);
        this.token = token;
        if (token != null && !this.url.isHttps() && !isLoopback(this.url.host())) {
            throw new IllegalArgumentException(
                    "registry: " + url + " with a token (expected: https, or a loopback address)");
        }
        // Each waiting call has a thread of its own; a dispatcher shared with the application, which runs five calls to
        // one
        // host, would let them starve each other.
        this.threads = new ThreadPoolExecutor(
                0,
                Integer.MAX_VALUE,
                5,
                TimeUnit.SECONDS,
                new SynchronousQueue<>(),
                task -> DaemonThreads.create(task, "lb4j-registry-client"));
        Dispatcher dispatcher = new Dispatcher(threads);
        dispatcher.setMaxRequests(Integer.MAX_VALUE);
        dispatcher.setMaxRequestsPerHost(Integer.MAX_VALUE);
        this.ownPool = base == null;
        this.client = (base == null ? new OkHttpClient.Builder() : base.newBuilder())
                .dispatcher(dispatcher)
                .connectTimeout(CONNECT_TIMEOUT)
                .readTimeout(Duration.ZERO)
                .followRedirects(false)
                .cache(null)
                .build();
    }

    private static HttpUrl parse(String url) {
        HttpUrl parsed = HttpUrl.parse(url);
        if (parsed == null || parsed.query() != null || parsed.fragment() != null) {
            throw new IllegalArgumentException("registry: " + url + " (expected: a URL as http://127.0.0.1:8500)");
        }
        return parsed;
    }

    private static boolean isLoopback(String host) {
        InetAddress literal = AddressRange.literal(host);
        return host.equals("localhost") || (literal != null && literal.isLoopbackAddress());
    }

    /** The URL of something below {@code /v1/services}. */
    HttpUrl path(Map<String, String> query, String... segments) {
        HttpUrl.Builder path = url.newBuilder().addPathSegments("v1/services");
        for (String segment : segments) {
            path.addPathSegment(segment);
        }
        query.forEach(path::addQueryParameter);
        return path.build();
    }

    /**
     * Asks, without waiting for the answer.
     *
     * @param timeout for the whole call; a registry that hangs has failed when it is over
     */
    Call ask(String method, HttpUrl path, byte @Nullable [] body, Duration timeout, Handler handler) {
        Call call = call(method, path, body, timeout);
        call.enqueue(new Callback() {
            @Override
            public void onFailure(Call failed, IOException e) {
                if (!failed.isCanceled() || e instanceof InterruptedIOException) {
                    handler.failed(named(e));
                }
            }

            @Override
            public void onResponse(Call answered, Response response) {
                int status = response.code();
                JsonNode json;
                try (response) {
                    json = json(status, response);
                } catch (IOException e) {
                    onFailure(answered, e);
                    return;
                }
                try {
                    handler.answered(status, json);
                } catch (RuntimeException e) {
                    // Whoever asks again and again must not stop because of one odd answer.
                    handler.failed(named(new IOException("answered " + status + " with something odd: " + e, e)));
                }
            }
        });
        return call;
    }

    /** Asks and waits; returns the status. */
    int askNow(String method, HttpUrl path, Duration timeout) throws IOException {
        try (Response response = call(method, path, null, timeout).execute()) {
            return response.code();
        }
    }

    private Call call(String method, HttpUrl path, byte @Nullable [] body, Duration timeout) {
        Request.Builder request = new Request.Builder().url(path);
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        if (body == null && method.equals("PUT")) {
            request.method(method, RequestBody.create(new byte[0], null));
        } else {
            request.method(method, body == null ? null : RequestBody.create(body, JSON_TYPE));
        }
        Call call = client.newCall(request.build());
        call.timeout().timeout(timeout.toNanos(), TimeUnit.NANOSECONDS);
        return call;
    }

    static JsonNode json(int status, Response response) throws IOException {
        BufferedSource source = response.body().source();
        if (source.request(RegistryRules.MAX_ANSWER_BYTES + 1L)) {
            throw new IOException("answered with more than " + RegistryRules.MAX_ANSWER_BYTES + " bytes");
        }
        byte[] content = source.readByteArray();
        JsonNode json;
        try {
            json = JSON.readTree(content);
        } catch (IOException e) {
            throw new IOException("answered " + status + " with something that is not JSON", e);
        }
        if (json == null || !json.isObject()) {
            throw new IOException("answered " + status + " with something that is not a JSON object");
        }
        return json;
    }

    /** What to say of an answer that is none of those expected. */
    IOException unexpected(int status, JsonNode body) {
        String error = body.path("error").asText("");
        return new IOException(this + ": answered " + status + (error.isEmpty() ? "" : ": " + error));
    }

    private IOException named(IOException e) {
        String what = e instanceof InterruptedIOException ? "no answer in time" : String.valueOf(e.getMessage());
        return new IOException(this + ": " + what, e);
    }

    @Override
    public String toString() {
        String text = url.toString();
        return "registry " + (text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
    }

    /** Cancels what is under way and lets go of threads and connections that are its own. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            client.dispatcher().cancelAll();
            threads.shutdown();
            if (ownPool) {
                client.connectionPool().evictAll();
            }
        }
    }
}
