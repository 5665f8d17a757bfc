package io.lb4j.discovery.eureka;

import com.fasterxml.jackson.databind.JsonNode;
import io.lb4j.discovery.internal.JsonCalls;
import io.lb4j.discovery.internal.Peers;
import io.lb4j.discovery.internal.Questions;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import okhttp3.Call;
import okhttp3.Headers;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * Eureka servers that tell each other what they know: one is asked until it fails, and then the next one. Thread-safe.
 */
final class EurekaServers implements AutoCloseable {
    /** Where Spring Cloud's server has its API, and most of Netflix's own. */
    private static final String DEFAULT_PATH = "eureka";

    private final Peers servers;

    /** Receives what came of one question. */
    interface Handler {
        /** A server said this, and is well. */
        void answered(JsonCalls server, int status, JsonNode body);

        /** No server could be asked or understood; the message names the last one. */
        void failed(IOException error);
    }

    /** A question, but for whom it goes to. */
    record Question(List<String> path, Map<String, String> query, UnaryOperator<Request.Builder> body) {
        static Question get(String... path) {
            return new Question(List.of(path), Map.of(), UnaryOperator.identity());
        }

        Request.Builder to(JsonCalls server) {
            HttpUrl url = server.path("apps", query, path.toArray(String[]::new));
            // Without it, Eureka answers with XML.
            return body.apply(new Request.Builder().url(url).header("Accept", "application/json"));
        }
    }

    /**
     * Servers that aren't asked yet.
     *
     * @param random which one is asked first, so that many clients spread over all
     * @throws IllegalArgumentException if there is no URL, or one is malformed, or a password would be sent in the clear
     */
    EurekaServers(
            List<String> urls, @Nullable EurekaLogin login, @Nullable OkHttpClient client, RandomGenerator random) {
        if (urls.isEmpty()) {
            throw new IllegalArgumentException("Eureka: no URL (expected: at least one, as http://127.0.0.1:8761)");
        }
        List<HttpUrl> parsed = urls.stream().map(EurekaServers::url).toList();
        for (HttpUrl url : parsed) {
            if (login != null && !JsonCalls.keepsSecrets(url)) {
                throw new IllegalArgumentException(
                        "Eureka: " + url + " with a password (expected: https, or a loopback address)");
            }
        }
        JsonCalls.Credentials credentials =
                login == null ? request -> {} : request -> request.header("Authorization", login.header());
        this.servers = new Peers(
                parsed.stream()
                        .map(url -> new JsonCalls("Eureka", url, credentials, client))
                        .toList(),
                random);
    }

    private static HttpUrl url(String text) {
        HttpUrl url = HttpUrl.parse(text);
        if (url != null && !(url.username().isEmpty() && url.password().isEmpty())) {
            throw new IllegalArgumentException("Eureka: a URL with a user and password at " + url.host()
                    + " (expected: none, since URLs end up in logs; login() takes them)");
        }
        HttpUrl checked = JsonCalls.url(text);
        return checked.encodedPath().equals("/")
                ? checked.newBuilder().addPathSegment(DEFAULT_PATH).build()
                : checked;
    }

    /**
     * Asks, without waiting for the answer.
     *
     * @param timeout for all servers together
     */
    Questions.Pending ask(Question question, Duration timeout, Handler handler) {
        Exchange exchange = new Exchange(question, timeout.dividedBy(servers.size()), handler);
        exchange.begin();
        return exchange;
    }

    /**
     * Asks one server after the other and waits for the first that is well; returns its status.
     *
     * @param timeout for all servers together
     */
    int askNow(Question question, Duration timeout) throws IOException {
        long deadline = System.nanoTime() + timeout.toNanos();
        IOException last = null;
        for (int left = servers.size(); left > 0; left--) {
            JsonCalls server = servers.first();
            Duration share = Duration.ofNanos(Math.max(1, (deadline - System.nanoTime()) / left));
            try {
                int status = server.askNow(question.to(server), share);
                if (!Peers.isUnwell(status)) {
                    return status;
                }
                last = new IOException(server + ": answered " + status);
            } catch (IOException e) {
                last = e;
            }
            servers.passOver(server);
        }
        throw last == null ? new IOException(this + ": not asked") : last;
    }

    private final class Exchange implements Questions.Pending {
        private final Question question;
        private final Duration timeout;
        private final Handler handler;

        /** One answer is waited for at a time, so who has it writes this. */
        private int passed;

        /** Guarded by this. */
        private @Nullable Call call;

        private boolean cancelled;

        Exchange(Question question, Duration timeout, Handler handler) {
            this.question = question;
            this.timeout = timeout;
            this.handler = handler;
        }

        void begin() {
            JsonCalls server = servers.first();
            synchronized (this) {
                if (!cancelled) {
                    call = server.ask(question.to(server), timeout, new Reply(server));
                }
            }
        }

        @Override
        public synchronized void cancel() {
            cancelled = true;
            if (call != null) {
                call.cancel();
            }
        }

        private final class Reply implements JsonCalls.Handler {
            private final JsonCalls server;

            Reply(JsonCalls server) {
                this.server = server;
            }

            @Override
            public void answered(int status, Headers headers, JsonNode body) {
                if (Peers.isUnwell(status)) {
                    failed(server.unexpected(status, body));
                } else {
                    handler.answered(server, status, body);
                }
            }

            @Override
            public void failed(IOException error) {
                servers.passOver(server);
                passed++;
                if (passed < servers.size()) {
                    begin();
                } else {
                    handler.failed(error);
                }
            }
        }
    }

    @Override
    public String toString() {
        return servers.toString();
    }

    @Override
    public void close() {
        servers.close();
    }
}
