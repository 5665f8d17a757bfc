package io.lb4j.okhttp;

import io.lb4j.ServiceInstance;
import io.lb4j.health.Probe;
import io.lb4j.health.ProbePort;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.BitSet;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.regex.Pattern;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.Headers;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * A health probe over HTTP: GET or HEAD on a path, healthy if status and body are as expected. Redirects are not
 * followed, for an instance that sends elsewhere has not said how it is. Connects to the instance itself, each time anew,
 * so that it also sees a server that lives but accepts nobody; over TLS if the instance is
 * {@linkplain ServiceInstance#secure() secure}.
 *
 * <p>As part of a {@link LoadBalancedClient}'s settings it asks in the name of the service ({@code Host}, SNI and
 * certificate) with the client's TLS and protocols; by itself it uses the instance's own address, OkHttp's defaults, and
 * plain HTTP or the JVM's trust store. Immutable and thread-safe. Runs on daemon threads of its own.
 */
public final class HttpProbe implements Probe {
    private final Question question;

    /** The service's name and client, if it is bound to one. */
    private final @Nullable String serviceHost;

    private final @Nullable TlsSource bound;

    private HttpProbe(Question question, @Nullable String serviceHost, @Nullable TlsSource bound) {
        this.question = question;
        this.serviceHost = serviceHost;
        this.bound = bound;
    }

    /** What is asked, of whoever it is, and what the good answers are. */
    private record Question(
            String method,
            String path,
            Headers headers,
            HttpExpectation expectation,
            ProbePort port,
            @Nullable Boolean secure,
            @Nullable String host,
            @Nullable String hostKey) {

        ServiceInstance at(ServiceInstance instance, @Nullable TlsSource tls) {
            ServiceInstance at = port.at(instance);
            boolean secured = secure != null ? secure : ProbeCalls.isSecure(instance, tls);
            return secured == at.secure() ? at : at.toBuilder().secure(secured).build();
        }

        /** What the instance is called, or null for its address. */
        @Nullable
        String nameOf(ServiceInstance instance, @Nullable String otherwise) {
            String known = hostKey == null ? null : instance.metadata().get(hostKey);
            if (known != null) {
                return Hosts.canonical("metadata " + hostKey, known);
            }
            return host != null ? host : otherwise;
        }

        Request request(HttpUrl url) {
            return new Request.Builder()
                    .url(url)
                    .method(method, null)
                    .headers(headers)
                    .header("Connection", "close")
                    .build();
        }

        /** For people: by its address, whatever it was called, since that is where to look. */
        String shown(ServiceInstance at) {
            return method + " " + (at.secure() ? "https" : "http") + "://" + at.authority() + path;
        }
    }

    /**
     * A probe by GET of this path, healthy if the status is 200 to 299.
     *
     * @param path with a leading slash, and a query if need be: {@code /health?deep=1}
     * @throws IllegalArgumentException if it has no leading slash
     */
    public static HttpProbe get(String path) {
        return builder(path).build();
    }

    /**
     * A builder of a probe by GET of this path.
     *
     * @param path with a leading slash, and a query if need be
     * @throws IllegalArgumentException if it has no leading slash
     */
    public static Builder builder(String path) {
        return new Builder(ProbeCalls.path(path));
    }

    HttpProbe boundTo(String name, TlsSource tls) {
        return new HttpProbe(question, Objects.requireNonNull(name, "host"), tls);
    }

    @Override
    public CompletionStage<Result> probe(ServiceInstance instance, Duration timeout) {
        ServiceInstance at = question.at(instance, bound);
        HttpUrl url = ProbeCalls.url(question.nameOf(instance, serviceHost), at, question.path);
        Call call = ProbeCalls.aimed(ProbeCalls.client(bound), url, at)
                .callTimeout(timeout)
                .build()
                .newCall(question.request(url));
        String asked = question.shown(at);
        CompletableFuture<Result> verdict = new CompletableFuture<>();
        call.enqueue(new Callback() {
            @Override
            public void onResponse(Call done, Response response) {
                try (response) {
                    verdict.complete(question.expectation.judge(done, response, asked));
                } catch (RuntimeException | StackOverflowError e) {
                    // The user's pattern, or else the verdict would be waited for in vain.
                    verdict.complete(new Result(false, asked + ": " + HttpExpectation.reason(e)));
                }
            }

            @Override
            public void onFailure(Call done, IOException e) {
                // The call's time-out is of the very class; those of sockets are of another.
                boolean late = e.getClass() == InterruptedIOException.class;
                verdict.complete(new Result(
                        false,
                        late
                                ? "no answer within " + timeout + " to " + asked
                                : asked + ": " + HttpExpectation.reason(e)));
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

    @Override
    public String toString() {
        return question.method + " " + question.path + " (expected: " + question.expectation + ")";
    }

    /** Collects what an {@link HttpProbe} asks and expects. Not thread-safe. */
    public static final class Builder {
        private final String path;
        private String method = "GET";
        private final Headers.Builder headers = new Headers.Builder();
        private final BitSet statuses = new BitSet();
        private @Nullable Pattern body;
        private int maxBody = 1024;
        private ProbePort port = ProbePort.OWN;
        private @Nullable Boolean secure;
        private @Nullable String host;
        private @Nullable String hostKey;

        private Builder(String path) {
            this.path = path;
        }

        /** Asks by HEAD instead of GET, for servers whose health page is long. */
        public Builder head() {
            this.method = "HEAD";
            return this;
        }

        /**
         * Adds a header to the request; several of a name are all sent. {@code Host} changes what the instance is called
         * in the request alone, see {@link #host}.
         *
         * @throws IllegalArgumentException if HTTP can't carry it
         */
        public Builder header(String name, String value) {
            headers.add(name, value);
            return this;
        }

        /**
         * Adds a status that is healthy; without any, 200 to 299 are.
         *
         * @throws IllegalArgumentException unless 200 to 599
         */
        public Builder expectedStatus(int status) {
            return expectedStatuses(status, status);
        }

        /**
         * Adds statuses that are healthy, both ends included; without any, 200 to 299 are.
         *
         * @throws IllegalArgumentException unless 200 to 599 and in order
         */
        public Builder expectedStatuses(int from, int to) {
            if (from < 200 || to > 599 || from > to) {
                throw new IllegalArgumentException(
                        "expectedStatuses: " + from + " to " + to + " (expected: within 200 to 599, in order)");
            }
            statuses.set(from, to + 1);
            return this;
        }

        /** Sets what the body must contain, upper and lower case distinguished; default anything. */
        public Builder expectedBody(String text) {
            return expectedBody(Pattern.compile(text, Pattern.LITERAL));
        }

        /** Sets what a part of the body must match; default anything. */
        public Builder expectedBody(Pattern pattern) {
            this.body = Objects.requireNonNull(pattern, "pattern");
            return this;
        }

        /**
         * Sets within how many bytes from its beginning the body must match, decompressed; default 1,024.
         *
         * @throws IllegalArgumentException unless 1 to 65536
         */
        public Builder maxBody(int bytes) {
            if (bytes < 1 || bytes > HttpExpectation.MAX_READ) {
                throw new IllegalArgumentException(
                        "maxBody: " + bytes + " (expected: 1 to " + HttpExpectation.MAX_READ + ")");
            }
            this.maxBody = bytes;
            return this;
        }

        /**
         * Sets the port to ask on; default the instance's own.
         *
         * @throws IllegalArgumentException unless 1 to 65535
         */
        public Builder port(int value) {
            this.port = ProbePort.of(value);
            return this;
        }

        /** Takes the port to ask on from the instance's metadata; its own where there is none. */
        public Builder portFromMetadata(String key) {
            this.port = ProbePort.fromMetadata(key);
            return this;
        }

        /** Sets whether to ask over TLS, as a management port may differ; default as the instance says. */
        public Builder secure(boolean value) {
            this.secure = value;
            return this;
        }

        /**
         * Sets in whose name to ask: {@code Host} or {@code :authority}, SNI, and the name in the certificate. Default
         * the service's.
         *
         * @throws IllegalArgumentException if no URL can have such a host
         */
        public Builder host(String name) {
            this.host = Hosts.canonical("host", name);
            return this;
        }

        /** Takes that name from the instance's metadata; where there is none, it is as without this. */
        public Builder hostFromMetadata(String key) {
            this.hostKey = Objects.requireNonNull(key, "key");
            return this;
        }

        /**
         * Builds the probe.
         *
         * @throws IllegalArgumentException if it expects a body of HEAD, which has none
         */
        public HttpProbe build() {
            if (body != null && method.equals("HEAD")) {
                throw new IllegalArgumentException("expectedBody: " + body + " of HEAD (expected: of GET)");
            }
            BitSet good = (BitSet) statuses.clone();
            if (good.isEmpty()) {
                good.set(200, 300);
            }
            HttpExpectation expectation = new HttpExpectation(good, body, maxBody);
            return new HttpProbe(
                    new Question(method, path, headers.build(), expectation, port, secure, host, hostKey), null, null);
        }
    }
}
