package io.lb4j.strategy;

import io.lb4j.XxHash64;
import java.util.Arrays;

/**
 * What {@code jumpHash()} and {@code ringHash(int)} are compared with: Gal Mendelson et al., "AnchorHash: A Scalable
 * Consistent Hash", IEEE/ACM Transactions on Networking 29(2), 2021, with the notation of algorithm 3. Where keys go
 * depends on the order in which buckets were removed, so it is no affinity for processes that share nothing.
 */
final class AnchorHash {
    private final int[] removedAt;
    private final int[] working;
    private final int[] places;
    private final int[] successors;
    private final int[] removed;
    private int removals;
    private int size;

    AnchorHash(int capacity, int size) {
        removedAt = new int[capacity];
        working = new int[capacity];
        places = new int[capacity];
        successors = new int[capacity];
        removed = new int[capacity];
        Arrays.setAll(working, i -> i);
        Arrays.setAll(places, i -> i);
        Arrays.setAll(successors, i -> i);
        this.size = size;
        for (int bucket = capacity - 1; bucket >= size; bucket--) {
            removed[removals++] = bucket;
            removedAt[bucket] = bucket;
        }
    }

    void remove(int bucket) {
        removed[removals++] = bucket;
        size--;
        removedAt[bucket] = size;
        int last = working[size];
        working[places[bucket]] = last;
        successors[bucket] = last;
        places[last] = places[bucket];
    }

    /** Brings back the bucket that was removed last. */
    int add() {
        int bucket = removed[--removals];
        removedAt[bucket] = 0;
        places[working[size]] = size;
        working[places[bucket]] = bucket;
        successors[bucket] = bucket;
        size++;
        return bucket;
    }

    int first(long hash) {
        int bucket = below(hash, removedAt.length);
        while (removedAt[bucket] > 0) {
            int next = below(XxHash64.hash(hash, bucket), removedAt[bucket]);
            while (removedAt[next] >= removedAt[bucket]) {
                next = successors[next];
            }
            bucket = next;
        }
        return bucket;
    }

    private static int below(long hash, int bound) {
        return (int) Math.multiplyHigh(hash >>> 1, (long) bound << 1);
    }
}
