package io.lb4j.jmh;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The cheapest correct loop for each policy, as somebody would write it by hand over an array of instances that never
 * changes: no snapshot to read, no faults to expect, no outcomes, nothing to explain afterwards.
 */
final class Floors {
    private static final int TABLE_SIZE = 65_537;
    private static final int SMALLEST_RING = 1024;
    private static final double SPARE = 1.25;

    private Floors() {}

    static Contender create(Policy policy, Load load) {
        return switch (policy) {
            case ROUND_ROBIN -> new RoundRobin(load);
            case WEIGHTED_ROUND_ROBIN -> new Schedule(load, false);
            case RANDOM -> new Random(load);
            case WEIGHTED_RANDOM -> new Alias(load);
            case POWER_OF_TWO_CHOICES -> new TwoChoices(load);
            case LEAST_REQUEST -> new Scan(load);
            case LEAST_REQUEST_ROUND_ROBIN -> new ScanInTurn(load);
            case PEAK_EWMA -> new TwoLatencies(load);
            case WEIGHTED_BY_RESPONSE_TIME -> new Schedule(load, true);
            case RING_HASH -> new Ring(load);
            case MAGLEV -> new Table(load);
            case RENDEZVOUS -> new HighestScore(load);
            case BOUNDED_LOAD -> new BoundedTable(load);
            case JUMP_HASH -> new Jump(load);
            case STICKY_UNTIL_FAILURE -> new Sticky(load);
        };
    }

    /** An instance: a count of calls in flight, and a latency where the policy needs one. */
    private static final class Node {
        private static final double FADING = 1e-9;
        private static final VarHandle IN_FLIGHT;

        static {
            try {
                IN_FLIGHT = MethodHandles.lookup().findVarHandle(Node.class, "inFlight", int.class);
            } catch (ReflectiveOperationException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        private volatile int inFlight;
        private volatile double latency = 1;
        private volatile long measured;

        Node(int inFlight) {
            this.inFlight = inFlight;
        }

        int start() {
            return (int) IN_FLIGHT.getAndAdd(this, 1);
        }

        int end() {
            return (int) IN_FLIGHT.getAndAdd(this, -1);
        }

        void took(long nanos, long now) {
            double before = latency;
            latency = before + 0.1 * (nanos - before);
            measured = now;
        }

        /** Linear in time since the last sample, which is the least that an average which fades can cost. */
        double cost(long now) {
            return (latency - (now - measured) * FADING) * (inFlight + 1);
        }
    }

    /** Two numbers below a bound out of one draw. */
    private static final class Bits {
        static int high(long bits, int bound) {
            return (int) (((bits >>> 32) * bound) >>> 32);
        }

        static int low(long bits, int bound) {
            return (int) (((bits & 0xffff_ffffL) * bound) >>> 32);
        }
    }

    private abstract static class Floor implements Contender {
        final Load load;
        final Node[] nodes;
        private final boolean timed;

        Floor(Load load, boolean timed) {
            this.load = load;
            this.timed = timed;
            nodes = Arrays.stream(load.inFlight()).mapToObj(Node::new).toArray(Node[]::new);
        }

        abstract Node choose(int n);

        @Override
        public final Object pick(int n) {
            return choose(n);
        }

        @Override
        public final Object call(int n) {
            Node node = choose(n);
            node.start();
            started();
            if (timed) {
                long start = System.nanoTime();
                long now = System.nanoTime();
                node.took(now - start, now);
            }
            node.end();
            ended();
            return node;
        }

        /** What else a policy must count. */
        void started() {}

        void ended() {}

        final long hash(int n) {
            return load.request(n).hash();
        }
    }

    private static final class RoundRobin extends Floor {
        private final AtomicInteger next = new AtomicInteger();

        RoundRobin(Load load) {
            super(load, false);
        }

        @Override
        Node choose(int n) {
            return nodes[(next.getAndIncrement() & Integer.MAX_VALUE) % nodes.length];
        }
    }

    /** The smooth weighted rotation, written out beforehand: weights are small integers here. */
    private static final class Schedule extends Floor {
        private final Node[] turn;
        private final AtomicInteger next = new AtomicInteger();

        Schedule(Load load, boolean timed) {
            super(load, timed);
            double[] weights = load.weights();
            int total = (int) Arrays.stream(weights).sum();
            double[] due = new double[weights.length];
            turn = new Node[total];
            for (int i = 0; i < total; i++) {
                int most = 0;
                for (int k = 0; k < due.length; k++) {
                    due[k] += weights[k];
                    most = due[k] > due[most] ? k : most;
                }
                due[most] -= total;
                turn[i] = nodes[most];
            }
        }

        @Override
        Node choose(int n) {
            return turn[(next.getAndIncrement() & Integer.MAX_VALUE) % turn.length];
        }
    }

    private static final class Random extends Floor {
        Random(Load load) {
            super(load, false);
        }

        @Override
        Node choose(int n) {
            return nodes[ThreadLocalRandom.current().nextInt(nodes.length)];
        }
    }

    /** Walker's alias method, in integers: weights times the size stand in columns as high as their sum. */
    private static final class Alias extends Floor {
        private final int[] own;
        private final Node[] other;
        private final int total;

        Alias(Load load) {
            super(load, false);
            int size = nodes.length;
            double[] weights = load.weights();
            total = (int) Arrays.stream(weights).sum();
            own = new int[size];
            other = nodes.clone();
            long[] height = new long[size];
            for (int i = 0; i < size; i++) {
                height[i] = Math.round(weights[i]) * size;
            }
            // Each round closes the lowest open column by the highest, until all are level.
            boolean[] closed = new boolean[size];
            for (int round = 0; round < size; round++) {
                int low = -1;
                int high = -1;
                for (int i = 0; i < size; i++) {
                    if (!closed[i]) {
                        low = low < 0 || height[i] < height[low] ? i : low;
                        high = high < 0 || height[i] > height[high] ? i : high;
                    }
                }
                own[low] = (int) height[low];
                other[low] = nodes[high];
                height[high] -= total - height[low];
                closed[low] = true;
            }
        }

        @Override
        Node choose(int n) {
            long bits = ThreadLocalRandom.current().nextLong();
            int column = Bits.high(bits, nodes.length);
            return Bits.low(bits, total) < own[column] ? nodes[column] : other[column];
        }
    }

    private static final class TwoChoices extends Floor {
        TwoChoices(Load load) {
            super(load, false);
        }

        @Override
        Node choose(int n) {
            long bits = ThreadLocalRandom.current().nextLong();
            int first = Bits.high(bits, nodes.length);
            int second = Bits.low(bits, nodes.length - 1);
            Node a = nodes[first];
            Node b = nodes[second < first ? second : second + 1];
            return b.inFlight < a.inFlight ? b : a;
        }
    }

    private static final class TwoLatencies extends Floor {
        TwoLatencies(Load load) {
            super(load, true);
        }

        @Override
        Node choose(int n) {
            long bits = ThreadLocalRandom.current().nextLong();
            int first = Bits.high(bits, nodes.length);
            int second = Bits.low(bits, nodes.length - 1);
            Node a = nodes[first];
            Node b = nodes[second < first ? second : second + 1];
            long now = System.nanoTime();
            return b.cost(now) < a.cost(now) ? b : a;
        }
    }

    /** The least busy of all; of those equally busy each is as likely as the others. */
    private static final class Scan extends Floor {
        Scan(Load load) {
            super(load, false);
        }

        @Override
        Node choose(int n) {
            long bits = ThreadLocalRandom.current().nextLong();
            Node best = nodes[0];
            int least = best.inFlight;
            int ties = 1;
            for (int i = 1; i < nodes.length; i++) {
                int each = nodes[i].inFlight;
                if (each < least) {
                    least = each;
                    best = nodes[i];
                    ties = 1;
                } else if (each == least) {
                    ties++;
                    bits = bits * 0xD1342543DE82EF95L + 1;
                    best = Bits.high(bits, ties) == 0 ? nodes[i] : best;
                }
            }
            return best;
        }
    }

    /** The least busy of all; ties go to the first from a start that moves on by one. */
    private static final class ScanInTurn extends Floor {
        private final AtomicInteger next = new AtomicInteger();

        ScanInTurn(Load load) {
            super(load, false);
        }

        @Override
        Node choose(int n) {
            int start = (next.getAndIncrement() & Integer.MAX_VALUE) % nodes.length;
            Node best = nodes[start];
            int least = best.inFlight;
            for (int i = start + 1; i < nodes.length; i++) {
                int each = nodes[i].inFlight;
                if (each < least) {
                    least = each;
                    best = nodes[i];
                }
            }
            for (int i = 0; i < start; i++) {
                int each = nodes[i].inFlight;
                if (each < least) {
                    least = each;
                    best = nodes[i];
                }
            }
            return best;
        }
    }

    /** The next of the points on the ring, by binary search. */
    private static final class Ring extends Floor {
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
    private static final class Table extends Floor {
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
    private static final class BoundedTable extends Floor {
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
    private static final class HighestScore extends Floor {
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

        private static long mixed(long value) {
            long x = (value ^ (value >>> 33)) * 0xff51afd7ed558ccdL;
            x = (x ^ (x >>> 33)) * 0xc4ceb9fe1a85ec53L;
            return x ^ (x >>> 33);
        }
    }

    /** The loop of Lamping and Veach's paper. */
    private static final class Jump extends Floor {
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

    private static final class Sticky extends Floor {
        private volatile int current;

        Sticky(Load load) {
            super(load, false);
            current = ThreadLocalRandom.current().nextInt(nodes.length);
        }

        @Override
        Node choose(int n) {
            return nodes[current];
        }
    }
}
