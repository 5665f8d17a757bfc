package io.lb4j.simulator;

import java.util.Arrays;

/**
 * How long calls lasted that met so many others on arrival: the median of the last few, as Prequal's servers tell it
 * (NSDI 2024).
 */
final class LatencyByCrowd {
    private static final int KEPT = 16;

    private long[][] rings = new long[8][];
    private int[] counts = new int[8];

    /** Of each ring; 0 if it has changed since. */
    private long[] medians = new long[8];

    void record(int crowd, long nanos) {
        if (crowd >= rings.length) {
            int length = Math.max(crowd + 1, 2 * rings.length);
            rings = Arrays.copyOf(rings, length);
            counts = Arrays.copyOf(counts, length);
            medians = Arrays.copyOf(medians, length);
        }
        if (rings[crowd] == null) {
            rings[crowd] = new long[KEPT];
        }
        rings[crowd][counts[crowd]++ % KEPT] = nanos;
        medians[crowd] = 0;
    }

    /** The median among as many, or the nearest number of which something is known; 0 if nothing is known. */
    double nanosAmong(int crowd) {
        for (int distance = 0; distance < rings.length || distance <= crowd; distance++) {
            int below = crowd - distance;
            int above = crowd + distance;
            int found = isKnown(below) ? below : isKnown(above) ? above : -1;
            if (found >= 0) {
                if (medians[found] == 0) {
                    medians[found] = median(found);
                }
                return medians[found];
            }
        }
        return 0;
    }

    private long median(int crowd) {
        int kept = Math.min(KEPT, counts[crowd]);
        long[] sorted = Arrays.copyOf(rings[crowd], kept);
        Arrays.sort(sorted);
        return sorted[kept / 2];
    }

    private boolean isKnown(int crowd) {
        return crowd >= 0 && crowd < rings.length && counts[crowd] > 0;
    }
}
