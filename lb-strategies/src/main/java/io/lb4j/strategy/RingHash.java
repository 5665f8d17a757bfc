package io.lb4j.strategy;

import io.lb4j.PickRequest;
import org.jspecify.annotations.Nullable;

/** Affinity by a {@link HashRing}. */
final class RingHash extends AffinityStrategy {
    static final int DEFAULT_MIN_SIZE = 1024;
    static final int MAX_SIZE = 8_388_608;

    private final int minSize;
    private final int maxSize;

    RingHash(int minSize, int maxSize, @Nullable String hashKey) {
        super(hashKey);
        if (minSize < 1 || minSize > maxSize || maxSize > MAX_SIZE) {
            throw new IllegalArgumentException("ring size: " + minSize + " to " + maxSize
                    + " (expected: 1 <= minSize <= maxSize <= " + MAX_SIZE + ")");
        }
        this.minSize = minSize;
        this.maxSize = maxSize;
    }

    @Override
    AffinityStrategy withHashKey(String metadataEntry) {
        return new RingHash(minSize, maxSize, metadataEntry);
    }

    @Override
    KeyOrder order(String[] keys, double[] weights) {
        return new Clockwise(new HashRing(keys, weights, minSize, maxSize));
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
        public int first(long hash, Gate gate, PickRequest request) {
            int position = ring.find(hash);
            for (int i = 0; i < ring.size(); i++) {
                int owner = ring.owner(position);
                if (gate.admits(owner, request)) {
                    return owner;
                }
                position = ring.next(position);
            }
            return -1;
        }
    }
}
