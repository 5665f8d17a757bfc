package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.Ticker;
import java.util.Objects;

/** The candidates of one picker with a gauge each. Immutable. */
final class Measured {
    final Members members;
    final Candidate[] candidates;
    final double[] weights;
    private final LoadMeasure.Gauge[] gauges;
    private final boolean timed;
    private final Ticker ticker;

    Measured(Eligible eligible, LoadMeasure measure) {
        this.members = Members.of(eligible);
        this.candidates = members.candidates;
        this.weights = members.weights;
        this.timed = measure.timed();
        this.ticker = eligible.ticker();
        this.gauges = new LoadMeasure.Gauge[members.size];
        for (int i = 0; i < gauges.length; i++) {
            gauges[i] = Objects.requireNonNull(measure.gauge(eligible, i), "gauge");
        }
    }

    /** The time for one pick. */
    long now() {
        return timed ? ticker.nanos() : 0;
    }

    double load(int index, long nowNanos) {
        return gauges[index].load(nowNanos);
    }

    boolean idle(int index) {
        return gauges[index].idle();
    }
}
