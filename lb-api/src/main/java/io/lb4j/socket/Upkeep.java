package io.lb4j.socket;

import io.lb4j.Scheduler;
import io.lb4j.Ticker;
import io.lb4j.balancer.InstanceReport;
import io.lb4j.balancer.LoadBalancer;
import java.io.Closeable;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.channels.Channel;
import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Looks after open connections once a second, while there are some: ends the leases of channels that somebody has
 * closed, and the connections that have lived long enough. Thread-safe.
 */
final class Upkeep {
    private static final System.Logger LOG = System.getLogger(Upkeep.class.getName());

    static final Duration PERIOD = Duration.ofSeconds(1);

    /** How far ages are spread, to either side. As gRPC's. */
    private static final double SPREAD = 0.1;

    private final LoadBalancer balancer;
    private final @Nullable Lifetime lifetime;
    private final Ticker ticker;
    private final Scheduler scheduler;
    private final RandomGenerator random;
    private final Set<Entry> entries = ConcurrentHashMap.newKeySet();

    /** Whether a round is scheduled or runs. */
    private final AtomicBoolean running = new AtomicBoolean();

    /** What is known of one connection. All but the connection itself is used by the rounds alone. */
    private static final class Entry {
        final Connection connection;

        /** What its user has, and what is to be closed; weak, or it would never be found abandoned. */
        final WeakReference<Closeable> handle;

        final WeakReference<Closeable> transport;
        final long expiresAt;
        long closesAt;

        Entry(Connection connection, Closeable handle, Closeable transport, long expiresAt) {
            this.connection = connection;
            this.handle = new WeakReference<>(handle);
            this.transport = new WeakReference<>(transport);
            this.expiresAt = expiresAt;
        }
    }

    Upkeep(
            LoadBalancer balancer,
            @Nullable Lifetime lifetime,
            Ticker ticker,
            Scheduler scheduler,
            RandomGenerator random) {
        this.balancer = balancer;
        this.lifetime = lifetime;
        this.ticker = ticker;
        this.scheduler = scheduler;
        this.random = random;
    }

    /**
     * Looks after a connection until it is gone.
     *
     * @param handle what its user has
     * @param transport what is closed by force; if it is a channel, its end is noticed
     */
    void add(Connection connection, Closeable handle, Closeable transport) {
        entries.add(new Entry(connection, handle, transport, expiry()));
        start();
    }

    private long expiry() {
        Duration maxAge = lifetime == null ? null : lifetime.maxAge();
        if (maxAge == null) {
            return 0;
        }
        double factor = 1 + SPREAD * (2 * random.nextDouble() - 1);
        return ticker.nanos() + (long) (maxAge.toNanos() * factor);
    }

    private void start() {
        if (running.get() || !running.compareAndSet(false, true)) {
            return;
        }
        try {
            scheduler.schedule(this::round, PERIOD);
        } catch (RuntimeException e) {
            // A scheduler that was shut down: connections are worth more than their upkeep.
            running.set(false);
            LOG.log(System.Logger.Level.WARNING, "connections to " + balancer.service() + " are not looked after", e);
        }
    }

    private void round() {
        try {
            look();
        } catch (Throwable e) {
            LOG.log(System.Logger.Level.WARNING, "connections to " + balancer.service() + " were not looked after", e);
        }
        running.set(false);
        // Whoever adds one from now on finds nothing running; who added one before is seen here.
        if (!entries.isEmpty()) {
            start();
        }
    }

    private void look() {
        Map<String, InstanceReport.State> states = states();
        long now = ticker.nanos();
        for (Iterator<Entry> each = entries.iterator(); each.hasNext(); ) {
            Entry entry = each.next();
            if (isGone(entry) || (lifetime != null && isOver(entry, lifetime, states, now))) {
                each.remove();
            }
        }
    }

    private Map<String, InstanceReport.State> states() {
        Map<String, InstanceReport.State> states = new HashMap<>();
        if (lifetime != null && lifetime.drain()) {
            for (InstanceReport each : balancer.instances()) {
                states.put(each.instance().id(), each.state());
            }
        }
        return states;
    }

    private static boolean isGone(Entry entry) {
        Closeable transport = entry.transport.get();
        if (transport == null || (transport instanceof Channel channel && !channel.isOpen())) {
            entry.connection.end();
        }
        return !entry.connection.isOpen();
    }

    private boolean isOver(Entry entry, Lifetime rules, Map<String, InstanceReport.State> states, long now) {
        if (!entry.connection.isExpired()) {
            Lifetime.Reason reason = reason(entry, rules, states, now);
            if (reason == null) {
                return false;
            }
            entry.connection.expire();
            entry.closesAt = now + (rules.grace() == null ? 0 : rules.grace().toNanos());
            tell(entry, rules, reason);
        }
        if (rules.grace() == null || now - entry.closesAt < 0) {
            return false;
        }
        Closeable transport = entry.transport.get();
        if (transport != null) {
            close(transport);
        }
        entry.connection.end();
        return true;
    }

    private Lifetime.@Nullable Reason reason(
            Entry entry, Lifetime rules, Map<String, InstanceReport.State> states, long now) {
        if (rules.drain()) {
            InstanceReport.State state = states.get(entry.connection.instance().id());
            if (state == null) {
                return Lifetime.Reason.GONE;
            }
            if (state == InstanceReport.State.DRAINING) {
                return Lifetime.Reason.DRAINING;
            }
        }
        return rules.maxAge() != null && now - entry.expiresAt >= 0 ? Lifetime.Reason.AGE : null;
    }

    private static void tell(Entry entry, Lifetime rules, Lifetime.Reason reason) {
        Closeable handle = entry.handle.get();
        if (handle == null) {
            return;
        }
        try {
            rules.listener().onExpired(handle, entry.connection.instance(), reason);
        } catch (Throwable e) {
            LOG.log(System.Logger.Level.WARNING, "a listener for expired connections threw", e);
        }
    }

    private static void close(Closeable transport) {
        try {
            transport.close();
        } catch (IOException e) {
            // It is as closed as it gets.
        }
    }

    int size() {
        return entries.size();
    }
}
