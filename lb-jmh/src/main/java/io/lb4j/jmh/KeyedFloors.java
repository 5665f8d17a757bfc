package io.lb4j.jmh;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;

/** The loops by hand for policies with keys. */
final class KeyedFloors {
    private static final int TABLE_SIZE = 65_537;
    private static final int SMALLEST_RING = 1024;
    private static final double SPARE = 1.25;

    private KeyedFloors() {}

    /** The next of the points on the ring, by binary search. */
    static final class Ring extends Floor {
        private final long[] points;
        private final Node[] owners;

        Ring(Load load) {
            super(load, false);
            int each = (SMALLEST_RING + nodes.length - 1) / nodes.length;
            points = new SplittableRandom(1)
                    .longs((long) each * nodes.length)
                    .sorted()
                    .toArray();
            int[] order =
                    new SplittableRandom(2).ints(points.length, 0, nodes.length).toArray();
            owners = Arrays.stream(order).mapToObj(i -> nodes[i]).toArray(Node[]::new);
        }

        @Override
        Node choose(int n) {
            int at = Arrays.binarySearch(points, hash(n));
            int next = at >= 0 ? at : -at - 1;
            return owners[next == owners.length ? 0 : next];
        }
    }

    /** One lookup in a table as large as Maglev's. The size is a constant, so the remainder is a multiplication. */
    static final class Table extends Floor {
        private final Node[] slots;

        Table(Load load) {
            super(load, false);
            slots = slots(nodes);
        }

        @Override
        Node choose(int n) {
            return slots[slot(hash(n))];
        }

        static Node[] slots(Node[] nodes) {
            return new SplittableRandom(1)
                    .ints(TABLE_SIZE, 0, nodes.length)
                    .mapToObj(i -> nodes[i])
                    .toArray(Node[]::new);
        }

        static int slot(long hash) {
            return (int) ((hash & Long.MAX_VALUE) % TABLE_SIZE);
        }
    }

    /** A table's first choice unless it is too busy, then the owners of the slots after it. */
    static final class BoundedTable extends Floor {
        private final Node[] slots;
        private final AtomicInteger all;

        BoundedTable(Load load) {
            super(load, false);
            slots = Table.slots(nodes);
            all = new AtomicInteger(Arrays.stream(load.inFlight()).sum());
        }

        @Override
        Node choose(int n) {
            int slot = Table.slot(hash(n));
            double bound = Math.ceil(SPARE * (all.get() + 1) / nodes.length);
            Node node = slots[slot];
            while (node.inFlight >= bound) {
                slot = slot + 1 == slots.length ? 0 : slot + 1;
                node = slots[slot];
            }
            return node;
        }

        @Override
        void started() {
            all.getAndIncrement();
        }

        @Override
        void ended() {
            all.getAndDecrement();
        }
    }

    /** The highest of one score for each instance; the hash is the finisher of MurmurHash3. */
    static final class HighestScore extends Floor {
        private final long[] seeds;

        HighestScore(Load load) {
            super(load, false);
            seeds = new SplittableRandom(1).longs(nodes.length).toArray();
        }

        @Override
        Node choose(int n) {
            long hash = hash(n);
            int best = 0;
            long highest = Long.MIN_VALUE;
            for (int i = 0; i < seeds.length; i++) {
                long score = mixed(hash ^ seeds[i]);
                if (score > highest) {
                    highest = score;
                    best = i;
                }
            }
            return nodes[best];
        }

        static long mixed(long value) {
            long x = (value ^ (value >>> 33)) * 0xff51afd7ed558ccdL;
            x = (x ^ (x >>> 33)) * 0xc4ceb9fe1a85ec53L;
            return x ^ (x >>> 33);
        }
    }

    /**
     * The nearest of the points at or after any of 21 probes, with one point for each instance and all points in the
     * slots of a table, as Appleton and O'Reilly recommend; the hash is the finisher of MurmurHash3.
     */
    static final class Probes extends Floor {
        private static final int PROBES = 21;

        private final long[] points;
        private final Node[] owners;
        private final int[] firsts;
        private final int shift;

        Probes(Load load) {
            super(load, false);
            int bits = Integer.SIZE - Integer.numberOfLeadingZeros(nodes.length);
            shift = Long.SIZE - bits;
            points = new SplittableRandom(1)
                    .longs(nodes.length)
                    .map(each -> each ^ Long.MIN_VALUE)
                    .sorted()
                    .map(each -> each ^ Long.MIN_VALUE)
                    .toArray();
            int[] order = new SplittableRandom(2)
                    .ints(1 << 20, 0, nodes.length)
                    .distinct()
                    .limit(nodes.length)
                    .toArray();
            owners = Arrays.stream(order).mapToObj(i -> nodes[i]).toArray(Node[]::new);
            firsts = new int[1 << bits];
            int at = 0;
            for (int i = 0; i < firsts.length; i++) {
                while (at < points.length && Long.compareUnsigned(points[at], (long) i << shift) < 0) {
                    at++;
                }
                firsts[i] = at;
            }
        }

        @Override
        Node choose(int n) {
            long key = hash(n);
            int best = 0;
            long least = -1;
            for (int i = 0; i < PROBES; i++) {
                long probe = HighestScore.mixed(key + i * 0x9e3779b97f4a7c15L);
                int at = firsts[(int) (probe >>> shift)];
                while (at < points.length && Long.compareUnsigned(points[at], probe) < 0) {
                    at++;
                }
                int next = at == points.length ? 0 : at;
                long distance = points[next] - probe;
                if (Long.compareUnsigned(distance, least) < 0) {
                    least = distance;
                    best = next;
                }
            }
            return owners[best];
        }
    }

    /** The loop of Lamping and Veach's paper. */
    static final class Jump extends Floor {
        Jump(Load load) {
            super(load, false);
        }

        @Override
        Node choose(int n) {
            long key = hash(n);
            long bucket = -1;
            long next = 0;
            while (next < nodes.length) {
                bucket = next;
                key = key * 2862933555777941757L + 1;
                next = (long) ((bucket + 1) * (0x1p31 / ((key >>> 33) + 1)));
            }
            return nodes[(int) bucket];
        }
    }
}
