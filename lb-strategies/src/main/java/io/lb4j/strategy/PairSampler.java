package io.lb4j.strategy;

import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Draws two different indices, each by weight; the size is at least 2. Immutable. */
final class PairSampler {
    private static final int MAX_REDRAWS = 4;

    private final int size;
    private final @Nullable AliasTable table;
    private final RandomGenerator random;

    PairSampler(Members members) {
        this.size = members.size;
        this.table = members.equalWeights() ? null : new AliasTable(members.weights);
        this.random = members.random;
    }

    /** Two indices in one number: {@link #first} and {@link #second}. */
    long draw() {
        long bits = random.nextLong();
        if (table == null) {
            // The halves are 32 random bits each: for 10,000 candidates that favours none by more than 1 in 400,000.
            return pair((int) (((bits >>> 32) * size) >>> 32), (int) (((bits & 0xFFFF_FFFFL) * (size - 1)) >>> 32));
        }
        int first = table.pick(bits);
        if (size > 2) {
            for (int i = 0; i < MAX_REDRAWS; i++) {
                int second = table.pick(random.nextLong());
                if (second != first) {
                    return (long) first << 32 | second;
                }
            }
        }
        // One candidate has nearly all the weight, or there is only one other.
        return pair(first, Fractions.scale(random.nextLong(), size - 1));
    }

    /** The second is an index among the others. */
    private static long pair(int first, int other) {
        return (long) first << 32 | (other < first ? other : other + 1);
    }

    static int first(long pair) {
        return (int) (pair >>> 32);
    }

    static int second(long pair) {
        return (int) pair;
    }
}
