package io.lb4j.discovery.internal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.Dispatcher;
import okhttp3.Headers;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okio.BufferedSource;
import okio.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * Asks a registry over OkHttp: bounded in time and size, answers as JSON or an exception that names it. An answer may be
 * one document, or a stream of documents, one per line. Thread-safe.
 */
public final class JsonCalls implements AutoCloseable {
    /** Of an answer, or of one line of a stream. */
    public static final int MAX_ANSWER_BYTES = 16 << 20;

    private static final System.Logger LOG = System.getLogger(JsonCalls.class.getName());
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(2);

    private final String name;
    private final HttpUrl url;
    private final Credentials credentials;
    private final OkHttpClient client;
    private final ThreadPoolExecutor threads;
    private final boolean ownPool;
    private final AtomicBoolean closed = new AtomicBoolean();

    /** Adds to each request what shows who asks; asked anew each time, since tokens are rotated. */
    @FunctionalInterface
    public interface Credentials {
        /**
         * Adds to a request.
         *
         * @throws IOException if there is nothing to show; the request then fails with it
         */
        void addTo(Request.Builder request) throws IOException;
    }

    /** Receives one answer, on a thread of the client. */
    public interface Handler {
        /**
         * The registry said this.
         *
         * @param body what was said, a missing node if nothing
         */
        void answered(int status, Headers headers, JsonNode body);

        /** It couldn't be asked or understood; the message names it. Not called for a cancelled call. */
        void failed(IOException error);
    }

    /** Receives a stream, on a thread of the client. */
    public interface LineHandler {
        /** The registry agreed to say something; lines follow in their time. */
        default void opened() {}

        /** The registry said this in one line. */
        void line(JsonNode line);

        /** Nothing more has come for now: the moment to act on what did. */
        default void caughtUp() {}

        /**
         * The registry answered with another status than 200, or with one document; nothing follows.
         *
         * @param body what was said, a missing node if nothing
         */
        void refused(int status, JsonNode body);

        /** The stream ended in good order. */
        void ended();

        /** The stream broke or couldn't be understood; the message names the registry. Not called for a cancelled call. */
        void failed(IOException error);
    }

    /**
     * Calls to one registry.
     *
     * @param name what it is, leading its address in messages: {@code Consul}
     * @param url what {@linkplain #path paths} are added to
     * @param base the client to start from, whose connection pool is used, or null for one of its own
     */
    public JsonCalls(String name, HttpUrl url, Credentials credentials, @Nullable OkHttpClient base) {
        this.name = name;
        this.url = url;
        this.credentials = credentials;
        // Each waiting call has a thread of its own; a dispatcher shared with the application, which runs five calls to
        // one host, would let them starve each other.
        this.threads = DaemonThreads.pool("lb4j-registry-client");
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

    /**
     * Reads a registry's address.
     *
     * @throws IllegalArgumentException unless it is an HTTP URL without query and fragment
     */
    public static HttpUrl url(String url) {
        HttpUrl parsed = HttpUrl.parse(url);
        if (parsed == null || parsed.query() != null || parsed.fragment() != null) {
            throw new IllegalArgumentException("registry: " + url + " (expected: a URL as http://127.0.0.1:8500)");
        }
        return parsed;
    }

    /** Whether a secret may be sent there: nobody else reads what is encrypted, or doesn't leave this machine. */
    public static boolean keepsSecrets(HttpUrl url) {
        InetAddress literal = AddressRange.literal(url.host());
        return url.isHttps() || url.host().equals("localhost") || (literal != null && literal.isLoopbackAddress());
    }

    /** The URL of something below this registry's. */
    public HttpUrl path(String prefix, Map<String, String> query, String... segments) {
        HttpUrl.Builder path = url.newBuilder().addPathSegments(prefix);
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
    public Call ask(Request.Builder request, Duration timeout, Handler handler) {
        return enqueue(client, request, timeout, new Reply() {
            @Override
            public void read(Call call, Response response) throws IOException {
                JsonNode json = json(response);
                try {
                    handler.answered(response.code(), response.headers(), json);
                } catch (RuntimeException e) {
                    // Whoever asks again and again must not stop because of one odd answer.
                    handler.failed(named(odd(response.code(), e)));
                }
            }

            @Override
            public void failed(IOException error) {
                handler.failed(error);
            }
        });
    }

    /**
     * Opens a stream, without waiting for it.
     *
     * @param timeout for the whole stream
     * @param silence how long nothing may come before the stream has failed; zero for no limit
     */
    public Call stream(Request.Builder request, Duration timeout, Duration silence, LineHandler handler) {
        // Of the reads, not of what is read, since a registry may say nothing before its answer begins, either.
        OkHttpClient patient = client.newBuilder().readTimeout(silence).build();
        long begun = System.nanoTime();
        return enqueue(patient, request, timeout, new Reply() {
            @Override
            public void read(Call call, Response response) throws IOException {
                if (response.code() != 200) {
                    handler.refused(response.code(), json(response));
                    return;
                }
                BufferedSource source = response.body().source();
                try {
                    handler.opened();
                    for (JsonNode line = line(source); line != null; line = line(source)) {
                        // A server may have the time to say what it thinks of a call that was given up.
                        if (call.isCanceled()) {
                            continue;
                        }
                        handler.line(line);
                        if (source.getBuffer().indexOf((byte) '\n') < 0) {
                            handler.caughtUp();
                        }
                    }
                } catch (RuntimeException e) {
                    throw odd(200, e);
                }
                if (!call.isCanceled()) {
                    handler.ended();
                } else if (System.nanoTime() - begun >= timeout.toNanos()) {
                    throw new InterruptedIOException("timeout");
                }
            }

            @Override
            public void failed(IOException error) {
                handler.failed(error);
            }
        });
    }

    /** Runs something on a thread of the client; nothing once it is closed. */
    public void run(Runnable task) {
        try {
            threads.execute(task);
        } catch (RejectedExecutionException e) {
            LOG.log(System.Logger.Level.DEBUG, this + " is closed", e);
        }
    }

    private interface Reply {
        void read(Call call, Response response) throws IOException;

        void failed(IOException error);
    }

    private Call enqueue(OkHttpClient asking, Request.Builder request, Duration timeout, Reply reply) {
        Call call;
        try {
            call = call(asking, request, timeout);
        } catch (IOException e) {
            Call never = asking.newCall(new Request.Builder().url(url).build());
            run(() -> reply.failed(named(e)));
            return never;
        }
        call.enqueue(new Callback() {
            @Override
            public void onFailure(Call failed, IOException e) {
                if (!failed.isCanceled() || e instanceof InterruptedIOException) {
                    reply.failed(named(e));
                }
            }

            @Override
            public void onResponse(Call answered, Response response) {
                try (response) {
                    reply.read(answered, response);
                } catch (IOException e) {
                    onFailure(answered, e);
                }
            }
        });
        return call;
    }

    /** Asks and waits; returns the status. */
    public int askNow(Request.Builder request, Duration timeout) throws IOException {
        try (Response response = call(client, request, timeout).execute()) {
            return response.code();
        } catch (IOException e) {
            throw named(e);
        }
    }

    private Call call(OkHttpClient asking, Request.Builder request, Duration timeout) throws IOException {
        credentials.addTo(request);
        Call call = asking.newCall(request.build());
        call.timeout().timeout(timeout.toNanos(), TimeUnit.NANOSECONDS);
        return call;
    }

    private static @Nullable JsonNode line(BufferedSource source) throws IOException {
        long end = source.indexOf((byte) '\n', 0, MAX_ANSWER_BYTES + 1L);
        if (end < 0 && source.request(MAX_ANSWER_BYTES + 1L)) {
            throw new IOException("sent a line of more than " + MAX_ANSWER_BYTES + " bytes");
        }
        if (end < 0 && source.exhausted()) {
            return null;
        }
        ByteString line = end < 0 ? source.readByteString() : source.readByteString(end + 1);
        return parse("sent a line that is", line.toByteArray());
    }

    /** The body as JSON; a missing node if it is empty. */
    public static JsonNode json(Response response) throws IOException {
        BufferedSource source = response.body().source();
        if (source.request(MAX_ANSWER_BYTES + 1L)) {
            throw new IOException("answered with more than " + MAX_ANSWER_BYTES + " bytes");
        }
        String said = "answered " + response.code() + " with something that is";
        byte[] body = source.readByteArray();
        try {
            return parse(said, body);
        } catch (IOException e) {
            if (response.isSuccessful()) {
                throw e;
            }
            // An error is said in whatever words, and proxies say theirs in HTML.
            return JSON.getNodeFactory().textNode(shortened(body));
        }
    }

    private static JsonNode parse(String what, byte[] text) throws IOException {
        try {
            return JSON.readTree(text);
        } catch (IOException e) {
            throw new IOException(what + " not JSON", e);
        }
    }

    private static String shortened(byte[] body) {
        String text = ByteString.of(body, 0, Math.min(body.length, 200)).utf8();
        return text.replaceAll("[\\p{Cntrl}\\s]+", " ").trim();
    }

    /** What to say of an answer that is none of those expected. */
    public IOException unexpected(int status, JsonNode body) {
        String error = body.isTextual()
                ? body.asText()
                : body.path("error").asText(body.path("message").asText(""));
        return new IOException(this + ": answered " + status + (error.isEmpty() ? "" : ": " + error));
    }

    private static IOException odd(int status, RuntimeException e) {
        return new IOException("answered " + status + " with something odd: " + e, e);
    }

    private IOException named(IOException e) {
        String what = e.getMessage() == null ? e.toString() : e.getMessage();
        return new IOException(this + ": " + (e instanceof InterruptedIOException ? "no answer in time" : what), e);
    }

    @Override
    public String toString() {
        String text = url.toString();
        return name + " " + (text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
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
