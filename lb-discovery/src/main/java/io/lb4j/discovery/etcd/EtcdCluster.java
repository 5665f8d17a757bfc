package io.lb4j.discovery.etcd;

import com.fasterxml.jackson.databind.JsonNode;
import io.lb4j.discovery.internal.InstanceWriter;
import io.lb4j.discovery.internal.JsonCalls;
import io.lb4j.discovery.internal.Peers;
import io.lb4j.discovery.internal.Questions;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import okhttp3.Call;
import okhttp3.Headers;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import org.jspecify.annotations.Nullable;

/**
 * The members of one etcd cluster, asked over the JSON gateway of its v3 API: one after the other until one answers, by a
 * user who is logged in when needed. Thread-safe.
 */
final class EtcdCluster implements AutoCloseable {
    private static final MediaType JSON = MediaType.get("application/json");

    /** Stands for the token of a cluster that wants none. */
    private static final String NO_TOKEN = "";

    private final Peers members;
    private final @Nullable EtcdLogin login;
    private volatile @Nullable String token;

    /** Receives what etcd said to one question. */
    interface Handler {
        /**
         * It did as it was asked.
         *
         * @throws IllegalArgumentException if that can't be what etcd says
         */
        void answered(JsonNode body);

        /** It was understood, and said no; the message names it. */
        void refused(int status, String message);

        /** No member could be asked or understood. */
        void failed(IOException error);
    }

    /**
     * A cluster that isn't asked yet.
     *
     * @param random which member is asked first, so that many clients spread over all
     * @throws IllegalArgumentException if there is no URL, or one is malformed, or a password would be sent in the clear
     */
    EtcdCluster(List<String> urls, @Nullable EtcdLogin login, @Nullable OkHttpClient client, RandomGenerator random) {
        if (urls.isEmpty()) {
            throw new IllegalArgumentException("etcd: no URL (expected: at least one, as http://127.0.0.1:2379)");
        }
        List<HttpUrl> parsed = urls.stream().map(JsonCalls::url).toList();
        for (HttpUrl url : parsed) {
            if (login != null && !JsonCalls.keepsSecrets(url)) {
                throw new IllegalArgumentException(
                        "etcd: " + url + " with a password (expected: https, or a loopback address)");
            }
        }
        this.login = login;
        this.members = new Peers(
                parsed.stream()
                        .map(url -> new JsonCalls("etcd", url, this::showToken, client))
                        .toList(),
                random);
    }

    private void showToken(Request.Builder request) {
        String shown = token;
        if (shown != null && !shown.equals(NO_TOKEN)) {
            request.header("Authorization", shown);
        }
    }

    /** The member to stream from. */
    JsonCalls member() {
        return members.first();
    }

    /** That one doesn't do: the next one is asked first from now on. */
    void passOver(JsonCalls member) {
        members.passOver(member);
    }

    /** Whether that is no matter of the member, but of a token: the next question finds that out and logs in again. */
    boolean isMatterOfToken(String message) {
        return login != null && isTokenTrouble(0, message);
    }

    /** A question that one member is asked. */
    static Request.Builder request(JsonCalls member, String path, InstanceWriter.Body body) {
        return new Request.Builder()
                .url(member.path("v3/" + path, Map.of()))
                .post(RequestBody.create(InstanceWriter.toBytes(body), JSON));
    }

    /**
     * Asks, without waiting for the answer.
     *
     * @param path below {@code /v3/}
     * @param timeout for all members together
     */
    Questions.Pending ask(String path, InstanceWriter.Body body, Duration timeout, Handler handler) {
        Exchange exchange = new Exchange(path, body, timeout.dividedBy(members.size()), handler);
        exchange.begin();
        return exchange;
    }

    /** Whether a new login may help. */
    private static boolean isTokenTrouble(int status, String message) {
        return status == 401
                || message.contains("invalid auth token")
                || message.contains("user name is empty")
                || message.contains("revision of auth store is old");
    }

    private final class Exchange implements Questions.Pending {
        private final String path;
        private final InstanceWriter.Body body;
        private final Duration timeout;
        private final Handler handler;

        /** One answer is waited for at a time, so who has it writes these. */
        private int passed;

        private boolean loggedIn;

        /** Guarded by this. */
        private @Nullable Call call;

        private boolean cancelled;

        Exchange(String path, InstanceWriter.Body body, Duration timeout, Handler handler) {
            this.path = path;
            this.body = body;
            this.timeout = timeout;
            this.handler = handler;
        }

        void begin() {
            if (login != null && token == null) {
                logIn(login);
            } else {
                send(path, body, false);
            }
        }

        private void logIn(EtcdLogin user) {
            String password;
            try {
                password = user.password().read();
            } catch (IOException | RuntimeException e) {
                // Whoever asks again and again must not stop because of a password that isn't there yet.
                member().run(() -> handler.failed(new IOException(EtcdCluster.this + ": " + e.getMessage(), e)));
                return;
            }
            loggedIn = true;
            send(
                    "auth/authenticate",
                    json -> {
                        json.writeStartObject();
                        json.writeStringField("name", user.user());
                        json.writeStringField("password", password);
                        json.writeEndObject();
                    },
                    true);
        }

        private void send(String to, InstanceWriter.Body what, boolean forToken) {
            JsonCalls member = member();
            Request.Builder request = request(member, to, what);
            synchronized (this) {
                if (!cancelled) {
                    call = member.ask(request, timeout, new Reply(member, forToken));
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
            private final JsonCalls member;
            private final boolean forToken;

            Reply(JsonCalls member, boolean forToken) {
                this.member = member;
                this.forToken = forToken;
            }

            @Override
            public void answered(int status, Headers headers, JsonNode json) {
                if (status == 200 && forToken) {
                    token = EtcdJson.text(json, "token");
                    begin();
                } else if (status == 200) {
                    handler.answered(json);
                } else if (Peers.isUnwell(status)) {
                    failed(member.unexpected(status, json));
                } else {
                    refused(
                            status,
                            String.valueOf(member.unexpected(status, json).getMessage()));
                }
            }

            private void refused(int status, String message) {
                if (forToken && message.contains("authentication is not enabled")) {
                    token = NO_TOKEN;
                    begin();
                } else if (login != null && !loggedIn && isTokenTrouble(status, message)) {
                    token = null;
                    begin();
                } else {
                    if (isTokenTrouble(status, message)) {
                        token = null;
                    }
                    handler.refused(status, message);
                }
            }

            @Override
            public void failed(IOException error) {
                passOver(member);
                passed++;
                if (passed < members.size()) {
                    begin();
                } else {
                    handler.failed(error);
                }
            }
        }
    }

    @Override
    public String toString() {
        return members.toString();
    }

    @Override
    public void close() {
        members.close();
    }
}
