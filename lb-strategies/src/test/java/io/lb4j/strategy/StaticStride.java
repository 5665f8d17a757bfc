package io.lb4j.strategy;

import java.util.Arrays;

/** gRPC's scheduler (WeightedRoundRobinLoadBalancer.StaticStrideScheduler), to measure a rotation by. */
final class StaticStride {
    private static final int K = 0xFFFF;

    private final int[] scaled;
    private long sequence;

    StaticStride(double[] weights, long start) {
        double mean = Arrays.stream(weights).filter(w -> w > 0).average().orElse(0);
        double max = Math.min(Arrays.stream(weights).max().orElse(0), 10 * mean);
        double scale = K / max;
        int lower = (int) Math.ceil(scale * mean * 0.1);
        this.scaled = new int[weights.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = weights[i] <= 0
                    ? (int) Math.round(scale * mean)
                    : (int) Math.max(Math.round(scale * Math.min(weights[i], max)), lower);
        }
        this.sequence = start & 0xFFFF_FFFFL;
    }

    int pick() {
        while (true) {
            long s = sequence;
            sequence = (sequence + 1) & 0xFFFF_FFFFL;
            int i = (int) (s % scaled.length);
            long generation = s / scaled.length;
            if ((scaled[i] * generation + (long) (K / 2) * i) % K >= K - scaled[i]) {
                return i;
            }
        }
    }

    long sequence() {
        return sequence;
    }
}
