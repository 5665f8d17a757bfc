package io.lb4j.strategy;

import io.lb4j.XxHash64;
import java.util.Arrays;

/** A table of indices: a key's hash modulo its size is the slot it belongs to. */
final class MaglevTable {
    /*
     * Daniel E. Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016, section 3.4,
     * in Envoy's form (maglev_lb.cc), bit for bit: every index visits all slots in an order of its own and takes the next
     * free one when it is its turn, which for the heaviest is in every round and for others as often as their weight
     * says. Other attempts of a key look up the hash changed as Envoy changes it.
     */
    private final int[] slots;
    private final long reciprocal;

    /**
     * @param keys the hash keys, sorted
     * @param weights their weights, each positive
     * @param size a prime
     */
    MaglevTable(String[] keys, double[] weights, int size) {
        this.slots = new int[size];
        this.reciprocal = Long.divideUnsigned(-1, size);
        Arrays.fill(slots, -1);
        int n = keys.length;
        int[] slot = new int[n];
        int[] skip = new int[n];
        double[] share = new double[n];
        double[] target = new double[n];
        double total = 0;
        for (double weight : weights) {
            total += weight;
        }
        double max = 0;
        for (int i = 0; i < n; i++) {
            slot[i] = (int) Long.remainderUnsigned(XxHash64.hash(keys[i], 0), size);
            skip[i] = (int) (Long.remainderUnsigned(XxHash64.hash(keys[i], 1), size - 1) + 1);
            share[i] = weights[i] / total;
            max = Math.max(max, share[i]);
        }
        int filled = 0;
        for (long round = 1; filled < size; round++) {
            for (int i = 0; i < n && filled < size; i++) {
                if (round * share[i] < target[i]) {
                    continue;
                }
                target[i] += max;
                int at = slot[i];
                while (slots[at] >= 0) {
                    at = step(at, skip[i]);
                }
                slots[at] = i;
                slot[i] = step(at, skip[i]);
                filled++;
            }
        }
    }

    private int step(int at, int skip) {
        int next = at + skip;
        return next >= slots.length ? next - slots.length : next;
    }

    int size() {
        return slots.length;
    }

    /** The index in {@code slot}. */
    int owner(int slot) {
        return slots[slot];
    }

    /** The index that attempt {@code attempt} of a key with this hash belongs to. */
    int owner(long hash, int attempt) {
        return slots[slotOf(attempt == 0 ? hash : hash ^ -(long) attempt)];
    }

    /** {@code hash} modulo the size, without sign, by multiplication. */
    private int slotOf(long hash) {
        // The estimate of the quotient is too small by at most 2.
        long quotient = Math.multiplyHigh(hash, reciprocal) + (hash >> 63 & reciprocal);
        long rest = hash - quotient * slots.length;
        while (rest >= slots.length) {
            rest -= slots.length;
        }
        return (int) rest;
    }
}
