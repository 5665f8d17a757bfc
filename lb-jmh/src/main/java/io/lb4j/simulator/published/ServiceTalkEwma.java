package io.lb4j.simulator.published;

import io.lb4j.Outcome;

/**
 * ServiceTalk's Peak EWMA ({@code DefaultRequestTracker}): whole milliseconds, a half-life of 10 s, tenfold for errors,
 * fivefold for what was cancelled, and the age of a call in flight if it is more.
 */
final class ServiceTalkEwma extends Scored.Score {
    private static final double INVERSE_TAU = Math.log(2) / 10e9;

    private double ewma;
    private long last;
    private long oldest;

    @Override
    public void onStart(long nowNanos) {
        if (oldest == 0) {
            oldest = nowNanos;
        }
    }

    private double decayed(long now) {
        return Math.ceil(ewma * Math.exp(-(now - last) * INVERSE_TAU));
    }

    @Override
    double score(int inFlight, long nowNanos) {
        double known = ewma == 0 ? 0 : decayed(nowNanos);
        if (known == 0) {
            return inFlight == 0 ? 0 : Double.MAX_VALUE;
        }
        if (inFlight > 0 && oldest != 0) {
            known = Math.max(known, Math.floor((nowNanos - oldest) / 1e6));
        }
        return known + inFlight * known;
    }

    @Override
    public void onEnd(Outcome outcome, long startNanos, long nowNanos) {
        double took = Math.floor((nowNanos - startNanos) / 1e6);
        int penalty = outcome.isFailure() ? 10 : outcome.kind() == Outcome.Kind.IGNORED ? 5 : 0;
        if (penalty > 0) {
            took = Math.min(Integer.MAX_VALUE, Math.max(ewma, took) * penalty);
        }
        double weight = Math.exp(-(nowNanos - last) * INVERSE_TAU);
        ewma = took > ewma ? took : Math.ceil(ewma * weight + took * (1 - weight));
        last = nowNanos;
        oldest = 0;
    }
}
