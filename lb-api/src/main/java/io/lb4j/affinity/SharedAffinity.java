package io.lb4j.affinity;

import io.lb4j.PickRequest;
import io.lb4j.Scheduler;
import io.lb4j.Ticker;
import io.lb4j.balancer.InstanceReport;
import io.lb4j.balancer.Lease;
import io.lb4j.balancer.LoadBalancer;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Has each key served by the one instance that an {@link AffinityStore} names for it, in every process that shares the
 * store. A key that nobody has claimed is claimed for the instance that the balancer's strategy picks; it stays there,
 * whatever instances come and go, until that one dies, and doesn't return. Stands between a balancer and its callers:
 *
 * <pre>{@code
 * Lease lease = affinity.acquire(PickRequest.ofKey(session), Duration.ofSeconds(1)).join();
 * }</pre>
 *
 * <p>An instance is dead for this process if discovery lists it no more or says that it drains, if health has taken it out,
 * or if a call was just refused a connection ({@link #acquireNext}). Which of several such reports counts is decided by the
 * store: keys are moved by compare-and-set on the claim's version, so that all processes follow the first. An instance
 * that is alive but full, or asked to be left alone, keeps its keys; calls that it can't take are served elsewhere.
 *
 * <p>The store never makes a call fail. If it fails or takes longer than {@link AffinitySettings#lookupTimeout}, a key
 * stays where this process saw it last, and a key it never saw goes where the strategy puts it: so the strategy should be
 * one that keeps keys in place, as every process then does the same. What was decided meanwhile is offered to the store
 * when it is back.
 *
 * <p>Thread-safe. The balancer and the store stay the caller's.
 */
public final class SharedAffinity implements AutoCloseable {
    /**
     * For how long a claim on an instance that was never listed here is respected: discovery may be faster for another
     * process than for this one.
     */
    static final Duration STRANGER_GRACE = Duration.ofSeconds(5);

    /** Ids remembered at most; more means that nobody reuses them, and then they need not be remembered either. */
    private static final int MAX_IDS = 10_000;

    private final LoadBalancer balancer;
    private final AffinitySettings settings;
    private final long cacheForNanos;
    private final Ticker ticker;
    private final ClaimCache cache;
    private final StoreGuard guard;
    private final AffinityStore.Watch watch;

    /** Instances that were seen alive at some time. */
    private final Set<String> seen = ConcurrentHashMap.newKeySet();

    /** Since when instances are claimed that were never seen. */
    private final Map<String, Long> strangers = new ConcurrentHashMap<>();

    private final LongAdder remembered = new LongAdder();
    final LongAdder moved = new LongAdder();
    final LongAdder guests = new LongAdder();
    final LongAdder unasked = new LongAdder();

    /** What the store said before may have changed since. */
    private volatile long validSince;

    private SharedAffinity(Builder builder) {
        this.balancer = builder.balancer;
        this.settings = builder.settings;
        this.cacheForNanos = settings.cacheFor().toNanos();
        this.ticker = builder.ticker;
        this.validSince = ticker.nanos();
        this.cache = new ClaimCache(settings.cachedKeys());
        this.guard = new StoreGuard(
                balancer.service(), builder.store, settings.lookupTimeout(), ticker, builder.scheduler, this::learn);
        this.watch = builder.store.watch(balancer.service(), new Moves());
    }

    /** A builder for the affinity of a balancer's service. */
    public static Builder builder(LoadBalancer balancer, AffinityStore store) {
        return new Builder(balancer, store);
    }

    /**
     * A lease on the instance of the request's key, as {@link LoadBalancer#acquireAsync} gives it; one without a key goes
     * where the strategy puts it. Done at once if this process knows the key's instance and that takes calls; else when the
     * store has answered, or its time is over. Cancelling the result gives up; a lease that came all the same must be
     * closed. What depends on the result may run on the store's thread, and so must be quick.
     *
     * @param maxWait how long to wait at most for room, if there is a queue
     * @throws IllegalStateException if the balancer is closed
     */
    public CompletableFuture<Lease> acquire(PickRequest request, Duration maxWait) {
        if (!request.hasHash()) {
            return balancer.acquireAsync(request, maxWait);
        }
        ClaimCache.Entry known = cache.find(request.hash());
        CompletableFuture<Lease> first = take(request, known, maxWait);
        boolean sure = false;
        if (known != null && isSure(known)) {
            if (first.isDone()
                    && !first.isCompletedExceptionally()
                    && first.join().instance().id().equals(known.instance())) {
                remembered.increment();
                return first;
            }
            sure = true;
        }
        return new Placement(this, request, maxWait, known, sure, null).start(first);
    }

    /**
     * A lease for a further attempt of a call. If its instance is dead, the key is moved first, so that the attempt goes
     * where all other processes will go; else this call alone goes elsewhere.
     *
     * @param next the request, which excludes the instances that failed
     * @param failed the lease of the attempt that failed
     * @param dead whether it showed that the instance is no more: its port refused the connection, say. That it
     *     answered with an error, or not in time, doesn't
     * @throws IllegalStateException if the balancer is closed
     */
    public CompletableFuture<Lease> acquireNext(PickRequest next, Lease failed, boolean dead) {
        ClaimCache.Entry known = next.hasHash() ? cache.find(next.hash()) : null;
        if (known == null) {
            return balancer.acquireAsync(next, Duration.ZERO);
        }
        String there = failed.instance().id();
        if (!dead && next.excludes(failed.candidate()) && there.equals(known.instance())) {
            guests.increment();
            return balancer.acquireAsync(next, Duration.ZERO);
        }
        return new Placement(this, next, Duration.ZERO, known, isSure(known), dead ? there : null)
                .start(take(next, known, Duration.ZERO));
    }

    /**
     * Says that an instance has a key already, as it made that itself: it began a session under this name, say. If somebody holds the key, it stays
     * where it is. Waits for nothing; the next call with the key in this process goes there in any case.
     *
     * @param hash the key's, as in {@link PickRequest#hash()}
     * @param instanceId the id of the instance, 1 to 255 characters
     */
    public void settle(long hash, String instanceId) {
        if (cache.find(hash) == null) {
            assume(hash, instanceId, null);
        }
        guard.ask(hash, instanceId, null, unused -> {});
    }

    /** What became of calls so far. */
    public AffinityStats stats() {
        return new AffinityStats(
                remembered.sum(), guard.asked.sum(), moved.sum(), guests.sum(), unasked.sum(), guard.failures.sum());
    }

    /** Stops listening to the store. Calls may still be made, and are not told of keys that others move. Idempotent. */
    @Override
    public void close() {
        watch.close();
    }

    @Override
    public String toString() {
        return "SharedAffinity[" + balancer.service() + ", " + stats() + "]";
    }

    CompletableFuture<Lease> take(PickRequest request, ClaimCache.@Nullable Entry known, Duration maxWait) {
        return balancer.acquireAsync(known == null ? request : request.preferring(known.instance()), maxWait);
    }

    void ask(long key, String instance, @Nullable Claim lost, Consumer<@Nullable Claim> then) {
        guard.ask(key, instance, lost, then);
    }

    long nanos() {
        return ticker.nanos();
    }

    /** Remembers where a key went without the store's word. */
    void assume(long key, String instance, @Nullable Claim displaced) {
        cache.put(new ClaimCache.Entry(key, instance, displaced, ticker.nanos()), cacheForNanos);
    }

    private void learn(long key, Claim claim, long askedNanos) {
        cache.put(new ClaimCache.Entry(key, claim.instance(), claim, askedNanos), cacheForNanos);
    }

    private boolean isSure(ClaimCache.Entry entry) {
        return entry.isConfirmed()
                && ticker.nanos() - entry.sinceNanos() < cacheForNanos
                && entry.sinceNanos() - validSince >= 0;
    }

    /**
     * Whether the keys of this instance need another one.
     *
     * @param dead the id of one that a call has just found dead, or null
     */
    boolean isLost(String id, @Nullable String dead) {
        if (id.equals(dead)) {
            return true;
        }
        InstanceReport report = balancer.instance(id);
        if (report == null) {
            return seen.contains(id) || isStrangerForLong(id);
        }
        saw(id);
        return switch (report.state()) {
            case EJECTED, UNHEALTHY -> true;
            // One that said goodbye is told apart: many say so out of habit, and stay.
            case DRAINING -> report.instance().isDraining();
            case ELIGIBLE, FULL, OVERLOADED, LOWER_PRIORITY, OTHER_SUBSET -> false;
        };
    }

    /** The instance was alive at this moment: if discovery lists it no more one day, it is gone. */
    void saw(String id) {
        if (!seen.contains(id) && seen.size() < MAX_IDS) {
            seen.add(id);
        }
        strangers.remove(id);
    }

    private boolean isStrangerForLong(String id) {
        if (strangers.size() >= MAX_IDS) {
            strangers.clear();
        }
        long now = ticker.nanos();
        Long since = strangers.putIfAbsent(id, now);
        return since != null && now - since >= STRANGER_GRACE.toNanos();
    }

    /** What others moved is believed at once. */
    private final class Moves implements AffinityStore.Listener {
        @Override
        public void onMoved(long key, Claim now) {
            if (cache.find(key) != null) {
                learn(key, now, ticker.nanos());
            }
        }

        @Override
        public void onUnsure() {
            validSince = ticker.nanos();
        }
    }

    /** Collects the parts and settings. Not thread-safe. */
    public static final class Builder {
        private final LoadBalancer balancer;
        private final AffinityStore store;
        private AffinitySettings settings = AffinitySettings.DEFAULT;
        private Ticker ticker = Ticker.system();
        private Scheduler scheduler = Scheduler.shared();

        private Builder(LoadBalancer balancer, AffinityStore store) {
            this.balancer = Objects.requireNonNull(balancer, "balancer");
            this.store = Objects.requireNonNull(store, "store");
        }

        /** Sets time-out and memory; default {@link AffinitySettings#DEFAULT}. */
        public Builder settings(AffinitySettings value) {
            this.settings = Objects.requireNonNull(value, "settings");
            return this;
        }

        /** Sets the clock; default {@link Ticker#system()}. */
        public Builder ticker(Ticker value) {
            this.ticker = Objects.requireNonNull(value, "ticker");
            return this;
        }

        /** Sets what runs time-outs; default {@link Scheduler#shared()}. Never shut down. */
        public Builder scheduler(Scheduler value) {
            this.scheduler = Objects.requireNonNull(value, "scheduler");
            return this;
        }

        /** Builds it and starts to listen to the store. */
        public SharedAffinity build() {
            return new SharedAffinity(this);
        }
    }
}
