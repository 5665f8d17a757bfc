package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.StateKey;

/** Response time as this client measures it, times its calls in flight, the one to be made included. */
final class TimeLoad implements LoadMeasure.Gauge {
    private static final Decay DECAY = ResponseTime.decay(PeakEwma.DEFAULT_DECAY);
    private static final StateKey<PeakResponseTime> KEY = StateKey.create("peak response time as a load");

    static final LoadMeasure RESPONSE_TIME =
            Measure.of("response time", true, (set, i) -> new TimeLoad(set.get(i), times(set.get(i))));

    private final Candidate candidate;
    private final PeakResponseTime times;

    private TimeLoad(Candidate candidate, PeakResponseTime times) {
        this.candidate = candidate;
        this.times = times;
    }

    /** The response times of an instance, the same for all who ask. */
    static PeakResponseTime times(Candidate candidate) {
        return candidate.tracker(KEY, () -> new PeakResponseTime(DECAY));
    }

    @Override
    public double load(long nowNanos) {
        int inFlight = candidate.inFlight();
        return times.cost(inFlight, nowNanos) * (inFlight + 1.0);
    }

    @Override
    public boolean idle() {
        return candidate.inFlight() == 0;
    }
}
