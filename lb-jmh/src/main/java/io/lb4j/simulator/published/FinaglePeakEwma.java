package io.lb4j.simulator.published;

import io.lb4j.Outcome;

/**
 * Finagle's Peak EWMA ({@code com.twitter.finagle.loadbalancer.PeakEwma}): a mean life of 10 s, jumps up at once, falls
 * slowly, also while it is only read. Failures count as any answer.
 */
final class FinaglePeakEwma extends Scored.Score {
    private static final double TAU = 10e9;
    private static final double PENALTY = (1L << 47) - 1;

    private double cost;
    private long stamp;

    private void observe(double nanos, long now) {
        double weight = Math.exp(-(now - stamp) / TAU);
        cost = nanos > cost ? nanos : nanos * (1 - weight) + cost * weight;
        stamp = now;
    }

    @Override
    double score(int inFlight, long nowNanos) {
        observe(0, nowNanos);
        return cost == 0 && inFlight != 0 ? PENALTY + inFlight : cost * (inFlight + 1.0);
    }

    @Override
    public void onEnd(Outcome outcome, long startNanos, long nowNanos) {
        observe((double) nowNanos - startNanos, nowNanos);
    }
}
