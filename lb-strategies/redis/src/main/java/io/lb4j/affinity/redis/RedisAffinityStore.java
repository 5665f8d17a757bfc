package io.lb4j.affinity.redis;

import io.lb4j.affinity.AffinityEntryException;
import io.lb4j.affinity.AffinityStore;
import io.lb4j.affinity.Claim;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Delay;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Claims in Redis 5 or newer, or what speaks its protocol and runs its scripts. A claim is one key,
 * {@code lb4j:affinity:orders:0123456789abcdef} (the service and the key's hash), with a value such as
 * {@code 1764158400000000 orders-2} and a time to live that begins anew while the key is in use; a script makes and moves
 * it in one step. Moves are published on {@code lb4j:moved:orders}.
 *
 * <p>Needs no Redis to be there when it is made, and connects again by itself when it was lost: claims fail at once in
 * between. Whether claims outlive a restart of Redis is up to Redis: with {@code appendonly yes} they do. Thread-safe;
 * one store for all services of a process is enough. Built on lettuce.
 */
public final class RedisAffinityStore implements AffinityStore {
    /** A server that is there but silent is not waited for longer; who claims gives up long before. */
    private static final Duration SILENCE = Duration.ofSeconds(1);

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(2);
    private static final long RECONNECT_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    /** So many commands in a row without an answer, and the connection is taken for dead though nobody closed it. */
    private static final int SILENT_COMMANDS = 3;

    /** Commands that wait for a silent server; those beyond fail at once. */
    private static final int MAX_QUEUE = 4_096;

    private final RedisURI uri;
    private final Duration timeToLive;
    private final Names names;
    private final ClientResources resources;
    private final RedisClient client;
    private final Moves moves = new Moves();
    private final AtomicInteger silent = new AtomicInteger();
    private final AtomicLong nextConnect = new AtomicLong(System.nanoTime());

    private volatile @Nullable Link link;
    private volatile @Nullable Throwable connectError;
    private volatile boolean closed;

    private RedisAffinityStore(Builder builder) {
        this.uri = builder.uri;
        this.timeToLive = builder.timeToLive;
        this.names = new Names(builder.prefix);
        this.resources = ClientResources.builder()
                .ioThreadPoolSize(2)
                .computationThreadPoolSize(2)
                .reconnectDelay(
                        Delay.fullJitter(Duration.ofMillis(100), Duration.ofSeconds(1), 100, TimeUnit.MILLISECONDS))
                .build();
        this.client = RedisClient.create(resources);
        client.setOptions(ClientOptions.builder()
                .autoReconnect(true)
                .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                .requestQueueSize(MAX_QUEUE)
                .socketOptions(SocketOptions.builder()
                        .connectTimeout(CONNECT_TIMEOUT)
                        .keepAlive(true)
                        .build())
                .timeoutOptions(TimeoutOptions.enabled(SILENCE))
                .build());
        connect();
    }

    /**
     * A store with every setting at its default.
     *
     * @param uri {@code redis://[[user]:password@]host[:port][/database]}, or {@code rediss://} for TLS
     * @throws IllegalArgumentException if it is not such a URI
     */
    public static RedisAffinityStore create(String uri) {
        return builder(uri).build();
    }

    /**
     * A builder.
     *
     * @param uri {@code redis://[[user]:password@]host[:port][/database]}, or {@code rediss://} for TLS
     * @throws IllegalArgumentException if it is not such a URI
     */
    public static Builder builder(String uri) {
        return new Builder(uri);
    }

    @Override
    public CompletionStage<Claim> claim(String service, long key, String instance, @Nullable Claim lost) {
        Link now = link;
        if (now == null) {
            connect();
            return CompletableFuture.failedFuture(notConnected());
        }
        String name = names.key(service, key);
        String[] keys = {name};
        String[] arguments = {
            instance,
            lost == null ? "" : Claims.format(lost),
            String.valueOf(timeToLive.toMillis()),
            names.channel(service),
            Names.hex(key)
        };
        RedisAsyncCommands<String, String> commands = now.commands();
        return commands.<String>evalsha(commands.digest(Claims.SCRIPT), ScriptOutputType.VALUE, keys, arguments)
                // Redis has restarted since it saw the script, or never did.
                .exceptionallyCompose(error -> cause(error) instanceof RedisNoScriptException
                        ? commands.<String>eval(Claims.SCRIPT, ScriptOutputType.VALUE, keys, arguments)
                        : CompletableFuture.failedFuture(error))
                .handle((value, error) -> {
                    if (error != null) {
                        throw failure(now, name, cause(error));
                    }
                    silent.set(0);
                    return read(name, value);
                });
    }

    private static Claim read(String name, @Nullable String value) {
        Claim claim = value == null ? null : Claims.parse(value);
        if (claim == null) {
            throw unusable(name, "'" + abbreviated(value) + "'");
        }
        return claim;
    }

    private RuntimeException failure(Link asked, String name, Throwable error) {
        if (error instanceof RedisCommandTimeoutException && silent.incrementAndGet() >= SILENT_COMMANDS) {
            renew(asked);
        }
        return String.valueOf(error.getMessage()).contains("WRONGTYPE")
                ? unusable(name, "something that is no string")
                : new CompletionException(error);
    }

    private static AffinityEntryException unusable(String name, String found) {
        return new AffinityEntryException(
                name + ": " + found + " (expected: a version and an instance's id, and nobody else's key)");
    }

    private static String abbreviated(@Nullable String value) {
        return value == null || value.length() <= 40 ? String.valueOf(value) : value.substring(0, 40) + "…";
    }

    private static Throwable cause(Throwable error) {
        return error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
    }

    /** Connects in the background, unless it was tried a moment ago. */
    private void connect() {
        long now = System.nanoTime();
        long due = nextConnect.get();
        // For as long as the attempt may take, nobody begins another.
        if (closed || now - due < 0 || !nextConnect.compareAndSet(due, now + 2 * CONNECT_TIMEOUT.toNanos())) {
            return;
        }
        CompletionStage<Link> opening;
        try {
            opening = Link.open(client, uri, moves);
        } catch (RuntimeException e) {
            opening = CompletableFuture.failedFuture(e);
        }
        CompletionStage<Link> unused = opening.whenComplete((opened, error) -> {
            if (error != null) {
                connectError = cause(error);
                nextConnect.set(System.nanoTime() + RECONNECT_NANOS);
            } else {
                connected(opened);
            }
        });
    }

    private synchronized void connected(Link opened) {
        if (closed) {
            opened.close();
            return;
        }
        connectError = null;
        silent.set(0);
        link = opened;
        // Those who came since it looked.
        opened.subscribe(moves.channels().toArray(String[]::new));
    }

    /** Both ends may think that a connection is open whose packets go nowhere; that takes the kernel a quarter of an hour. */
    private synchronized void renew(Link dead) {
        if (link == dead) {
            link = null;
            silent.set(0);
            nextConnect.set(System.nanoTime());
            dead.close();
        }
    }

    private RedisException notConnected() {
        Throwable error = connectError;
        return new RedisException("not connected to " + address() + (error == null ? "" : ": " + root(error)));
    }

    /** What is at the bottom of it: lettuce says that it can't connect, and three causes further down why. */
    private static String root(Throwable error) {
        Throwable bottom = error;
        for (Throwable next = error; next != null; next = next.getCause()) {
            bottom = next;
        }
        return String.valueOf(bottom.getMessage());
    }

    private String address() {
        return uri.getHost() == null ? "Redis" : uri.getHost() + ":" + uri.getPort();
    }

    @Override
    public Watch watch(String service, Listener listener) {
        Objects.requireNonNull(listener, "listener");
        String channel = names.channel(service);
        synchronized (this) {
            Link now = link;
            if (moves.add(channel, listener) && now != null) {
                now.subscribe(channel);
            }
        }
        return () -> unwatch(channel, listener);
    }

    private synchronized void unwatch(String channel, Listener listener) {
        Link now = link;
        if (moves.remove(channel, listener) && now != null && !closed) {
            now.unsubscribe(channel);
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            link = null;
        }
        // Its connections as well.
        CompletionStage<Void> unused = client.shutdownAsync(0, 1, TimeUnit.SECONDS)
                .whenComplete((done, error) -> {
                    var unusedToo = resources.shutdown(0, 1, TimeUnit.SECONDS);
                });
    }

    @Override
    public String toString() {
        return "RedisAffinityStore[" + address() + (closed ? ", closed" : "") + "]";
    }

    /** Collects a store's settings. Not thread-safe. */
    public static final class Builder {
        private final RedisURI uri;
        private Duration timeToLive = Duration.ofMinutes(30);
        private String prefix = "lb4j";

        private Builder(String uri) {
            this.uri = RedisURI.create(uri);
            this.uri.setTimeout(CONNECT_TIMEOUT);
        }

        /**
         * Sets for how long a claim is kept whose key nobody uses; default 30 min.
         *
         * @throws IllegalArgumentException unless 1 s to 365 days
         */
        public Builder timeToLive(Duration value) {
            check(
                    value.compareTo(Duration.ofSeconds(1)) >= 0 && value.compareTo(Duration.ofDays(365)) <= 0,
                    "timeToLive",
                    value,
                    "1 s to 365 days");
            this.timeToLive = value;
            return this;
        }

        /**
         * Sets what every key and channel begins with, so that several applications can share one Redis; default
         * {@code lb4j}.
         *
         * @throws IllegalArgumentException unless 1 to 64 letters, digits, dots, dashes, colons and underscores
         */
        public Builder prefix(String value) {
            check(
                    value.matches("[A-Za-z0-9._:-]{1,64}"),
                    "prefix",
                    "'" + value + "'",
                    "1 to 64 of A-Z a-z 0-9 . _ : -");
            this.prefix = value;
            return this;
        }

        private static void check(boolean ok, String name, Object value, String rule) {
            if (!ok) {
                throw new IllegalArgumentException(name + ": " + value + " (expected: " + rule + ")");
            }
        }

        /** Builds the store, which begins to connect. */
        public RedisAffinityStore build() {
            return new RedisAffinityStore(this);
        }
    }
}
