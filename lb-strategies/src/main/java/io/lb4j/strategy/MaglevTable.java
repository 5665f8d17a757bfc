package io.lb4j.strategy;

import io.lb4j.XxHash64;
import java.util.Comparator;
import java.util.PriorityQueue;

/** A table of indices: a key's hash modulo its size is the slot it belongs to. */
final class MaglevTable {
    /*
     * Daniel E. Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016, section 3.4,
     * in Envoy's form (maglev_lb.cc), bit for bit: every index visits all slots in an order of its own and takes the next
     * free one when it is its turn, which for the heaviest is in every round and for others as often as their weight
     * says. Other attempts of a key look up the hash changed as Envoy changes it.
     */
    private static final int SMALLEST = 2;

    /** A round that no table reaches, and far from where longs end. */
    private static final double NEVER = 1L << 60;

    /** Beyond this ratio of the heaviest to the mean, looking at everybody in every round is mostly in vain. */
    private static final double UNEVEN = 8;

    private final int[] slots;
    private final long reciprocal;

    /**
     * @param keys the hash keys, sorted
     * @param weights their weights, each positive
     * @param size a prime
     */
    MaglevTable(String[] keys, double[] weights, int size) {
        int[] table = new Filling(keys, weights, size).slots();
        // The reciprocal of 2 is no positive long, and a table of twice the size is as good.
        slots = size == SMALLEST ? new int[] {table[0], table[1], table[0], table[1]} : table;
        reciprocal = Long.divideUnsigned(-1, slots.length) + 1;
    }

    /** The table in the making. */
    private static final class Filling {
        private final int[] slots;

        /** A bit for each slot that is taken: of a table this stays in the nearest cache, where most looks find one. */
        private final long[] taken;

        private final int[] slot;
        private final int[] skip;
        private final double[] share;
        private final double[] target;
        private double max;
        private int filled;

        Filling(String[] keys, double[] weights, int size) {
            int n = keys.length;
            slots = new int[size];
            taken = new long[(size >>> 6) + 1];
            slot = new int[n];
            skip = new int[n];
            share = new double[n];
            target = new double[n];
            double total = 0;
            for (double weight : weights) {
                total += weight;
            }
            for (int i = 0; i < n; i++) {
                slot[i] = (int) Long.remainderUnsigned(XxHash64.hash(keys[i], 0), size);
                skip[i] = (int) (Long.remainderUnsigned(XxHash64.hash(keys[i], 1), size - 1) + 1);
                share[i] = weights[i] / total;
                max = Math.max(max, share[i]);
            }
        }

        int[] slots() {
            if (max * share.length <= UNEVEN) {
                fillByRounds();
            } else {
                fillByTurns();
            }
            return slots;
        }

        private void fillByRounds() {
            for (long round = 1; filled < slots.length; round++) {
                for (int i = 0; i < share.length && filled < slots.length; i++) {
                    if (isDue(i, round)) {
                        place(i);
                    }
                }
            }
        }

        /** The same order, from one turn to the next instead of through every round. */
        private void fillByTurns() {
            PriorityQueue<Turn> turns = new PriorityQueue<>(share.length, Turn.ORDER);
            for (int i = 0; i < share.length; i++) {
                turns.add(new Turn(1, i));
            }
            while (filled < slots.length) {
                Turn now = turns.remove();
                place(now.index);
                turns.add(new Turn(nextRound(now.index, now.round), now.index));
            }
        }

        private boolean isDue(int i, long round) {
            return !(round * share[i] < target[i]);
        }

        private long nextRound(int i, long after) {
            // Rounding may put the quotient a round or two beside the first in which the product suffices.
            long round = Math.max(after + 1, (long) Math.min(NEVER, target[i] / share[i]) - 2);
            while (!isDue(i, round)) {
                round++;
            }
            return round;
        }

        private void place(int i) {
            target[i] += max;
            int at = slot[i];
            while ((taken[at >>> 6] >>> at & 1) != 0) {
                at = step(at, skip[i], slots.length);
            }
            taken[at >>> 6] |= 1L << at;
            slots[at] = i;
            slot[i] = step(at, skip[i], slots.length);
            filled++;
        }
    }

    private record Turn(long round, int index) {
        static final Comparator<Turn> ORDER =
                Comparator.comparingLong(Turn::round).thenComparingInt(Turn::index);
    }

    private static int step(int at, int skip, int size) {
        int next = at + skip;
        return next >= size ? next - size : next;
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
        // The quotient is right or too large by 1, as the reciprocal is rounded up: no branch that can't be foreseen.
        long quotient = Math.multiplyHigh(hash, reciprocal) + (hash >> 63 & reciprocal);
        long rest = hash - quotient * slots.length;
        return (int) (rest + (rest >> 63 & slots.length));
    }
}
