package io.lb4j.discovery;

import io.lb4j.Scheduler;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.internal.Backoff;
import io.lb4j.discovery.internal.Lane;
import io.lb4j.discovery.internal.SharedRandom;
import io.lb4j.discovery.internal.Troubles;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a server in a registry's list: registers it, renews its lease a little more often than three times per lease,
 * registers it again when the registry forgot it, and takes it out on {@link #close()}. To be opened when the server can
 * take calls, and closed before it stops taking them. A {@link Registrar} speaks to the registry; the one for a
 * {@link RegistryServer} comes along.
 *
 * <p>While the registry is down, or refuses, it is asked again after waits with full jitter; nothing is thrown, each
 * distinct trouble is logged once, and {@link #status()} says how things stand.
 *
 * <p>At a {@link RegistryServer} an id belongs to one server at a time. A second one with the same id is refused ({@link
 * State#REFUSED}) as long as the first keeps its lease, and takes over when that ends; the first can then neither renew
 * nor end what is no longer its own. Only at the same address the second one wins at once, since then it is the first one
 * restarted.
 *
 * <p>Thread-safe. Holds a thread only while it asks.
 */
public final class Registration implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Registration.class.getName());
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);

    private final Registrar registrar;
    private final Scheduler scheduler;
    private final Consumer<Status> listener;
    private final Duration ttl;
    private final Duration patience;
    private final Backoff backoff;
    private final String service;
    private final Troubles troubles = new Troubles();
    private final CountDownLatch registered = new CountDownLatch(1);

    /** Everything that asks the registrar or hears its answers, until closed. */
    private final Lane lane = new Lane(this::tell);

    /** Everything that is told to the listener, which may do what it likes, close this for one. */
    private final Lane news = new Lane();

    /** These are the lane's. */
    private boolean held;

    private boolean renewing;
    private int failures;
    private int lapses;
    private long turn;

    /** All guarded by this. */
    private ServiceInstance instance;

    private Status status = new Status(State.REGISTERING, "not asked yet");
    private Scheduler.@Nullable Task timer;
    private boolean closed;

    private final ArrayDeque<Status> untold = new ArrayDeque<>();

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

    private Registration(Builder builder, Registrar registrar) {
        this.registrar = registrar;
        this.scheduler = builder.scheduler;
        this.listener = builder.listener;
        this.service = builder.service;
        this.instance = builder.instance;
        this.ttl = builder.ttl == null ? registrar.defaultTtl() : builder.ttl;
        this.patience = patience(ttl);
        this.backoff = new Backoff(Backoff.BASE, patience, builder.random);
    }

    /** How long to wait for an answer: two tries to renew must fit into what is left of a lease when the first one begins. */
    static Duration patience(Duration ttl) {
        Duration third = ttl.dividedBy(3);
        return third.compareTo(Backoff.MAX) < 0 ? third : Backoff.MAX;
    }

    /**
     * A builder of a registration with a {@link RegistryServer}, every other setting at its default.
     *
     * @param url the registry's, as {@code http://127.0.0.1:8500}
     * @param service the service's name, as its callers spell it
     * @param instance this server, at an address that the registry accepts
     * @throws IllegalArgumentException if no registry takes such a service name or id
     */
    public static Builder builder(String url, String service, ServiceInstance instance) {
        Objects.requireNonNull(url, "url");
        RegistryRules.service(service);
        RegistryRules.id(instance.id());
        return new Builder(url, null, service, instance);
    }

    /**
     * A builder of a registration with any registry, every other setting at its default.
     *
     * @param registrar closed by the registration; it serves no other
     * @param service the service's name, as the registry spells it
     * @param instance this server
     * @throws IllegalArgumentException if the registrar says that its registry will never take it
     */
    public static Builder builder(Registrar registrar, String service, ServiceInstance instance) {
        registrar.check(service, instance);
        return new Builder("", registrar, service, instance);
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
     * @throws IllegalArgumentException if it has another id, or the registry will never take it
     * @throws IllegalStateException if closed
     */
    public void update(ServiceInstance changed) {
        registrar.check(service, changed);
        synchronized (this) {
            if (closed) {
                throw new IllegalStateException(this + " is closed");
            }
            if (!changed.id().equals(instance.id())) {
                throw new IllegalArgumentException("id: " + changed.id() + " (expected: " + instance.id() + ")");
            }
            instance = changed;
        }
        lane.post(() -> {
            quietly(registrar::cancel);
            ask(false);
        });
    }

    private void start() {
        registrar.onForgotten(() -> lane.post(() -> {
            // An answer that is under way may be one from before.
            quietly(registrar::cancel);
            forgotten("the registry forgot it");
        }));
        lane.post(() -> ask(false));
    }

    private void ask(boolean renewal) {
        if (isClosed()) {
            return;
        }
        turn++;
        renewing = renewal;
        timer(this::overdue, patience);
        Reply reply = new Reply(turn);
        try {
            if (renewal) {
                registrar.renew(service, instance(), ttl, reply);
            } else {
                registrar.register(service, instance(), ttl, reply);
            }
        } catch (RuntimeException e) {
            reply.failed(new IOException(registrar + ": " + e, e));
        }
    }

    private void overdue() {
        quietly(registrar::cancel);
        trouble(state(), registrar + ": no answer in time");
    }

    /** Takes what was answered to one question to the lane, once. */
    private final class Reply implements Registrar.Answer {
        private final long mine;

        Reply(long mine) {
            this.mine = mine;
        }

        @Override
        public void held(Duration leaseTtl) {
            post(() -> Registration.this.held(leaseTtl));
        }

        @Override
        public void forgotten(String detail) {
            post(() -> Registration.this.forgotten(detail));
        }

        @Override
        public void refused(String detail) {
            post(() -> trouble(State.REFUSED, detail));
        }

        @Override
        public void failed(IOException error) {
            post(() -> trouble(state(), String.valueOf(error.getMessage())));
        }

        private void post(Runnable answer) {
            inTurn(mine, answer);
        }
    }

    private void inTurn(long mine, Runnable task) {
        lane.post(() -> {
            if (mine == turn) {
                task.run();
            }
        });
    }

    private State state() {
        return held ? State.RENEWING : State.REGISTERING;
    }

    private void held(Duration leaseTtl) {
        turn++;
        held = true;
        failures = 0;
        lapses = renewing ? 0 : lapses;
        // A registry that says nonsense must not be asked in a busy loop.
        Duration lease = leaseTtl.compareTo(RegistryRules.MIN_TTL) < 0 ? RegistryRules.MIN_TTL : leaseTtl;
        timer(() -> ask(true), backoff.early(lease.dividedBy(3), 0.75));
        if (troubles.clear()) {
            LOG.log(System.Logger.Level.INFO, this + ": registered again");
        }
        become(new Status(State.REGISTERED, ""));
        registered.countDown();
    }

    private void forgotten(String detail) {
        turn++;
        held = false;
        lapses++;
        become(new Status(State.REGISTERING, detail));
        if (lapses == 1) {
            ask(false);
        } else {
            timer(() -> ask(false), backoff.delay(lapses - 1));
        }
    }

    private void trouble(State state, String detail) {
        turn++;
        failures++;
        boolean renewal = renewing;
        timer(() -> ask(renewal), backoff.delay(failures));
        if (troubles.add(detail)) {
            LOG.log(System.Logger.Level.WARNING, this + ": " + detail + "; asking again");
        }
        become(new Status(state, detail));
    }

    /** Replaces the timer: there is one answer or one moment to wait for at any time. */
    private synchronized void timer(Runnable task, Duration delay) {
        long mine = turn;
        if (timer != null) {
            timer.cancel();
        }
        if (!closed) {
            timer = scheduler.schedule(() -> inTurn(mine, task), delay);
        }
    }

    private synchronized void become(Status next) {
        if ((!closed || next.state == State.CLOSED) && !next.equals(status)) {
            status = next;
            untold.add(next);
        }
    }

    private void tell() {
        news.post(() -> {
            for (Status next = nextUntold(); next != null; next = nextUntold()) {
                try {
                    listener.accept(next);
                } catch (RuntimeException e) {
                    LOG.log(System.Logger.Level.WARNING, this + ": a status listener threw", e);
                }
            }
        });
    }

    private synchronized @Nullable Status nextUntold() {
        return untold.poll();
    }

    private void quietly(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, this + ": the registrar threw", e);
        }
    }

    /**
     * Takes the server out of the registry and stops renewing. Waits up to 2 s for the registry; if that can't be asked,
     * the lease ends by itself. Idempotent.
     */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            if (timer != null) {
                timer.cancel();
            }
        }
        lane.close(CLOSE_TIMEOUT);
        quietly(registrar::cancel);
        try {
            registrar.deregister(service, instance(), CLOSE_TIMEOUT);
        } catch (IOException | RuntimeException e) {
            LOG.log(System.Logger.Level.INFO, this + ": not deregistered, its lease will end by itself: " + e);
        }
        quietly(registrar::close);
        become(new Status(State.CLOSED, ""));
        tell();
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    private synchronized ServiceInstance instance() {
        return instance;
    }

    @Override
    public String toString() {
        return "registration of " + service + "/" + instance().id() + " with " + registrar;
    }

    /** Collects the settings of a {@link Registration}. Not thread-safe. */
    public static final class Builder {
        private final String url;
        private final @Nullable Registrar registrar;
        private final String service;
        private final ServiceInstance instance;
        private @Nullable Duration ttl;
        private DiscoveryUri.@Nullable Secret token;
        private @Nullable OkHttpClient client;
        private Consumer<Status> listener = status -> {};
        private Scheduler scheduler = Scheduler.shared();
        private RandomGenerator random = new SharedRandom();

        private Builder(String url, @Nullable Registrar registrar, String service, ServiceInstance instance) {
            this.url = url;
            this.registrar = registrar;
            this.service = Objects.requireNonNull(service, "service");
            this.instance = instance;
        }

        /**
         * Sets how long the registry lists this server after it was last heard of; default the
         * {@linkplain Registrar#defaultTtl registrar's}, mostly {@link RegistryServer#DEFAULT_TTL}.
         *
         * @throws IllegalArgumentException unless 1 s to 10 minutes
         */
        public Builder ttl(Duration value) {
            this.ttl = RegistryRules.ttl(value);
            return this;
        }

        /**
         * Sets the shared secret of a {@link RegistryServer}; default none. It is sent over HTTPS or to a loopback address
         * only.
         *
         * @throws IllegalArgumentException unless it has at least 16 printable ASCII characters
         * @throws IllegalStateException if a registrar was given, which has settings of its own
         */
        public Builder token(String value) {
            checkOwn("token");
            String checked = RegistryRules.token(value);
            return token(() -> checked);
        }

        /**
         * Sets where the embedded registry's shared secret comes from; default none. It is asked for anew with each question,
         * without waiting for others, and a question fails unless it has at least 16 printable ASCII characters.
         *
         * @throws IllegalStateException with a registrar that was given
         */
        public Builder token(DiscoveryUri.Secret value) {
            checkOwn("token");
            this.token = Objects.requireNonNull(value, "token");
            return this;
        }

        /**
         * Sets the client to start from for a {@link RegistryServer}, for TLS or a proxy; default a new one. Its connection
         * pool is used, its dispatcher and time-outs are not. It is not closed.
         *
         * @throws IllegalStateException if a registrar was given, which has settings of its own
         */
        public Builder client(OkHttpClient value) {
            checkOwn("client");
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
            Registrar asked = registrar == null ? new RegistryRegistrar(url, token, client) : registrar;
            Registration started = new Registration(this, asked);
            started.start();
            return started;
        }

        private void checkOwn(String name) {
            if (registrar != null) {
                throw new IllegalStateException(
                        name + ": set for " + registrar + " (expected: to be set when that is built)");
            }
        }
    }
}
