package io.lb4j.strategy;

import io.lb4j.Candidate;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The order of a weighted rotation: which index stands at a point of the turn, and how far apart picks are. */
final class WeightedTurn {
    /*
     * The turn, 2^64 long, is cut into one arc per index, as long as its weight. Picks go round it in steps near the
     * golden section of the turn, which spread any number of successive points as evenly as can be (V. T. Sós, "On the
     * distribution mod 1 of the sequence n*alpha", 1958; as a hash: Knuth, The Art of Computer Programming 3, 6.4), so
     * each index comes up in proportion to its weight and at even distances. One addition to a shared number makes a
     * pick: no lock, no CAS loop, and no picks that are tried and skipped, whatever the weights, which static-stride
     * schedulers bound by clipping the weights.
     *
     * Weights in the ratio of integers with sum W take the step s/W with s prime to W: then any W successive picks hold
     * each index exactly as often as its integer says. All others take the golden section itself.
     *
     * The arc of a point is found through a table of guides (H.-C. Chen, Y. Asau, "On Generating Random Variates from an
     * Empirical Distribution", 1974), at least sixteen per arc, so that few points are in one with a boundary: a branch that
     * can't be foreseen costs more than the rest. With integers the arcs' boundaries are multiples of a W-th of the
     * turn, and a table of W entries has none.
     */
    private static final long GOLDEN_SECTION = 0x9E3779B97F4A7C15L;
    private static final int MAX_MULTIPLIER = 100;
    private static final long MAX_CYCLE = 1L << 24;
    private static final double INTEGER_TOLERANCE = 1e-9;

    /** Of a table, and for each index. */
    private static final int MAX_CELLS = 1 << 20;

    private static final int MAX_CELLS_EACH = 64;
    private static final int GUIDES_EACH_BITS = 4;

    /** Of so many, the whole table of guides would be too large for the caches; half of it has as few boundaries. */
    private static final int MANY = 4096;

    final long step;
    private final long[] end;

    /** Who has each of so many equal parts of the turn; the complement of the first if it is divided. */
    private final int[] parts;

    /** @param weights at least one; each positive and finite */
    WeightedTurn(double[] weights) {
        int n = weights.length;
        double unit = unit(weights);
        long cycle = 0;
        double total = 0;
        for (double weight : weights) {
            cycle += unit > 0 ? Math.round(weight / unit) : 0;
            total += weight;
        }
        end = new long[n];
        if (unit > 0) {
            long slot = Long.divideUnsigned(-1, cycle);
            step = Numbers.goldenStride(cycle) * slot;
            long at = 0;
            for (int i = 0; i < n; i++) {
                at += Math.round(weights[i] / unit);
                end[i] = at * slot;
            }
        } else {
            step = GOLDEN_SECTION;
            double at = 0;
            for (int i = 0; i < n; i++) {
                at += weights[i];
                end[i] = Fractions.of(at / total);
            }
        }
        end[n - 1] = -1;
        parts = unit > 0 && cycle <= Math.min(MAX_CELLS, (long) MAX_CELLS_EACH * n)
                ? cells(weights, unit, (int) cycle)
                : guide(32 - Integer.numberOfLeadingZeros(n) + GUIDES_EACH_BITS - (n > MANY ? 1 : 0));
    }

    private static int[] cells(double[] weights, double unit, int cycle) {
        int[] owners = new int[cycle];
        int at = 0;
        for (int i = 0; i < weights.length; i++) {
            int next = at + (int) Math.round(weights[i] / unit);
            Arrays.fill(owners, at, next, i);
            at = next;
        }
        return owners;
    }

    private int[] guide(int bits) {
        int shift = 64 - bits;
        int[] first = new int[1 << bits];
        int index = 0;
        for (int i = 0; i < first.length; i++) {
            long from = (long) i << shift;
            long last = from + (1L << shift) - 1;
            while (index < end.length - 1 && Long.compareUnsigned(end[index], from) <= 0) {
                index++;
            }
            boolean whole = index == end.length - 1 || Long.compareUnsigned(last, end[index]) < 0;
            first[i] = whole ? index : ~index;
        }
        return first;
    }

    /** Who has each part of the turn; null if it is divided. */
    @Nullable
    Candidate[] parts(Candidate[] candidates) {
        Candidate[] owners = new Candidate[parts.length];
        for (int i = 0; i < owners.length; i++) {
            owners[i] = parts[i] >= 0 ? candidates[parts[i]] : null;
        }
        return owners;
    }

    /** The index whose arc holds {@code point}. */
    int at(long point) {
        int index = parts[Fractions.scale(point, parts.length)];
        return index >= 0 ? index : search(~index, point);
    }

    private int search(int from, long point) {
        int index = from;
        while (index < end.length - 1 && Long.compareUnsigned(point, end[index]) >= 0) {
            index++;
        }
        return index;
    }

    /** The largest number all weights are multiples of, or 0 if there is none that makes for a cycle short enough. */
    private static double unit(double[] weights) {
        double min = Double.POSITIVE_INFINITY;
        double total = 0;
        for (double weight : weights) {
            min = Math.min(min, weight);
            total += weight;
        }
        for (int multiplier = 1; multiplier <= MAX_MULTIPLIER; multiplier++) {
            double unit = min / multiplier;
            if (!(total / unit <= MAX_CYCLE)) {
                return 0;
            }
            if (divides(unit, weights)) {
                return unit;
            }
        }
        return 0;
    }

    private static boolean divides(double unit, double[] weights) {
        for (double weight : weights) {
            double times = weight / unit;
            if (Math.abs(times - Math.rint(times)) > INTEGER_TOLERANCE * times) {
                return false;
            }
        }
        return true;
    }
}
