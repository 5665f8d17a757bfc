package io.lb4j.strategy;

import io.lb4j.Eligible;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Ticker;
import java.time.Duration;

/** A weighted rotation whose weights follow response times. */
final class WeightedByResponseTime implements Strategy {
    static final Duration DEFAULT_UPDATE_PERIOD = Duration.ofSeconds(1);
    private static final Decay DECAY = ResponseTime.decay(Duration.ofSeconds(10));

    private final StateKey<Phase> phase = StateKey.create("response-time rotation's phase");
    private final StateKey<UpdateClock> clock = StateKey.create("response-time rotation's clock");
    private final StateKey<MeanResponseTime> time = StateKey.create("mean response time");
    private final Duration updatePeriod;

    WeightedByResponseTime(Duration updatePeriod) {
        this.updatePeriod = Durations.positive("updatePeriod", updatePeriod);
    }

    @Override
    public Picker newPicker(Eligible eligible) {
        Members members = Members.of(eligible);
        Ticker ticker = eligible.ticker();
        UpdateClock updates = eligible.state(clock, () -> new UpdateClock(updatePeriod.toNanos(), ticker.nanos()));
        MeanResponseTime[] times = new MeanResponseTime[members.size];
        for (int i = 0; i < times.length; i++) {
            times[i] = members.candidates[i].tracker(time, () -> new MeanResponseTime(DECAY, updates));
        }
        return new AdaptiveRotation(
                members,
                times,
                updates,
                ticker,
                eligible.state(phase, () -> new Phase(eligible.random().nextLong())));
    }

    @Override
    public String toString() {
        return "weighted by response time, updated every " + updatePeriod;
    }
}
