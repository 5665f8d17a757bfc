package io.lb4j.strategy;

import java.util.Arrays;

/**
 * How even shares are: exactly, where a table can be enumerated, or as counted over keys.
 *
 * @param most the largest share over the mean
 * @param deviation the relative standard deviation
 */
record Evenness(double most, double deviation) {

    static Evenness of(double[] shares) {
        double mean = Arrays.stream(shares).average().orElseThrow();
        double squares = 0;
        for (double share : shares) {
            squares += (share - mean) * (share - mean);
        }
        return new Evenness(
                Arrays.stream(shares).max().orElseThrow() / mean, Math.sqrt(squares / shares.length) / mean);
    }

    /** Of keys drawn: what chance adds to exactly equal shares is the square root of instances per key. */
    static Evenness of(long[] counts) {
        return of(Arrays.stream(counts).asDoubleStream().toArray());
    }

    static Evenness of(MaglevTable table, int n) {
        double[] slots = new double[n];
        for (int i = 0; i < table.size(); i++) {
            slots[table.owner(i)]++;
        }
        return of(slots);
    }

    /** The stretches that end at an instance's hashes. */
    static Evenness of(HashRing ring, int n) {
        return of(shares(ring, n, 1));
    }

    static Evenness of(MultiProbe.Nearest nearest, int n) {
        return of(shares(nearest.ring(), n, nearest.probes()));
    }

    /**
     * The chance of each owner to be the nearest of so many probes. A stretch of length L is a probe's nearest at
     * distance x < L in proportion to dx, and the others are farther with the chance G(x) of one, to the power of
     * their number, where G(x) is what all stretches have beyond x. Between two lengths G is linear, so its powers
     * integrate exactly.
     */
    static double[] shares(HashRing ring, int n, int probes) {
        int size = ring.size();
        double[] lengths = new double[size];
        for (int i = 0; i < size; i++) {
            long stretch = ring.hash(i) - ring.hash(i == 0 ? size - 1 : i - 1);
            lengths[i] = (stretch >>> 1) * 0x1p-63;
        }
        Integer[] byLength = new Integer[size];
        Arrays.setAll(byLength, i -> i);
        Arrays.sort(byLength, (a, b) -> Double.compare(lengths[a], lengths[b]));
        double[] shares = new double[n];
        double at = 0;
        double beyond = 1;
        double share = 0;
        for (int rank = 0; rank < size; rank++) {
            int longer = size - rank;
            double length = lengths[byLength[rank]];
            double rest = Math.max(0, beyond - longer * (length - at));
            share += (power(beyond, probes) - power(rest, probes)) / longer;
            at = length;
            beyond = rest;
            shares[ring.owner(byLength[rank])] += share;
        }
        return shares;
    }

    /** By multiplication, which gives the same result everywhere. */
    private static double power(double base, int exponent) {
        double result = 1;
        for (int i = 0; i < exponent; i++) {
            result *= base;
        }
        return result;
    }
}
