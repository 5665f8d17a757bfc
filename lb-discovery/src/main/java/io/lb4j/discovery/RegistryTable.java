package io.lb4j.discovery;

import io.lb4j.ServiceInstance;
import io.lb4j.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the registry knows: leases on instances, and an index that grows with every change. No network, no file, no
 * thread; time is given. Thread-safe.
 */
final class RegistryTable {
    /** A sweep that comes later than this says that the whole process stood still, not that everybody else died. */
    private static final long PAUSE_NANOS = Duration.ofSeconds(1).toNanos();

    private final Ticker ticker;
    private final String epoch;
    private final int maxServices;
    private final int maxInstances;
    private final long completeAt;

    private final Map<String, Service> services = new LinkedHashMap<>();
    private int instances;
    private long bytes;
    private long index;

    /** No service's index is lower; grows when something changes for all of them. */
    private long floor;

    private boolean complete;
    private long lastSweep;
    private long version;

    /**
     * An instance held by somebody who promised to renew it.
     *
     * @param lease the holder's secret, by which two processes with one id are told apart
     */
    record Entry(ServiceInstance instance, String lease, Duration ttl) {}

    /** What a watcher of one service is told; {@code instances} is null if the service is unknown. */
    record View(
            String service,
            String epoch,
            long index,
            boolean complete,
            @Nullable List<ServiceInstance> instances,
            Collection<String> known) {}

    private static final class Service {
        final Map<String, Held> held = new TreeMap<>();
        long index;
    }

    private static final class Held {
        final Entry entry;
        final int bytes;
        long expiresAt;

        Held(Entry entry, int bytes, long expiresAt) {
            this.entry = entry;
            this.bytes = bytes;
            this.expiresAt = expiresAt;
        }
    }

    /**
     * An empty table.
     *
     * @param epoch tells this table from its predecessor, whose index may have been higher
     * @param warmUp for how long an instance that isn't here may just not have had the time to register
     */
    RegistryTable(Ticker ticker, String epoch, int maxServices, int maxInstances, Duration warmUp) {
        this.ticker = ticker;
        this.epoch = epoch;
        this.maxServices = maxServices;
        this.maxInstances = maxInstances;
        this.lastSweep = ticker.nanos();
        this.completeAt = lastSweep + warmUp.toNanos();
        this.complete = warmUp.isZero();
    }

    /**
     * Takes or replaces a lease. An id that is held by somebody else is theirs until the lease ends, unless the new one
     * is at the same location: then the holder was restarted.
     *
     * @param size what the instance counts as, in bytes
     * @return whether watchers have to be told
     */
    synchronized boolean register(String service, Entry entry, int size) throws Refusal {
        ServiceInstance instance = entry.instance();
        Service there = services.get(service);
        Held before = there == null ? null : there.held.get(instance.id());
        if (before != null
                && !before.entry.lease().equals(entry.lease())
                && !before.entry.instance().sameLocation(instance)) {
            throw new Refusal(
                    409,
                    service + "/" + instance.id() + " is held by "
                            + before.entry.instance().authority() + " (expected: an id of one's own, or to wait until "
                            + "that lease ends)");
        }
        if (before == null && instances >= maxInstances) {
            throw new Refusal(
                    503, "the registry has " + instances + " instances (expected: at most " + maxInstances + ")");
        }
        int growth = size - (before == null ? 0 : before.bytes);
        if (bytes + growth > RegistryRules.MAX_TOTAL_BYTES) {
            throw new Refusal(
                    503,
                    "the registry holds " + bytes + " bytes (expected: at most " + RegistryRules.MAX_TOTAL_BYTES
                            + " in all)");
        }
        if (there == null) {
            there = create(service);
        }
        there.held.put(
                instance.id(),
                new Held(entry, size, ticker.nanos() + entry.ttl().toNanos()));
        bytes += growth;
        instances += before == null ? 1 : 0;
        version++;
        if (before != null && before.entry.instance().equals(instance)) {
            return false;
        }
        there.index = ++index;
        return true;
    }

    private Service create(String service) throws Refusal {
        if (services.size() >= maxServices && !evictEmpty()) {
            throw new Refusal(
                    503, "the registry has " + services.size() + " services (expected: at most " + maxServices + ")");
        }
        Service created = new Service();
        services.put(service, created);
        return created;
    }

    private boolean evictEmpty() {
        for (Iterator<Service> all = services.values().iterator(); all.hasNext(); ) {
            if (all.next().held.isEmpty()) {
                all.remove();
                return true;
            }
        }
        return false;
    }

    /** Renews a lease; returns for how long it is good. {@code lease} null renews whosever it is. */
    synchronized Duration renew(String service, String id, @Nullable String lease) throws Refusal {
        Held held = held(service, id, lease);
        held.expiresAt = ticker.nanos() + held.entry.ttl().toNanos();
        return held.entry.ttl();
    }

    /** Ends a lease. {@code lease} null ends whosever it is. */
    synchronized void deregister(String service, String id, @Nullable String lease) throws Refusal {
        held(service, id, lease);
        Service there = services.get(service);
        if (there != null) {
            remove(there, id);
        }
    }

    private Held held(String service, String id, @Nullable String lease) throws Refusal {
        Service there = services.get(service);
        Held held = there == null ? null : there.held.get(id);
        if (held == null) {
            throw new Refusal(404, service + "/" + id + " is not registered (expected: to register it first)");
        }
        if (lease != null && !lease.equals(held.entry.lease())) {
            throw new Refusal(
                    409,
                    service + "/" + id + " is held by " + held.entry.instance().authority()
                            + " under another lease (expected: the lease it was registered with)");
        }
        return held;
    }

    private void remove(Service there, String id) {
        Held gone = there.held.remove(id);
        if (gone != null) {
            bytes -= gone.bytes;
            instances--;
            there.index = ++index;
            version++;
        }
    }

    /**
     * Ends the leases whose time is up, and the warm-up when its is.
     *
     * @param interval how often this is called
     * @return the services that changed; null stands for all of them
     */
    synchronized @Nullable Set<String> sweep(Duration interval) {
        long now = ticker.nanos();
        long late = now - lastSweep - interval.toNanos();
        lastSweep = now;
        Set<String> changed = new LinkedHashSet<>();
        services.forEach((name, service) -> {
            if (late > PAUSE_NANOS) {
                service.held.values().forEach(held -> held.expiresAt += late);
            }
            List<String> expired = new ArrayList<>();
            service.held.forEach((id, held) -> {
                if (held.expiresAt - now <= 0) {
                    expired.add(id);
                }
            });
            expired.forEach(id -> remove(service, id));
            if (!expired.isEmpty()) {
                changed.add(name);
            }
        });
        if (!complete && completeAt - now <= 0) {
            complete = true;
            floor = ++index;
            return null;
        }
        return changed;
    }

    /** Ends the warm-up: the table was filled from a memory of what was before. */
    synchronized void trust() {
        complete = true;
    }

    /** What there is to say about a service. */
    synchronized View view(String service) {
        Service there = services.get(service);
        if (there == null) {
            return new View(service, epoch, floor, complete, null, List.copyOf(services.keySet()));
        }
        List<ServiceInstance> all =
                there.held.values().stream().map(held -> held.entry.instance()).toList();
        return new View(service, epoch, Math.max(floor, there.index), complete, all, List.of());
    }

    /** Whether a watcher that saw {@code seen} of {@code seenEpoch} (null: didn't say) has seen everything. */
    synchronized boolean isCurrent(String service, long seen, @Nullable String seenEpoch) {
        Service there = services.get(service);
        long current = there == null ? floor : Math.max(floor, there.index);
        return seen == current && (seenEpoch == null || seenEpoch.equals(epoch));
    }

    /** How many instances each service has. */
    synchronized Map<String, Integer> counts() {
        Map<String, Integer> counts = new TreeMap<>();
        services.forEach((name, service) -> counts.put(name, service.held.size()));
        return counts;
    }

    /** Everything that is held, by service. */
    synchronized Map<String, List<Entry>> entries() {
        Map<String, List<Entry>> entries = new LinkedHashMap<>();
        services.forEach((name, service) -> entries.put(
                name, service.held.values().stream().map(held -> held.entry).toList()));
        return entries;
    }

    /** Grows with every change that a snapshot would have to hold; renewals are none. */
    synchronized long version() {
        return version;
    }
}
