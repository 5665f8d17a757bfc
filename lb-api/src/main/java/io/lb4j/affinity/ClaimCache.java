package io.lb4j.affinity;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Where this process last saw keys. Bounded: a key has eight places, and if all are taken by others, what is oldest there
 * makes room. Reads take no lock; writes follow an answer of the store and take one.
 */
final class ClaimCache {
    private static final int WAYS = 8;

    /** Spreads hashes whose upper bits are alike (Knuth's multiplicative hashing). */
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private final AtomicReferenceArray<@Nullable Entry> table;
    private final int shift;

    /**
     * What is known of one key.
     *
     * @param instance where its calls go
     * @param claim what the store said last; null if it has not been heard
     * @param sinceNanos when it was asked
     */
    record Entry(long key, String instance, @Nullable Claim claim, long sinceNanos) {

        /** Whether it is what the store said, and not made up while it was away. */
        boolean isConfirmed() {
            return claim != null && claim.instance().equals(instance);
        }

        /** The claim that this one replaced while the store was away; null if there was none. */
        @Nullable
        Claim displaced() {
            return isConfirmed() ? null : claim;
        }
    }

    ClaimCache(int keys) {
        int sets = Math.max(2, Integer.highestOneBit(keys * 2 - 1) / WAYS);
        this.table = new AtomicReferenceArray<>(sets * WAYS);
        this.shift = Long.SIZE - Integer.numberOfTrailingZeros(sets);
    }

    @Nullable
    Entry find(long key) {
        int at = firstPlace(key);
        for (int i = at; i < at + WAYS; i++) {
            Entry entry = table.get(i);
            if (entry != null && entry.key == key) {
                return entry;
            }
        }
        return null;
    }

    /** Keeps what the store said, unless it has said something newer within this time. */
    synchronized void put(Entry next, long recentNanos) {
        int at = firstPlace(next.key);
        int place = at;
        for (int i = at; i < at + WAYS; i++) {
            Entry entry = table.get(i);
            if (entry == null) {
                place = table.get(place) == null ? place : i;
                continue;
            }
            if (entry.key == next.key) {
                if (!isOutdated(next, entry, recentNanos)) {
                    table.set(i, next);
                }
                return;
            }
            Entry oldest = table.get(place);
            if (oldest != null && entry.sinceNanos - oldest.sinceNanos < 0) {
                place = i;
            }
        }
        table.set(place, next);
    }

    /** Answers may overtake each other; but versions may begin anew when a store has lost its memory. */
    private static boolean isOutdated(Entry next, Entry entry, long recentNanos) {
        return entry.claim != null
                && (next.claim == null || next.claim.version() < entry.claim.version())
                && next.sinceNanos - entry.sinceNanos < recentNanos;
    }

    private int firstPlace(long key) {
        return (int) ((key * GOLDEN) >>> shift) * WAYS;
    }
}
