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
    private static final int GONE = -1;

    private final long[] hashes;
    private final int[] owners;
    private final int[] guide;
    private final int shift;

    /**
     * @param keys the owners' hash keys, in an order that does not depend on discovery
     * @param counts how many hashes each has
     */
    HashRing(String[] keys, int[] counts) {
        this(Points.of(keys, counts, new boolean[keys.length]));
    }

    private HashRing(Points points) {
        hashes = points.hashes;
        owners = points.owners;
        int size = hashes.length;
        int bits = Math.max(1, 32 - Integer.numberOfLeadingZeros(size));
        shift = 64 - bits;
        guide = guide(hashes, bits);
    }

    /** By the first bits of a hash, how many hashes have lesser ones: counted, as comparing would take branches nobody can foresee. */
    private static int[] guide(long[] hashes, int bits) {
        int[] lesser = new int[1 << bits];
        for (long hash : hashes) {
            lesser[(int) (hash >>> (64 - bits))]++;
        }
        int sum = 0;
        for (int i = 0; i < lesser.length; i++) {
            int here = lesser[i];
            lesser[i] = sum;
            sum += here;
        }
        return lesser;
    }

    /**
     * The ring for other owners, made of this one where they are the same: one of ten thousand that is replaced has a
     * ten-thousandth of the hashes to be drawn and sorted.
     *
     * @param oldKeys the keys this ring was made with, sorted
     * @param oldCounts their counts
     * @param keys the new keys, sorted
     * @param counts their counts
     */
    HashRing changed(String[] oldKeys, int[] oldCounts, String[] keys, int[] counts) {
        int[] now = new int[oldKeys.length];
        boolean[] kept = new boolean[keys.length];
        int j = 0;
        for (int i = 0; i < now.length; i++) {
            while (j < keys.length && keys[j].compareTo(oldKeys[i]) < 0) {
                j++;
            }
            now[i] = GONE;
            if (j < keys.length && keys[j].equals(oldKeys[i])) {
                if (counts[j] == oldCounts[i]) {
                    kept[j] = true;
                    now[i] = j;
                }
                j++;
            }
        }
        return new HashRing(Points.of(keys, counts, kept)
                .merged(hashes, owners, now, Arrays.stream(counts).sum()));
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

    /** Hashes in order, with their owners. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Points(long[] hashes, int[] owners) {

        /** The hashes of those that are not kept. */
        static Points of(String[] keys, int[] counts, boolean[] kept) {
            int size = 0;
            for (int i = 0; i < counts.length; i++) {
                size += kept[i] ? 0 : counts[i];
            }
            long[] drawn = new long[size];
            int[] drawnBy = new int[size];
            int at = 0;
            for (int i = 0; i < keys.length; i++) {
                if (!kept[i]) {
                    Draws draws = new Draws(keys[i]);
                    for (int k = 0; k < counts[i]; k++) {
                        drawn[at] = draws.next();
                        drawnBy[at++] = i;
                    }
                }
            }
            return sorted(drawn, drawnBy);
        }

        private static Points sorted(long[] drawn, int[] drawnBy) {
            int size = drawn.length;
            long[] hashes = new long[size];
            int[] owners = new int[size];
            // Sorted as longs, with the position in place of the low bits, which is many times faster than sorting
            // objects.
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
            return new Points(hashes, owners);
        }

        /** These and the older ones whose owners are still there, {@code size} in all. */
        Points merged(long[] older, int[] olderOwners, int[] now, int size) {
            long[] allHashes = new long[size];
            int[] allOwners = new int[size];
            int to = 0;
            int next = 0;
            for (int i = 0; i < older.length; i++) {
                int owner = now[olderOwners[i]];
                if (owner == GONE) {
                    continue;
                }
                while (next < hashes.length && isBefore(next, older[i], owner)) {
                    allHashes[to] = hashes[next];
                    allOwners[to++] = owners[next++];
                }
                allHashes[to] = older[i];
                allOwners[to++] = owner;
            }
            System.arraycopy(hashes, next, allHashes, to, hashes.length - next);
            System.arraycopy(owners, next, allOwners, to, hashes.length - next);
            return new Points(allHashes, allOwners);
        }

        private boolean isBefore(int index, long hash, int owner) {
            int order = Long.compareUnsigned(hashes[index], hash);
            return order < 0 || (order == 0 && owners[index] < owner);
        }
    }

    /** The hashes of "key_0", "key_1" and so on, counted up in place. */
    private static final class Draws {
        private byte[] text;
        private boolean begun;

        Draws(String key) {
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
