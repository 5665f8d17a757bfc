package io.lb4j.simulator.published;

import io.lb4j.Outcome;

/**
 * Dialogue's BALANCED ({@code BalancedNodeSelectionStrategyChannel}): calls in flight and ten for each recent failure,
 * which is forgotten by half in 30 s, in ten coarse steps. Left out: its queue, which a node that is in flight over five
 * times fills sooner than it sends to one with twice the score.
 */
final class DialogueBalanced extends Scored.Score {
    private static final long STEP = 3_000_000_000L;
    private static final double FACTOR = Math.pow(0.5, 0.1);

    private double failures;
    private long decayedAt;

    private void decay(long now) {
        while (now - decayedAt >= STEP) {
            failures *= FACTOR;
            decayedAt += STEP;
        }
    }

    @Override
    double score(int inFlight, long nowNanos) {
        decay(nowNanos);
        return inFlight + (double) Math.round(failures);
    }

    @Override
    public void onEnd(Outcome outcome, long startNanos, long nowNanos) {
        decay(nowNanos);
        if (outcome.isFailure()) {
            failures += 10;
        } else if (outcome.kind() == Outcome.Kind.OVERLOADED) {
            failures += 0.1;
        }
    }
}
