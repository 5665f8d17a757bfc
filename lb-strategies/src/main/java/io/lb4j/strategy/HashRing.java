package io.lb4j.strategy;

import io.lb4j.XxHash64;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A ring of hashes, each owned by one index: a key belongs to the next hash clockwise. */
final class HashRing {
    /*
     * David Karger et al., "Consistent Hashing and Random Trees", STOC 1997, in Envoy's form (ring_hash_lb.cc), so that a
     * key goes to the same instance from here and through Envoy: XXH64 with seed 0 of "<key>_<i>" for the i-th hash of
     * an instance, hashes compared without sign, the successor of the last is the first. The number of hashes makes the
     * lightest instance's a whole number, as far as the largest size allows.
     */
    private final long[] hashes;
    private final int[] owners;
    private final int[] guide;
    private final int shift;

    /**
     * @param keys the owners' hash keys, in an order that does not depend on discovery
     * @param counts how many hashes each has
     */
    HashRing(String[] keys, int[] counts) {
        int size = 0;
        for (int count : counts) {
            size += count;
        }
        hashes = new long[size];
        owners = new int[size];
        fill(keys, counts);
        int bits = Math.max(1, 32 - Integer.numberOfLeadingZeros(size));
        shift = 64 - bits;
        guide = new int[1 << bits];
        int at = 0;
        for (int i = 0; i < guide.length; i++) {
            while (at < size && Long.compareUnsigned(hashes[at], (long) i << shift) < 0) {
                at++;
            }
            guide[i] = at;
        }
    }

    /** Envoy's numbers of hashes: in proportion to weights, a whole number for the lightest, within the bounds. */
    static int[] counts(double[] weights, int minSize, int maxSize) {
        double total = 0;
        for (double weight : weights) {
            total += weight;
        }
        double least = Double.POSITIVE_INFINITY;
        for (double weight : weights) {
            least = Math.min(least, weight / total);
        }
        double scale = Math.min(Math.ceil(least * minSize) / least, maxSize);
        int[] counts = new int[weights.length];
        double target = 0;
        int size = 0;
        for (int i = 0; i < counts.length; i++) {
            target += scale * (weights[i] / total);
            while (size < target) {
                counts[i]++;
                size++;
            }
        }
        return counts;
    }

    /** Numbers of hashes that depend on the instance's own weight alone, as long as the ring is not too large. */
    static int[] counts(double[] weights, int hashesPerWeight) {
        double total = 0;
        for (double weight : weights) {
            total += weight * hashesPerWeight;
        }
        double scale = hashesPerWeight * Math.min(1, RingHash.MAX_SIZE / total);
        int[] counts = new int[weights.length];
        for (int i = 0; i < counts.length; i++) {
            counts[i] = (int) Math.max(1, Math.rint(weights[i] * scale));
        }
        return counts;
    }

    private void fill(String[] keys, int[] counts) {
        int size = hashes.length;
        long[] drawn = new long[size];
        int[] drawnBy = new int[size];
        int at = 0;
        for (int i = 0; i < keys.length; i++) {
            Points points = new Points(keys[i]);
            for (int k = 0; k < counts[i]; k++) {
                drawn[at] = points.next();
                drawnBy[at++] = i;
            }
        }
        // Sorted as longs, with the position in place of the low bits, which is many times faster than sorting objects.
        long mask = ((long) Integer.highestOneBit(size) << 1) - 1;
        long[] order = new long[size];
        for (int i = 0; i < size; i++) {
            order[i] = ((drawn[i] & ~mask) | i) ^ Long.MIN_VALUE;
        }
        Arrays.sort(order);
        for (int i = 0; i < size; i++) {
            int from = (int) (order[i] & mask);
            // Hashes that differ in their low bits alone are put right by insertion.
            int to = i;
            while (to > 0 && Long.compareUnsigned(hashes[to - 1], drawn[from]) > 0) {
                hashes[to] = hashes[to - 1];
                owners[to] = owners[to - 1];
                to--;
            }
            hashes[to] = drawn[from];
            owners[to] = drawnBy[from];
        }
    }

    int size() {
        return hashes.length;
    }

    /** The position of the first hash at or after {@code hash}. */
    int find(long hash) {
        int at = guide[(int) (hash >>> shift)];
        while (at < hashes.length && Long.compareUnsigned(hashes[at], hash) < 0) {
            at++;
        }
        return at == hashes.length ? 0 : at;
    }

    int next(int position) {
        return position + 1 == hashes.length ? 0 : position + 1;
    }

    int owner(int position) {
        return owners[position];
    }

    long hash(int position) {
        return hashes[position];
    }

    /** The hashes of "key_0", "key_1" and so on, counted up in place. */
    private static final class Points {
        private byte[] text;
        private boolean begun;

        Points(String key) {
            this.text = (key + "_0").getBytes(StandardCharsets.UTF_8);
        }

        long next() {
            if (begun) {
                increment();
            }
            begun = true;
            return XxHash64.hash(text, 0);
        }

        private void increment() {
            int at = text.length - 1;
            while (text[at] == '9') {
                text[at--] = '0';
            }
            if (text[at] != '_') {
                text[at]++;
                return;
            }
            byte[] longer = Arrays.copyOf(text, text.length + 1);
            longer[at + 1] = '1';
            longer[text.length] = '0';
            text = longer;
        }
    }
}
