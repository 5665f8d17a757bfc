package io.lb4j.discovery;

import com.fasterxml.jackson.databind.JsonNode;
import io.lb4j.Scheduler;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.internal.Backoff;
import io.lb4j.discovery.internal.InstanceWriter;
import io.lb4j.discovery.internal.JsonCalls;
import io.lb4j.discovery.internal.SharedRandom;
import io.lb4j.discovery.internal.Troubles;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import okhttp3.Call;
import okhttp3.Headers;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a server in a {@link RegistryServer}'s list: registers it, renews its lease a little more often than three times
 * per lease, registers it again when the registry forgot it, and takes it out on {@link #close()}. To be opened when the
 * server can take calls, and closed before it stops taking them.
 *
 * <p>While the registry is down, or refuses, it is asked again after waits with full jitter; nothing is thrown, each
 * distinct trouble is logged once, and {@link #status()} says how things stand.
 *
 * <p>An id belongs to one server at a time. A second one with the same id is refused ({@link State#REFUSED}) as long as the
 * first keeps its lease, and takes over when that ends; the first can then neither renew nor end what is no longer its
 * own. Only at the same address the second one wins at once, since then it is the first one restarted.
 *
 * <p>Thread-safe. Holds a thread only while it asks.
 */
public final class Registration implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Registration.class.getName());
    private static final MediaType JSON = MediaType.get("application/json");
    private static final Duration RETRY_BASE = Duration.ofMillis(100);
    private static final Duration RETRY_MAX = Duration.ofSeconds(5);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);

    private final JsonCalls calls;
    private final Scheduler scheduler;
    private final Consumer<Status> listener;
    private final Duration ttl;
    private final Duration timeout;
    private final Backoff backoff;
    private final String service;
    private final String lease = UUID.randomUUID().toString();
    private final Troubles troubles = new Troubles();
    private final CountDownLatch registered = new CountDownLatch(1);

    /** All guarded by this. */
    private ServiceInstance instance;

    private Status status = new Status(State.REGISTERING, "not asked yet");
    private boolean held;
    private int failures;
    private long turn;
    private @Nullable Call call;
    private Scheduler.@Nullable Task timer;
    private boolean closed;

    /** How things stand with the registry. */
    public enum State {
        /** Asked, or about to ask, and not held by the registry as far as is known. */
        REGISTERING,
        /** The registry holds the lease. */
        REGISTERED,
        /** The registry holds the lease as far as is known, but could not be asked to renew it the last time. */
        RENEWING,
        /** The registry said no, for a reason that it gave; asked again all the same. */
        REFUSED,
        /** Closed. */
        CLOSED
    }

    /**
     * A state and what led to it.
     *
     * @param detail for people: the registry's words or what went wrong; empty if nothing did
     */
    public record Status(State state, String detail) {}

    private Registration(Builder builder) {
        this.calls = RegistryRules.calls(builder.url, builder.token, builder.client);
        this.scheduler = builder.scheduler;
        this.listener = builder.listener;
        this.service = builder.service;
        this.instance = builder.instance;
        this.ttl = builder.ttl;
        // Two tries to renew must fit into what is left of a lease when the first one begins.
        Duration third = ttl.dividedBy(3);
        this.timeout = third.compareTo(RETRY_MAX) < 0 ? third : RETRY_MAX;
        this.backoff = new Backoff(RETRY_BASE, timeout, builder.random);
    }

    /**
     * A builder with every other setting at its default.
     *
     * @param url the registry's, as {@code http://127.0.0.1:8500}
     * @param service the service's name, as its callers spell it
     * @param instance this server, at an address that the registry accepts
     * @throws IllegalArgumentException if no registry takes such a service name or id
     */
    public static Builder builder(String url, String service, ServiceInstance instance) {
        return new Builder(url, service, instance);
    }

    /** How things stand. */
    public synchronized Status status() {
        return status;
    }

    /**
     * Waits until the registry holds the lease for the first time.
     *
     * @return false if the time was over before
     * @throws InterruptedException if the thread is interrupted while it waits
     */
    public boolean awaitRegistered(Duration atMost) throws InterruptedException {
        return registered.await(atMost.toNanos(), TimeUnit.NANOSECONDS);
    }

    /**
     * Replaces what the registry says of this server, for example its weight, as soon as the registry can be asked.
     *
     * @throws IllegalArgumentException if it has another id
     * @throws IllegalStateException if closed
     */
    public void update(ServiceInstance changed) {
        Call obsolete;
        synchronized (this) {
            if (closed) {
                throw new IllegalStateException(this + " is closed");
            }
            if (!changed.id().equals(instance.id())) {
                throw new IllegalArgumentException("id: " + changed.id() + " (expected: " + instance.id() + ")");
            }
            instance = changed;
            obsolete = call;
            if (timer != null) {
                timer.cancel();
            }
            register();
        }
        if (obsolete != null) {
            obsolete.cancel();
        }
    }

    private synchronized void register() {
        byte[] body = InstanceWriter.toBytes(json -> InstanceWriter.write(instance, json));
        ask("PUT", Map.of("ttl", ttl.toMillis() + "ms", "lease", lease), body, service, "instances", instance.id());
    }

    private synchronized void renew() {
        ask("PUT", Map.of("lease", lease), null, service, "instances", instance.id(), "heartbeat");
    }

    private void ask(String method, Map<String, String> query, byte @Nullable [] body, String... path) {
        if (closed) {
            return;
        }
        boolean renewal = body == null;
        long mine = ++turn;
        call = calls.ask(request(method, query, body, path), timeout, new JsonCalls.Handler() {
            @Override
            public void answered(int code, Headers headers, JsonNode json) {
                Registration.this.answered(mine, renewal, code, json);
            }

            @Override
            public void failed(IOException error) {
                Registration.this.failed(mine, renewal, held() ? State.RENEWING : State.REGISTERING, error);
            }
        });
    }

    private Request.Builder request(String method, Map<String, String> query, byte @Nullable [] body, String... path) {
        RequestBody content = RequestBody.create(body == null ? new byte[0] : body, body == null ? null : JSON);
        return new Request.Builder()
                .url(calls.path(RegistryRules.PATH, query, path))
                .method(method, content);
    }

    private synchronized boolean held() {
        return held;
    }

    private void answered(long mine, boolean renewal, int code, JsonNode json) {
        if (code == 200 && json.path("ttlMillis").isIntegralNumber()) {
            synchronized (this) {
                if (closed || mine != turn) {
                    return;
                }
                held = true;
                failures = 0;
                timer = scheduler.schedule(this::renew, backoff.early(ttl.dividedBy(3), 0.75));
            }
            if (troubles.clear()) {
                LOG.log(System.Logger.Level.INFO, this + ": registered again");
            }
            become(new Status(State.REGISTERED, ""));
            registered.countDown();
        } else if (renewal && (code == 404 || code == 409)) {
            synchronized (this) {
                if (closed || mine != turn) {
                    return;
                }
                held = false;
                register();
            }
            become(new Status(State.REGISTERING, json.path("error").asText("")));
        } else {
            boolean refused = code >= 400 && code < 500;
            failed(
                    mine,
                    renewal,
                    refused ? State.REFUSED : held() ? State.RENEWING : State.REGISTERING,
                    calls.unexpected(code, json));
        }
    }

    private void failed(long mine, boolean renewal, State state, IOException error) {
        synchronized (this) {
            if (closed || mine != turn) {
                return;
            }
            failures++;
            timer = scheduler.schedule(renewal ? this::renew : this::register, backoff.delay(failures));
        }
        String detail = String.valueOf(error.getMessage());
        if (troubles.add(detail)) {
            LOG.log(System.Logger.Level.WARNING, this + ": " + detail + "; asking again");
        }
        become(new Status(state, detail));
    }

    private void become(Status next) {
        synchronized (this) {
            if ((closed && next.state != State.CLOSED) || next.equals(status)) {
                return;
            }
            status = next;
        }
        try {
            listener.accept(next);
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, this + ": a status listener threw", e);
        }
    }

    /**
     * Takes the server out of the registry and stops renewing. Waits up to 2 s for the registry; if that can't be asked,
     * the lease ends by itself. Idempotent.
     */
    @Override
    public void close() {
        Call pending;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            pending = call;
            if (timer != null) {
                timer.cancel();
            }
        }
        if (pending != null) {
            pending.cancel();
        }
        try {
            int code = calls.askNow(
                    request(
                            "DELETE",
                            Map.of("lease", lease),
                            null,
                            service,
                            "instances",
                            instance().id()),
                    CLOSE_TIMEOUT);
            LOG.log(System.Logger.Level.DEBUG, this + ": deregistration was answered " + code);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.INFO, this + ": not deregistered, its lease will end by itself: " + e);
        }
        calls.close();
        become(new Status(State.CLOSED, ""));
    }

    private synchronized ServiceInstance instance() {
        return instance;
    }

    @Override
    public String toString() {
        return "registration of " + service + "/" + instance().id() + " with " + calls;
    }

    /** Collects the settings of a {@link Registration}. Not thread-safe. */
    public static final class Builder {
        private final String url;
        private final String service;
        private final ServiceInstance instance;
        private Duration ttl = RegistryRules.DEFAULT_TTL;
        private @Nullable String token;
        private @Nullable OkHttpClient client;
        private Consumer<Status> listener = status -> {};
        private Scheduler scheduler = Scheduler.shared();
        private RandomGenerator random = new SharedRandom();

        private Builder(String url, String service, ServiceInstance instance) {
            this.url = Objects.requireNonNull(url, "url");
            this.service = RegistryRules.service(service);
            this.instance = instance;
            RegistryRules.id(instance.id());
        }

        /**
         * Sets how long the registry lists this server after it was last heard of; default
         * {@link RegistryServer#DEFAULT_TTL}.
         *
         * @throws IllegalArgumentException unless 1 s to 10 minutes
         */
        public Builder ttl(Duration value) {
            this.ttl = RegistryRules.ttl(value);
            return this;
        }

        /**
         * Sets the registry's shared secret; default none. It is sent over HTTPS or to a loopback address only.
         *
         * @throws IllegalArgumentException unless it has at least 16 printable ASCII characters
         */
        public Builder token(String value) {
            this.token = RegistryRules.token(value);
            return this;
        }

        /**
         * Sets the client to start from, for TLS or a proxy; default a new one. Its connection pool is used, its dispatcher
         * and time-outs are not. It is not closed.
         */
        public Builder client(OkHttpClient value) {
            this.client = Objects.requireNonNull(value, "client");
            return this;
        }

        /** Sets who is told of each new status, on some thread, quickly; default nobody. */
        public Builder listener(Consumer<Status> value) {
            this.listener = Objects.requireNonNull(value, "listener");
            return this;
        }

        /** Sets who runs the timers, which never block; default {@link Scheduler#shared()}. */
        public Builder scheduler(Scheduler value) {
            this.scheduler = Objects.requireNonNull(value, "scheduler");
            return this;
        }

        /** Sets where jitter comes from, which must be thread-safe; default the running thread's own. */
        public Builder random(RandomGenerator value) {
            this.random = Objects.requireNonNull(value, "random");
            return this;
        }

        /**
         * Starts to register. Returns at once, whatever the registry does.
         *
         * @throws IllegalArgumentException if the URL is malformed, or the token would be sent in the clear
         */
        public Registration start() {
            Registration started = new Registration(this);
            started.register();
            return started;
        }
    }
}
