package io.lb4j.strategy;

import com.google.common.math.IntMath;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import org.jspecify.annotations.Nullable;

/** Affinity by a {@link MaglevTable}. */
final class Maglev extends AffinityStrategy {
    static final int DEFAULT_SIZE = 65_537;
    static final int MAX_SIZE = 5_000_011;

    private final int size;

    Maglev(int size, @Nullable String hashKey) {
        super(hashKey);
        if (size < 2 || size > MAX_SIZE || !IntMath.isPrime(size)) {
            throw new IllegalArgumentException(
                    "tableSize: " + size + " (expected: a prime from 2 to " + MAX_SIZE + ")");
        }
        this.size = size;
    }

    @Override
    AffinityStrategy withHashKey(String metadataEntry) {
        return new Maglev(size, metadataEntry);
    }

    @Override
    KeyOrder order(Sorted members, Eligible eligible) {
        return new Rehashed(new MaglevTable(members.keys(), members.weights(), size));
    }

    @Override
    public String toString() {
        return named("maglev");
    }

    /** The table's answers for the key's hash and its successive changes. */
    private record Rehashed(MaglevTable table) implements KeyOrder {
        @Override
        public int first(long hash) {
            return table.owner(hash, 0);
        }

        @Override
        public int first(long hash, Gate gate, PickRequest request, long calls) {
            // The changes run through whole blocks of successive hashes, so twice the size reaches every slot.
            int attempts = Integer.highestOneBit(table.size()) << 2;
            for (int i = 0; i < attempts; i++) {
                int owner = table.owner(hash, i);
                if (gate.admits(owner, request, calls)) {
                    return owner;
                }
            }
            return -1;
        }
    }
}
