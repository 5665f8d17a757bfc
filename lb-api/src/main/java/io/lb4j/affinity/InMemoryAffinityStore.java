package io.lb4j.affinity;

import io.lb4j.Ticker;
import io.lb4j.internal.LruMap;
import io.lb4j.internal.Settings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A store in this process: for several clients in one application, for tests, and to keep keys where they are when
 * instances come and go although nobody else shares them. Bounded: the claims that were not used for longest make room,
 * and their keys go where the strategy puts them. Thread-safe.
 */
public final class InMemoryAffinityStore implements AffinityStore {
    /** Few enough to be small, enough for threads not to meet. */
    private static final int STRIPES = 16;

    /** With fewer keys one stripe may be full while another is empty. */
    private static final int LEAST_PER_STRIPE = 1_024;

    private final int maxKeys;
    private final Duration timeToLive;
    private final long timeToLiveNanos;
    private final Ticker ticker;

    /** Each guarded by itself. */
    private final List<LruMap<Key, Held>> stripes;

    private final AtomicLong versions = new AtomicLong();
    private final Map<String, List<Listener>> listeners = new ConcurrentHashMap<>();

    private record Key(String service, long hash) {}

    private record Held(Claim claim, long sinceNanos) {}

    InMemoryAffinityStore(int maxKeys, Duration timeToLive, Ticker ticker) {
        Settings.atLeast(1, maxKeys, "maxKeys");
        Settings.positive(timeToLive, "timeToLive");
        this.maxKeys = maxKeys;
        this.timeToLive = timeToLive;
        this.timeToLiveNanos = timeToLive.toNanos();
        this.ticker = ticker;
        int count = Math.max(1, Math.min(STRIPES, maxKeys / LEAST_PER_STRIPE));
        this.stripes = Stream.generate(() -> new LruMap<Key, Held>(maxKeys / count))
                .limit(count)
                .toList();
    }

    /**
     * An empty store.
     *
     * @param maxKeys how many claims it keeps, of all services together; at least 1
     * @param timeToLive for how long a claim is kept that nobody asks for
     * @throws IllegalArgumentException if out of range
     */
    public static InMemoryAffinityStore create(int maxKeys, Duration timeToLive) {
        return new InMemoryAffinityStore(maxKeys, timeToLive, Ticker.system());
    }

    @Override
    public CompletionStage<Claim> claim(String service, long key, String instance, @Nullable Claim lost) {
        Key held = new Key(Objects.requireNonNull(service, "service"), key);
        LruMap<Key, Held> stripe = stripes.get(Math.floorMod(Long.hashCode(key), stripes.size()));
        Claim now;
        boolean moved = false;
        synchronized (stripe) {
            long nanos = ticker.nanos();
            Held before = stripe.get(held);
            if (before == null || nanos - before.sinceNanos >= timeToLiveNanos) {
                now = new Claim(instance, versions.incrementAndGet());
            } else if (before.claim.equals(lost)) {
                now = new Claim(instance, versions.incrementAndGet());
                moved = true;
            } else {
                now = before.claim;
            }
            stripe.put(held, new Held(now, nanos));
        }
        if (moved) {
            for (Listener each : listeners.getOrDefault(service, List.of())) {
                each.onMoved(key, now);
            }
        }
        return CompletableFuture.completedFuture(now);
    }

    @Override
    public Watch watch(String service, Listener listener) {
        Objects.requireNonNull(listener, "listener");
        List<Listener> all = listeners.computeIfAbsent(service, each -> new CopyOnWriteArrayList<>());
        all.add(listener);
        return () -> all.remove(listener);
    }

    /** How many claims it keeps at this moment, those included whose time is over but whose place nobody needed. */
    public int size() {
        int sum = 0;
        for (LruMap<Key, Held> stripe : stripes) {
            synchronized (stripe) {
                sum += stripe.size();
            }
        }
        return sum;
    }

    /** Does nothing: there is nothing to let go of. */
    @Override
    public void close() {}

    @Override
    public String toString() {
        return "InMemoryAffinityStore[" + size() + " of " + maxKeys + " keys, for " + timeToLive + "]";
    }
}
