package io.lb4j.strategy;

import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import org.jspecify.annotations.Nullable;

/** Affinity by a {@link HashRing}. */
final class RingHash extends AffinityStrategy {
    static final int DEFAULT_MIN_SIZE = 1024;
    static final int MAX_SIZE = 8_388_608;
    static final int MAX_PER_WEIGHT = 65_536;

    private final Counts counts;
    private final Rings rings = new Rings();

    /** How many hashes instances of these weights have. */
    private interface Counts {
        int[] of(double[] weights);
    }

    private RingHash(Counts counts, @Nullable String hashKey) {
        super(hashKey);
        this.counts = counts;
    }

    static RingHash bySize(int minSize, int maxSize) {
        if (minSize < 1 || minSize > maxSize || maxSize > MAX_SIZE) {
            throw new IllegalArgumentException("ring size: " + minSize + " to " + maxSize
                    + " (expected: 1 <= minSize <= maxSize <= " + MAX_SIZE + ")");
        }
        return new RingHash(weights -> HashRing.counts(weights, minSize, maxSize), null);
    }

    static RingHash byWeight(int hashesPerWeight) {
        if (hashesPerWeight < 1 || hashesPerWeight > MAX_PER_WEIGHT) {
            throw new IllegalArgumentException(
                    "hashesPerWeight: " + hashesPerWeight + " (expected: 1 to " + MAX_PER_WEIGHT + ")");
        }
        return new RingHash(weights -> HashRing.counts(weights, hashesPerWeight), null);
    }

    @Override
    AffinityStrategy withHashKey(String metadataEntry) {
        return new RingHash(counts, metadataEntry);
    }

    @Override
    KeyOrder order(Sorted members, Eligible eligible) {
        return new Clockwise(rings.ring(eligible, members.keys(), counts.of(members.weights())));
    }

    @Override
    public String toString() {
        return named("ring hash");
    }

    /** The owners of the ring's hashes from the key's own on, clockwise. */
    private record Clockwise(HashRing ring) implements KeyOrder {
        @Override
        public int first(long hash) {
            return ring.owner(ring.find(hash));
        }

        @Override
        public int first(long hash, Gate gate, PickRequest request, long calls) {
            int position = ring.find(hash);
            for (int i = 0; i < ring.size(); i++) {
                int owner = ring.owner(position);
                if (gate.admits(owner, request, calls)) {
                    return owner;
                }
                position = ring.next(position);
            }
            return -1;
        }
    }
}
