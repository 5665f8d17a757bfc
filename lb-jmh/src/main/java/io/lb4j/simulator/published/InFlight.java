package io.lb4j.simulator.published;

import io.lb4j.Outcome;

/** Calls in flight, and nothing else: Envoy's least request, Finagle's least loaded. */
final class InFlight extends Scored.Score {
    @Override
    double score(int inFlight, long nowNanos) {
        return inFlight;
    }

    @Override
    public boolean timed() {
        return false;
    }

    @Override
    public void onEnd(Outcome outcome, long startNanos, long nowNanos) {}
}
