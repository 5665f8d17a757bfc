package io.lb4j.simulator.published;

import io.lb4j.Outcome;

/**
 * Dubbo's {@code shortestresponse}: the mean time of successes within the present window of 30 s, times the calls in
 * flight and the one to be made. What is unknown scores 0 and so is taken.
 */
final class DubboShortest extends Scored.Score {
    private static final long WINDOW = 30_000_000_000L;

    private double sum;
    private long count;
    private double sumBefore;
    private long countBefore;
    private long windowAt;

    @Override
    double score(int inFlight, long nowNanos) {
        if (nowNanos - windowAt >= WINDOW) {
            windowAt = nowNanos;
            sumBefore = sum;
            countBefore = count;
        }
        long calls = count - countBefore;
        return calls == 0 ? 0 : (sum - sumBefore) / calls * (inFlight + 1.0);
    }

    @Override
    public void onEnd(Outcome outcome, long startNanos, long nowNanos) {
        if (outcome.kind() == Outcome.Kind.SUCCESS) {
            sum += nowNanos - startNanos;
            count++;
        }
    }
}
