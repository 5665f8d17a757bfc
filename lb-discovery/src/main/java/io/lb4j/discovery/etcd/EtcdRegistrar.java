package io.lb4j.discovery.etcd;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.DiscoveryUri;
import io.lb4j.discovery.Registrar;
import io.lb4j.discovery.internal.InstanceWriter;
import io.lb4j.discovery.internal.MalformedException;
import io.lb4j.discovery.internal.Questions;
import io.lb4j.discovery.internal.SharedRandom;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/**
 * Puts a server into etcd (3.4 or later), where {@link EtcdDiscovery} finds it: a key {@code prefix + service + "/" + id} under a
 * lease, so that it goes when the server does. To be given to {@link io.lb4j.discovery.Registration}, which keeps the lease
 * alive; etcd counts leases in whole seconds, and has a shortest one, usually 2 s.
 *
 * <p>An id belongs to one server at a time, decided by etcd in a transaction. A second one at another address is refused for as
 * long as the first keeps its lease, and takes over when that ends. At the same address the second one wins at once, since then it
 * is the first one restarted. A key that was deleted or overwritten by hand is put back with the next renewal, and closing
 * deletes no key that is somebody else's.
 *
 * <p>Thread-safe.
 */
public final class EtcdRegistrar implements Registrar {
    private static final int NOT_FOUND = 404;

    private final EtcdCluster cluster;
    private final String prefix;

    /** All guarded by this. */
    private Questions.@Nullable Pending pending;

    private int turn;
    private Lease lease = Lease.NONE;

    /** What etcd granted. */
    private record Lease(long id, long seconds) {
        static final Lease NONE = new Lease(0, 0);
    }

    private EtcdRegistrar(Builder builder) {
        this.cluster = new EtcdCluster(builder.urls, builder.login, builder.client, new SharedRandom());
        this.prefix = builder.prefix;
    }

    /**
     * Registers with the cluster that has these members, everything else at its default.
     *
     * @param urls as {@code http://127.0.0.1:2379}
     * @throws IllegalArgumentException if there is none, or one is malformed
     */
    public static EtcdRegistrar of(String... urls) {
        return builder(urls).build();
    }

    /**
     * A builder with every setting but the members at its default.
     *
     * @param urls as for {@link #of}
     */
    public static Builder builder(String... urls) {
        return new Builder(List.of(urls));
    }

    @Override
    public void check(String service, ServiceInstance instance) {
        EtcdKeys.ofInstance(prefix, service, instance.id());
    }

    @Override
    public void register(String service, ServiceInstance instance, Duration ttl, Answer answer) {
        Duration timeout = patience(ttl);
        Put put = new Put(EtcdKeys.ofInstance(prefix, service, instance.id()), instance, begin(), timeout, answer);
        if (put.lease.id != 0) {
            put.ifAbsent();
            return;
        }
        long seconds = Math.max(1, ttl.plusMillis(999).toSeconds());
        put.ask(
                "lease/grant",
                json -> {
                    json.writeStartObject();
                    json.writeStringField("TTL", Long.toString(seconds));
                    json.writeEndObject();
                },
                body -> {
                    put.lease = granted(EtcdJson.positive(body, "ID"), EtcdJson.positive(body, "TTL"));
                    put.ifAbsent();
                });
    }

    @Override
    public void renew(String service, ServiceInstance instance, Duration ttl, Answer answer) {
        Put put =
                new Put(EtcdKeys.ofInstance(prefix, service, instance.id()), instance, begin(), patience(ttl), answer);
        put.ask(
                "lease/keepalive",
                json -> {
                    json.writeStartObject();
                    json.writeStringField("ID", Long.toString(put.lease.id));
                    json.writeEndObject();
                },
                body -> {
                    JsonNode result = body.path("result");
                    if (!result.isObject()) {
                        throw new IllegalArgumentException("no result");
                    }
                    long seconds = EtcdJson.number(result, "TTL");
                    if (seconds <= 0) {
                        ended(put.lease);
                        answer.forgotten(cluster + ": the lease has ended");
                    } else {
                        put.ifStillThere(Duration.ofSeconds(seconds));
                    }
                });
    }

    /** Two answers have to fit into a third of the lease, after which the question counts as failed. */
    private static Duration patience(Duration ttl) {
        Duration most = Duration.ofSeconds(5);
        Duration third = ttl.dividedBy(3);
        return third.compareTo(most) < 0 ? third : most;
    }

    private synchronized int begin() {
        return ++turn;
    }

    private synchronized Lease granted(long id, long seconds) {
        lease = new Lease(id, seconds);
        return lease;
    }

    /** An answer that was overtaken speaks of an earlier one. */
    private synchronized void ended(Lease which) {
        if (lease.equals(which)) {
            lease = Lease.NONE;
        }
    }

    private synchronized Lease lease() {
        return lease;
    }

    @Override
    public synchronized void cancel() {
        turn++;
        if (pending != null) {
            pending.cancel();
        }
    }

    @Override
    public void deregister(String service, ServiceInstance instance, Duration atMost) throws IOException {
        long held = lease().id;
        if (held == 0) {
            return;
        }
        CompletableFuture<String> answered = new CompletableFuture<>();
        Questions.Pending revoke = cluster.ask(
                "lease/revoke",
                json -> {
                    json.writeStartObject();
                    json.writeStringField("ID", Long.toString(held));
                    json.writeEndObject();
                },
                atMost,
                new EtcdCluster.Handler() {
                    @Override
                    public void answered(JsonNode body) {
                        answered.complete("");
                    }

                    @Override
                    public void refused(int status, String message) {
                        // The lease has ended before, and the key with it.
                        answered.complete(status == NOT_FOUND ? "" : message);
                    }

                    @Override
                    public void failed(IOException error) {
                        answered.complete(String.valueOf(error.getMessage()));
                    }
                });
        try {
            String trouble = answered.get(atMost.toNanos(), TimeUnit.NANOSECONDS);
            if (!trouble.isEmpty()) {
                throw new IOException(trouble);
            }
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException(cluster + ": no answer in time", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(cluster + ": interrupted while it was asked", e);
        } finally {
            revoke.cancel();
        }
    }

    @Override
    public void close() {
        cancel();
        cluster.close();
    }

    @Override
    public String toString() {
        return cluster.toString();
    }

    /** One question of the registration, which may take several of etcd's. */
    private final class Put {
        private final String key;
        private final ServiceInstance instance;
        private final int mine;
        private final Duration timeout;
        private final Answer answer;

        /** The one that the question is about; who has its answer writes it. */
        private Lease lease = lease();

        Put(String key, ServiceInstance instance, int mine, Duration timeout, Answer answer) {
            this.key = key;
            this.instance = instance;
            this.mine = mine;
            this.timeout = timeout;
            this.answer = answer;
        }

        void ask(String path, InstanceWriter.Body body, Consumer<JsonNode> next) {
            synchronized (EtcdRegistrar.this) {
                if (mine != turn) {
                    return;
                }
                pending = cluster.ask(path, body, timeout, new EtcdCluster.Handler() {
                    @Override
                    public void answered(JsonNode said) {
                        next.accept(said);
                    }

                    @Override
                    public void refused(int status, String message) {
                        if (status == NOT_FOUND && message.contains("lease not found")) {
                            ended(lease);
                            answer.forgotten(message);
                        } else {
                            answer.refused(message);
                        }
                    }

                    @Override
                    public void failed(IOException error) {
                        answer.failed(error);
                    }
                });
            }
        }

        void ifAbsent() {
            put(
                    compare -> {
                        compare.writeStringField("target", "CREATE");
                        compare.writeStringField("create_revision", "0");
                    },
                    this::isHeld);
        }

        private void isHeld(JsonNode holder) {
            if (EtcdJson.number(holder, "lease") == lease.id || isMine(holder)) {
                long version = EtcdJson.positive(holder, "mod_revision");
                put(
                        compare -> {
                            compare.writeStringField("target", "MOD");
                            compare.writeStringField("mod_revision", Long.toString(version));
                        },
                        later -> answer.failed(
                                new IOException(cluster + ": " + key + " was changed by another at the same time")));
                return;
            }
            String who = location(holder);
            answer.refused(cluster + ": " + key + " is held by " + who
                    + " (expected: an id that no other server has; it gets free when that one's lease ends)");
        }

        private boolean isMine(JsonNode holder) {
            try {
                return EtcdKeys.instance(instance.id(), EtcdJson.bytes(holder, "value"))
                        .sameLocation(instance);
            } catch (MalformedException e) {
                return false;
            }
        }

        private String location(JsonNode holder) {
            try {
                return EtcdKeys.instance(instance.id(), EtcdJson.bytes(holder, "value"))
                        .authority();
            } catch (MalformedException e) {
                return "what is no instance";
            }
        }

        private void put(InstanceWriter.Body compare, Consumer<JsonNode> otherwise) {
            ask(
                    "kv/txn",
                    json -> {
                        json.writeStartObject();
                        json.writeArrayFieldStart("compare");
                        json.writeStartObject();
                        EtcdJson.writeKey(json, key);
                        json.writeStringField("result", "EQUAL");
                        compare.write(json);
                        json.writeEndObject();
                        json.writeEndArray();
                        json.writeArrayFieldStart("success");
                        json.writeStartObject();
                        json.writeObjectFieldStart("request_put");
                        EtcdJson.writeKey(json, key);
                        EtcdJson.writeBytes(json, "value", EtcdKeys.value(instance));
                        json.writeStringField("lease", Long.toString(lease.id));
                        json.writeEndObject();
                        json.writeEndObject();
                        json.writeEndArray();
                        json.writeArrayFieldStart("failure");
                        writeRead(json);
                        json.writeEndArray();
                        json.writeEndObject();
                    },
                    said -> {
                        if (said.path("succeeded").asBoolean()) {
                            answer.held(Duration.ofSeconds(lease.seconds));
                        } else {
                            otherwise.accept(holder(said));
                        }
                    });
        }

        private void writeRead(JsonGenerator json) throws IOException {
            json.writeStartObject();
            json.writeObjectFieldStart("request_range");
            EtcdJson.writeKey(json, key);
            json.writeEndObject();
            json.writeEndObject();
        }

        private JsonNode holder(JsonNode said) {
            return said.path("responses")
                    .path(0)
                    .path("response_range")
                    .path("kvs")
                    .path(0);
        }

        /** Somebody may have deleted or overwritten the key, which the lease knows nothing of. */
        void ifStillThere(Duration granted) {
            ask(
                    "kv/range",
                    json -> {
                        json.writeStartObject();
                        EtcdJson.writeKey(json, key);
                        json.writeEndObject();
                    },
                    said -> {
                        EtcdJson.positive(said.path("header"), "revision");
                        JsonNode there = said.path("kvs").path(0);
                        if (EtcdJson.number(there, "lease") == lease.id) {
                            answer.held(granted);
                        } else {
                            answer.forgotten(cluster + ": " + key + " was deleted or overwritten");
                        }
                    });
        }
    }

    /** Collects the settings of an {@link EtcdRegistrar}. Not thread-safe. */
    public static final class Builder {
        private final List<String> urls;
        private String prefix = EtcdKeys.PREFIX;
        private @Nullable EtcdLogin login;
        private @Nullable OkHttpClient client;

        private Builder(List<String> urls) {
            this.urls = urls;
        }

        /**
         * Sets what the key begins with, before the service's name; default {@link EtcdDiscovery#DEFAULT_PREFIX}.
         *
         * @throws IllegalArgumentException unless it is empty or ends with one slash
         */
        public Builder prefix(String value) {
            this.prefix = EtcdKeys.prefix(value);
            return this;
        }

        /**
         * Sets who registers; default nobody, for a cluster without authentication. Both are sent over HTTPS or to a loopback
         * address only.
         *
         * @param password asked anew for each login
         * @throws IllegalArgumentException if the user is empty
         */
        public Builder login(String user, DiscoveryUri.Secret password) {
            this.login = new EtcdLogin(user, password);
            return this;
        }

        /**
         * Sets the client to start from, for TLS, client certificates or a proxy; default a new one. Its connection pool is
         * used, its dispatcher and time-outs are not. It is not closed.
         */
        public Builder client(OkHttpClient value) {
            this.client = Objects.requireNonNull(value, "client");
            return this;
        }

        /**
         * Builds the registrar. It asks nothing before its registration is built.
         *
         * @throws IllegalArgumentException if there is no URL, one is malformed, or a password would be sent in the clear
         */
        public EtcdRegistrar build() {
            return new EtcdRegistrar(this);
        }
    }
}
