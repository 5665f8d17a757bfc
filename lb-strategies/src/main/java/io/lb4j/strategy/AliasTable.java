package io.lb4j.strategy;

/** Draws an index with probability proportional to its weight in constant time, from 64 random bits. */
final class AliasTable {
    /*
     * The alias method: n columns of equal height hold all the probability, each shared by at most two indices. A draw
     * chooses a column and then a side of it.
     *
     * Michael D. Vose, "A Linear Algorithm for Generating Random Numbers with a Given Distribution", IEEE Transactions
     * on Software Engineering 17(9), 1991, after A. J. Walker, 1974.
     *
     * One 64-bit number serves both choices: the high half of its product with n is the column, and the low half is
     * spread evenly within the column, so that its upper 32 bits are compared with the column's share as a fraction of
     * 2^32. Without a branch, which nobody could foresee, and with share and alias in one word: a draw looks at one
     * place of memory.
     */
    private static final double TWO_TO_32 = 0x1p32;

    /** The share in the upper half, the alias in the lower. */
    private final long[] columns;

    /** @param weights at least one; each positive and finite */
    AliasTable(double[] weights) {
        int n = weights.length;
        columns = new long[n];
        double[] height = normalised(weights);
        int[] work = new int[n];
        int small = 0;
        int large = n;
        for (int i = 0; i < n; i++) {
            if (height[i] < 1) {
                work[small++] = i;
            } else {
                work[--large] = i;
            }
        }
        while (small > 0 && large < n) {
            int low = work[--small];
            int high = work[large];
            set(low, height[low], high);
            height[high] = (height[high] + height[low]) - 1;
            if (height[high] < 1) {
                large++;
                work[small++] = high;
            }
        }
        // What is left is of height 1 but for rounding.
        while (small > 0) {
            int low = work[--small];
            set(low, 1, low);
        }
        for (; large < n; large++) {
            set(work[large], 1, work[large]);
        }
    }

    /** Weights scaled to a mean of 1, without overflow of their sum. */
    private static double[] normalised(double[] weights) {
        double max = 0;
        for (double weight : weights) {
            max = Math.max(max, weight);
        }
        double sum = 0;
        for (double weight : weights) {
            sum += weight / max;
        }
        double[] height = new double[weights.length];
        for (int i = 0; i < height.length; i++) {
            height[i] = weights[i] / max * (weights.length / sum);
        }
        return height;
    }

    private void set(int column, double ownShare, int other) {
        // One that is rounded to nothing would never be drawn. A whole column has itself for alias, so the bit is not
        // missed.
        long share = Math.max(1, Math.min((1L << 32) - 1, Math.round(ownShare * TWO_TO_32)));
        columns[column] = share << 32 | other;
    }

    /** The index that {@code bits}, drawn evenly from all 64-bit numbers, stand for. */
    int pick(long bits) {
        int column = Fractions.scale(bits, columns.length);
        long found = columns[column];
        long beyond = ((found >>> 32) - (Fractions.remainder(bits, columns.length) >>> 32) - 1) >> 63;
        return column ^ ((column ^ (int) found) & (int) beyond);
    }
}
