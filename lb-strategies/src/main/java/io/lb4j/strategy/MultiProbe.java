package io.lb4j.strategy;

import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.XxHash64;
import org.jspecify.annotations.Nullable;

/** Affinity by several looks at a {@link HashRing} with few hashes. */
final class MultiProbe extends AffinityStrategy {
    static final int DEFAULT_PROBES = 21;
    static final int MAX_PROBES = 1024;

    /**
     * The paper has one, which leaves some instances without keys and can't tell weights apart. The shares' relative
     * standard deviation is 1 / sqrt(hashes * (2 * probes + 1)).
     */
    private static final int HASHES_PER_WEIGHT = 32;

    private final int probes;
    private final Rings rings = new Rings();

    MultiProbe(int probes, @Nullable String hashKey) {
        super(hashKey);
        if (probes < 1 || probes > MAX_PROBES) {
            throw new IllegalArgumentException("probes: " + probes + " (expected: 1 to " + MAX_PROBES + ")");
        }
        this.probes = probes;
    }

    @Override
    AffinityStrategy withHashKey(String metadataEntry) {
        return new MultiProbe(probes, metadataEntry);
    }

    @Override
    KeyOrder order(Sorted members, Eligible eligible) {
        int[] counts = HashRing.counts(members.weights(), HASHES_PER_WEIGHT);
        return new Nearest(rings.ring(eligible, members.keys(), counts), probes);
    }

    @Override
    public String toString() {
        return named("multi-probe");
    }

    /** The owner of the hash that is nearest to any of the key's probes, clockwise. */
    record Nearest(HashRing ring, int probes) implements KeyOrder {
        /*
         * Ben Appleton, Michael O'Reilly, "Multi-probe consistent hashing", 2015. With k probes no instance has more than
         * 1 + 1/(k - 1) of the mean share, since only the last stretch before each of its hashes counts. One that is gone leaves
         * every distance to others as it was, so nobody else's keys move. Probe i of a key is XXH64 with seed i of the
         * key's hash as eight bytes (little endian).
         */
        @Override
        public int first(long hash) {
            int best = 0;
            long least = -1;
            for (int i = 0; i < probes; i++) {
                long probe = XxHash64.hash(hash, i);
                int position = ring.find(probe);
                long distance = ring.hash(position) - probe;
                if (Long.compareUnsigned(distance, least) < 0) {
                    best = position;
                    least = distance;
                }
            }
            return ring.owner(best);
        }

        /** As if those that the gate does not admit were not on the ring. */
        @Override
        public int first(long hash, Gate gate, PickRequest request, long calls) {
            int best = -1;
            long least = -1;
            for (int i = 0; i < probes; i++) {
                long probe = XxHash64.hash(hash, i);
                int position = ring.find(probe);
                for (int k = 0; k < ring.size(); k++) {
                    long distance = ring.hash(position) - probe;
                    if (best >= 0 && Long.compareUnsigned(distance, least) >= 0) {
                        break;
                    }
                    int owner = ring.owner(position);
                    if (gate.admits(owner, request, calls)) {
                        best = owner;
                        least = distance;
                        break;
                    }
                    position = ring.next(position);
                }
                if (best < 0) {
                    return -1;
                }
            }
            return best;
        }
    }
}
