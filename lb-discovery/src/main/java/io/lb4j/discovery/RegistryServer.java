package io.lb4j.discovery;

import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.lb4j.Scheduler;
import io.lb4j.Ticker;
import io.lb4j.discovery.internal.AddressRange;
import io.lb4j.discovery.internal.Durations;
import io.lb4j.discovery.internal.Troubles;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * A registry inside this process: servers register with it over HTTP and renew their leases, clients watch it. It is for
 * one machine, for demos, tests and single hosts: it has no replicas, so that while it is down nobody can register.
 * Clients then go on with their last good list. For a fleet use one of the registries made for that.
 *
 * <p>It listens on the loopback interface unless told otherwise, and elsewhere only with a shared token and TLS. An
 * instance may only be registered at the address that registers it (or, from this machine, at a loopback address),
 * unless {@linkplain Builder#allowAddresses ranges} were allowed. Names, bodies, counts, waiting requests and threads are
 * bounded. {@code docs/discovery.md} describes the REST interface.
 *
 * <p>A restart with a {@linkplain Builder#snapshotFile snapshot file} forgets nobody: every lease starts anew. Without
 * one, answers say for the {@linkplain Builder#warmUp warm-up} that they are incomplete, and {@link RegistryDiscovery}
 * keeps what it knew besides.
 *
 * <p>Thread-safe. {@link #close()} ends its threads, timers and connections. Loading this class sets the system property
 * {@code sun.net.httpserver.nodelay} to true unless it is set: it saves each answer 40 ms.
 */
public final class RegistryServer implements AutoCloseable {
    /** How long a lease lasts that doesn't say: 15 s. */
    public static final Duration DEFAULT_TTL = RegistryRules.DEFAULT_TTL;

    private static final System.Logger LOG = System.getLogger(RegistryServer.class.getName());

    /** How far expiry and the end of a wait may be late. */
    private static final Duration SWEEP = Duration.ofMillis(200);

    static final int THREADS = 16;
    private static final int QUEUE = 4096;

    /*
     * The JDK's server writes head and body of an answer separately. Without TCP_NODELAY the body waits for the peer's
     * delayed acknowledgement of the head, 40 ms on Linux, and this property is the only way to say so. It is read when
     * the first server of the process is created, and left alone if it is set.
     */
    static {
        String noDelay = "sun.net.httpserver.nodelay";
        if (System.getProperty(noDelay) == null) {
            System.setProperty(noDelay, "true");
        }
    }

    private final HttpServer server;
    private final URI uri;
    private final RegistryTable table;
    private final RegistryHandler handler;
    private final LongPolls polls;
    private final Workers workers;
    private final Scheduler scheduler;
    private final @Nullable RegistrySnapshot snapshot;
    private final AtomicBoolean writing = new AtomicBoolean();
    private final Troubles snapshotTroubles = new Troubles();

    /** Both guarded by this. */
    private Scheduler.@Nullable Task sweep;

    private boolean closed;

    private RegistryServer(Builder builder, InetAddress host) throws IOException {
        this.scheduler = builder.scheduler;
        this.table = new RegistryTable(
                builder.ticker,
                UUID.randomUUID().toString(),
                builder.maxServices,
                builder.maxInstances,
                builder.warmUp);
        this.snapshot = builder.snapshotFile == null ? null : new RegistrySnapshot(builder.snapshotFile);
        if (snapshot != null && snapshot.restore(table)) {
            table.trust();
        }
        this.polls = new LongPolls(builder.maxWatchers);
        InetSocketAddress address = new InetSocketAddress(host, builder.port);
        SSLContext tls = builder.tls;
        if (tls == null) {
            this.server = HttpServer.create(address, 0);
        } else {
            HttpsServer https = HttpsServer.create(address, 0);
            https.setHttpsConfigurator(new HttpsConfigurator(tls));
            this.server = https;
        }
        this.workers = new Workers("lb4j-registry", THREADS, QUEUE, builder.stuckAfter);
        this.handler = new RegistryHandler(
                table,
                polls,
                workers,
                builder.ticker,
                new RequestGate(builder.token),
                new AddressPolicy(builder.allowedAddresses));
        server.setExecutor(workers);
        server.createContext("/", handler);
        this.uri = uri(tls == null ? "http" : "https", server.getAddress());
    }

    private static URI uri(String scheme, InetSocketAddress address) {
        InetAddress ip = address.getAddress();
        String host = ip.isAnyLocalAddress() ? InetAddress.getLoopbackAddress().getHostAddress() : ip.getHostAddress();
        return URI.create(
                scheme + "://" + (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort());
    }

    /**
     * Starts a registry on the loopback interface, everything else at its default.
     *
     * @param port 1 to 65535, or 0 for any free one
     * @throws IOException if the port is taken
     */
    public static RegistryServer start(int port) throws IOException {
        return builder().port(port).start();
    }

    /** A builder with every setting at its default. */
    public static Builder builder() {
        return new Builder();
    }

    /** Where it is reached from this machine, as {@code http://127.0.0.1:8500}. */
    public String url() {
        return uri.toString();
    }

    /** The port it listens on. */
    public int port() {
        return server.getAddress().getPort();
    }

    /** How many instances each service has now. */
    public Map<String, Integer> services() {
        return Map.copyOf(table.counts());
    }

    /** How many requests wait for a change. */
    int waiting() {
        return polls.size();
    }

    private RegistryServer run() {
        server.start();
        schedule();
        return this;
    }

    private synchronized void schedule() {
        if (!closed) {
            sweep = scheduler.schedule(this::sweep, SWEEP);
        }
    }

    private void sweep() {
        try {
            Set<String> changed = table.sweep(SWEEP);
            if (changed == null || !changed.isEmpty()) {
                handler.wake(changed);
            }
            handler.sweep();
            workers.interruptStuck();
            if (snapshot != null && snapshot.isStale(table) && writing.compareAndSet(false, true)) {
                writeLater(snapshot);
            }
        } finally {
            schedule();
        }
    }

    private void writeLater(RegistrySnapshot to) {
        try {
            workers.execute(() -> {
                try {
                    write(to);
                } catch (ClosedByInterruptException e) {
                    // Interrupted by close(), which writes it again, or for being stuck, and the next sweep tries
                    // again.
                    LOG.log(System.Logger.Level.DEBUG, "registry: writing the snapshot was interrupted", e);
                } finally {
                    writing.set(false);
                }
            });
        } catch (RejectedExecutionException e) {
            // Busy; the next sweep tries again.
            writing.set(false);
        }
    }

    private void write(RegistrySnapshot to) throws ClosedByInterruptException {
        try {
            to.write(table);
            snapshotTroubles.clear();
        } catch (ClosedByInterruptException e) {
            throw e;
        } catch (IOException e) {
            if (snapshotTroubles.add(e.toString())) {
                LOG.log(System.Logger.Level.WARNING, "registry: no snapshot was written, a restart would forget: " + e);
            }
        }
    }

    /** Stops listening, ends waiting requests and writes the last snapshot. Idempotent. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            if (sweep != null) {
                sweep.cancel();
            }
        }
        polls.close().forEach(poll -> poll.exchange.close());
        server.stop(0);
        workers.close();
        if (snapshot != null) {
            try {
                write(snapshot);
            } catch (ClosedByInterruptException e) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "registry: closed by an interrupted thread, the snapshot is old",
                        e);
            }
        }
    }

    @Override
    public String toString() {
        return "RegistryServer[" + uri + "]";
    }

    /** Collects the settings of a {@link RegistryServer}. Not thread-safe. */
    public static final class Builder {
        private String host = "127.0.0.1";
        private int port;
        private @Nullable String token;
        private @Nullable SSLContext tls;
        private @Nullable Path snapshotFile;
        private final List<AddressRange> allowedAddresses = new ArrayList<>();
        private int maxServices = 1_000;
        private int maxInstances = 10_000;
        private int maxWatchers = 2_000;
        private Duration warmUp = Duration.ofSeconds(30);
        private Duration stuckAfter = Duration.ofSeconds(10);
        private Ticker ticker = Ticker.system();
        private Scheduler scheduler = Scheduler.shared();

        private Builder() {}

        /**
         * Sets the address to listen on; default 127.0.0.1. Anything but a loopback address demands {@link #token} and
         * {@link #tls}.
         */
        public Builder host(String value) {
            this.host = Objects.requireNonNull(value, "host");
            return this;
        }

        /**
         * Sets the port; default 0, any free one.
         *
         * @throws IllegalArgumentException unless 0 to 65535
         */
        public Builder port(int value) {
            this.port = range("port", value, 0, 65535);
            return this;
        }

        /**
         * Sets the secret that every request has to carry; default none.
         *
         * @throws IllegalArgumentException unless it has at least 16 printable ASCII characters
         */
        public Builder token(String value) {
            this.token = RegistryRules.token(value);
            return this;
        }

        /** Sets the certificate to serve HTTPS with; default none, plain HTTP. */
        public Builder tls(SSLContext value) {
            this.tls = Objects.requireNonNull(value, "tls");
            return this;
        }

        /** Sets where to keep the leases over a restart; default nowhere. The directory must exist. */
        public Builder snapshotFile(Path value) {
            this.snapshotFile = Objects.requireNonNull(value, "snapshotFile");
            return this;
        }

        /**
         * Adds ranges in which instances may be registered by anybody who may ask. Default none: an instance only at the
         * address that registers it, or at a loopback address from this machine.
         *
         * @param ranges in CIDR spelling, as {@code 10.0.0.0/8}
         * @throws IllegalArgumentException if one is malformed
         */
        public Builder allowAddresses(String... ranges) {
            for (String range : ranges) {
                allowedAddresses.add(AddressRange.parse(range));
            }
            return this;
        }

        /**
         * Sets the most services; default 1,000.
         *
         * @throws IllegalArgumentException unless 1 to 100,000
         */
        public Builder maxServices(int value) {
            this.maxServices = range("maxServices", value, 1, 100_000);
            return this;
        }

        /**
         * Sets the most instances of all services together; default 10,000.
         *
         * @throws IllegalArgumentException unless 1 to 100,000
         */
        public Builder maxInstances(int value) {
            this.maxInstances = range("maxInstances", value, 1, 100_000);
            return this;
        }

        /**
         * Sets the most requests that wait for a change; default 2,000.
         *
         * @throws IllegalArgumentException unless 1 to 100,000
         */
        public Builder maxWatchers(int value) {
            this.maxWatchers = range("maxWatchers", value, 1, 100_000);
            return this;
        }

        /**
         * Sets for how long after a start without a snapshot answers say that they are incomplete; default 30 s, which
         * must be longer than the servers take to renew their leases.
         *
         * @throws IllegalArgumentException unless 0 to 1 hour
         */
        public Builder warmUp(Duration value) {
            this.warmUp = Durations.check("warmUp", value, Duration.ZERO, Duration.ofHours(1));
            return this;
        }

        /** For tests: how long a peer may take to send a request or to take its answer. */
        Builder stuckAfter(Duration value) {
            this.stuckAfter = value;
            return this;
        }

        /** Sets the clock that leases and waits run by; default the system's. */
        public Builder ticker(Ticker value) {
            this.ticker = Objects.requireNonNull(value, "ticker");
            return this;
        }

        /** Sets who runs the sweeps, which never block; default {@link Scheduler#shared()}. */
        public Builder scheduler(Scheduler value) {
            this.scheduler = Objects.requireNonNull(value, "scheduler");
            return this;
        }

        /**
         * Starts the registry.
         *
         * @throws IllegalArgumentException if it would listen beyond the loopback interface without token and TLS
         * @throws IOException if the port is taken or the host unknown
         */
        public RegistryServer start() throws IOException {
            InetAddress address = InetAddress.getByName(host);
            if (!address.isLoopbackAddress() && (token == null || tls == null)) {
                throw new IllegalArgumentException("host: " + host + " with " + (token == null ? "no" : "a")
                        + " token and " + (tls == null ? "no TLS" : "TLS")
                        + " (expected: a loopback address, or both token and TLS)");
            }
            return new RegistryServer(this, address).run();
        }

        private static int range(String name, int value, int min, int max) {
            if (value < min || value > max) {
                throw new IllegalArgumentException(name + ": " + value + " (expected: " + min + " to " + max + ")");
            }
            return value;
        }
    }
}
