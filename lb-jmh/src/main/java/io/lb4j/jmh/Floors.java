package io.lb4j.jmh;

import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The cheapest correct loop for each policy, as somebody would write it by hand over an array of instances that never
 * changes: no snapshot to read, no faults to expect, no outcomes, nothing to explain afterwards.
 */
final class Floors {

    private Floors() {}

    static Contender create(Policy policy, Load load) {
        return switch (policy) {
            case ADAPTIVE -> new FewLatencies(load);
            case ROUND_ROBIN -> new RoundRobin(load);
            case WEIGHTED_ROUND_ROBIN -> new Schedule(load, false);
            case RANDOM -> new Random(load);
            case WEIGHTED_RANDOM -> new Alias(load);
            case POWER_OF_TWO_CHOICES -> new TwoChoices(load);
            case LEAST_REQUEST -> new Scan(load);
            case LEAST_REQUEST_ROUND_ROBIN -> new ScanInTurn(load);
            case PEAK_EWMA -> new TwoLatencies(load);
            case WEIGHTED_BY_RESPONSE_TIME -> new Schedule(load, true);
            case WEIGHTED_BY_UTILIZATION -> new Schedule(load, true);
            case WEIGHTED_BY_IN_FLIGHT -> new Thinned(load);
            case PREQUAL -> new Pool(load);
            case RING_HASH -> new KeyedFloors.Ring(load);
            case MAGLEV -> new KeyedFloors.Table(load);
            case RENDEZVOUS -> new KeyedFloors.HighestScore(load);
            case MULTI_PROBE -> new KeyedFloors.Probes(load);
            case BOUNDED_LOAD -> new KeyedFloors.BoundedTable(load);
            case JUMP_HASH -> new KeyedFloors.Jump(load);
            case STICKY_UNTIL_FAILURE -> new Sticky(load);
        };
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

    /** In turn; an instance with k calls in flight is taken every (k + 1)-th time. */
    private static final class Thinned extends Floor {
        private final AtomicInteger next = new AtomicInteger();
        private final int[] passed;

        Thinned(Load load) {
            super(load, false);
            passed = new int[nodes.length];
        }

        @Override
        Node choose(int n) {
            while (true) {
                int index = (next.getAndIncrement() & Integer.MAX_VALUE) % nodes.length;
                if (++passed[index] > nodes[index].inFlight) {
                    passed[index] = 0;
                    return nodes[index];
                }
            }
        }
    }

    /** The quickest of sixteen that are remembered. */
    private static final class Pool extends Floor {
        private static final int SIZE = 16;
        private final Node[] pool;

        Pool(Load load) {
            super(load, true);
            pool = Arrays.copyOf(nodes, Math.min(SIZE, nodes.length));
        }

        @Override
        Node choose(int n) {
            long now = System.nanoTime();
            Node best = pool[0];
            double least = best.cost(now);
            for (int i = 1; i < pool.length; i++) {
                double each = pool[i].cost(now);
                if (each < least) {
                    least = each;
                    best = pool[i];
                }
            }
            return best;
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

    /** The least latency times calls in flight of all, or of eight that are drawn of more than sixteen. */
    private static final class FewLatencies extends Floor {
        private static final int ALL = 16;
        private static final int DRAWN = 8;

        FewLatencies(Load load) {
            super(load, true);
        }

        @Override
        Node choose(int n) {
            boolean all = nodes.length <= ALL;
            long bits = all ? 0 : ThreadLocalRandom.current().nextLong();
            int index = all ? 0 : Bits.high(bits, nodes.length);
            int stride = all ? 1 : 1 + Bits.low(bits, nodes.length / DRAWN);
            long now = System.nanoTime();
            Node best = nodes[index];
            double least = best.cost(now);
            for (int i = Math.min(nodes.length, all ? ALL : DRAWN); i > 1; i--) {
                index += stride;
                index = index >= nodes.length ? index - nodes.length : index;
                double cost = nodes[index].cost(now);
                if (cost < least) {
                    least = cost;
                    best = nodes[index];
                }
            }
            return best;
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
