package io.lb4j.strategy.decorator;

import io.lb4j.XxHash64;
import java.util.Arrays;

/**
 * The order in which each client prefers the instances, by hashes that are even for every instance: of any eight
 * clients with successive indices one has the instance in the first eighth of its order, one in the second, and so on;
 * and likewise within the eighths for groups of eight. Whoever takes the first k therefore shares the instances three
 * times as evenly as by plain hashes, and an instance that comes or goes changes one place in an order and no more.
 */
final class ClientOrder {
    /*
     * A hash is a number in [0, 1). Its first three bits come from a random permutation of eight for the group and the
     * instance. The rest is the group's number in the van der Corput sequence, scrambled for the instance by flipping
     * each bit by a hash of the bits before it (A. B. Owen, "Randomly Permuted (t,m,s)-Nets and (t,s)-Sequences", 1995).
     * Scrambling alone would not do: clients with equal low bits would have the same instances in the same eighth, and
     * with them too many or too few.
     */
    static final int GROUP = 8;

    private static final int SCRAMBLED_BITS = 16;
    private static final long IDENTITY = 0x7654_3210L;

    /** Keeps the permutation's hashes apart from those that flip bits. */
    private static final long PERMUTE = 0x7065_726d_7574_6564L;

    private final long[] permutations;
    private final long[] fractions;

    private ClientOrder(int group, long[] ids) {
        permutations = new long[ids.length];
        fractions = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            permutations[i] = permutation(XxHash64.hash(group, ids[i] ^ PERMUTE));
            fractions[i] = scrambled(group, ids[i]) >>> 4;
        }
    }

    /**
     * What the eight clients of a group have in common.
     *
     * @param group the client's index by {@link #GROUP}
     * @param ids hashes of the instances' ids
     */
    static ClientOrder of(int group, long[] ids) {
        return new ClientOrder(group, ids);
    }

    /** The first {@code count} instances in the order of a client of the group, by their places among the ids. */
    int[] first(int count, int client) {
        return smallest(count, hashes(client));
    }

    /** A client's hashes, as unsigned numbers of 63 bits. */
    long[] hashes(int client) {
        long[] hashes = new long[fractions.length];
        for (int i = 0; i < hashes.length; i++) {
            hashes[i] = (permutations[i] >>> (4 * (client % GROUP)) & 7) << 60 | fractions[i];
        }
        return hashes;
    }

    /** The places of the smallest of values that are spread evenly over all 63 bits, in their order. */
    static int[] smallest(int count, long[] values) {
        int n = values.length;
        // Four standard deviations more than needed; then there are enough of them below the limit, or we try again.
        double expected = count + 4 * Math.sqrt(count) + 4;
        long[] ranked = below(expected >= n ? Long.MAX_VALUE : (long) (Long.MAX_VALUE * (expected / n)), values);
        if (ranked.length < Math.min(count, n)) {
            ranked = below(Long.MAX_VALUE, values);
        }
        Arrays.sort(ranked);
        int[] order = new int[Math.min(count, ranked.length)];
        for (int i = 0; i < order.length; i++) {
            order[i] = (int) (ranked[i] & mask(n));
        }
        return order;
    }

    /** The values up to the limit, with their places in bits that nobody misses, which breaks ties, too. */
    private static long[] below(long limit, long[] values) {
        long mask = mask(values.length);
        long[] ranked = new long[values.length];
        int n = 0;
        for (int i = 0; i < values.length; i++) {
            if (values[i] <= limit) {
                ranked[n++] = (values[i] & ~mask) | i;
            }
        }
        return Arrays.copyOf(ranked, n);
    }

    private static long mask(int places) {
        return (1L << (Integer.SIZE - Integer.numberOfLeadingZeros(places))) - 1;
    }

    /** Eight numbers of four bits each, in random order. */
    private static long permutation(long random) {
        long numbers = IDENTITY;
        long left = random >>> 1;
        for (int i = GROUP - 1; i > 0; i--) {
            int other = (int) (left % (i + 1));
            left /= i + 1;
            long difference = (numbers >>> (4 * i) ^ numbers >>> (4 * other)) & 0xF;
            numbers ^= difference << (4 * i) | difference << (4 * other);
        }
        return numbers;
    }

    private static long scrambled(int group, long seed) {
        int bits = Integer.reverse(group);
        long scrambled = 0;
        for (int depth = 0; depth < SCRAMBLED_BITS; depth++) {
            long before = 1L << depth | (depth == 0 ? 0 : bits >>> (Integer.SIZE - depth));
            long flip = XxHash64.hash(before, seed) & 1;
            scrambled = scrambled << 1 | ((bits >>> (Integer.SIZE - 1 - depth) & 1) ^ flip);
        }
        return scrambled << (Long.SIZE - SCRAMBLED_BITS) | XxHash64.hash(group, ~seed) >>> SCRAMBLED_BITS;
    }
}
