package io.lb4j.strategy;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/** Draws a first index by weight, and a stride in which to go on from it so that all that follow are different. Immutable. */
final class StrideSampler {
    /*
     * Strides are prime to the size. Michael Mitzenmacher, "Balanced Allocations and Double Hashing", SPAA 2014: this
     * balances as well as independent choices, for two random numbers in all.
     */
    private static final int MAX_STRIDES = 256;

    private final AliasTable table;
    private final int[] strides;
    private final RandomGenerator random;

    /** @param members at least two */
    StrideSampler(Members members) {
        this.table = new AliasTable(members.weights);
        this.strides = strides(members.size);
        this.random = members.random;
    }

    private static int[] strides(int size) {
        int[] found = new int[Math.min(size - 1, MAX_STRIDES)];
        int count = 0;
        int stride = 1;
        for (int i = 0; i < found.length; i++) {
            stride = Math.max(stride, (int) (1 + (long) i * (size - 1) / found.length));
            while (stride < size && !Numbers.coprime(stride, size)) {
                stride++;
            }
            if (stride < size) {
                found[count++] = stride++;
            }
        }
        return Arrays.copyOf(found, count);
    }

    int first() {
        return table.pick(random.nextLong());
    }

    int stride() {
        return strides[Fractions.scale(random.nextLong(), strides.length)];
    }
}
