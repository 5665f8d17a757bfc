package io.lb4j.strategy;

import io.lb4j.Candidate;

/** This client's own calls in flight. */
final class OwnLoad implements LoadMeasure.Gauge {
    static final LoadMeasure MEASURE = Measure.of("calls in flight", false, (set, i) -> new OwnLoad(set.get(i)));

    private final Candidate candidate;

    private OwnLoad(Candidate candidate) {
        this.candidate = candidate;
    }

    @Override
    public double load(long nowNanos) {
        return candidate.inFlight() + 1.0;
    }

    @Override
    public boolean idle() {
        return candidate.inFlight() == 0;
    }
}
