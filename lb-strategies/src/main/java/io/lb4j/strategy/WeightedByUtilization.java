package io.lb4j.strategy;

import io.lb4j.Eligible;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Ticker;
import java.util.Objects;

/** A weighted rotation whose weights follow reported utilisation. */
final class WeightedByUtilization implements Strategy {
    private final StateKey<Phase> phase = StateKey.create("utilisation rotation's phase");
    private final StateKey<UpdateClock> clock = StateKey.create("utilisation rotation's clock");
    private final StateKey<ReportedUtilization> reported = StateKey.create("reported utilisation");
    private final UtilizationWeights settings;

    WeightedByUtilization(UtilizationWeights settings) {
        this.settings = Objects.requireNonNull(settings, "settings");
    }

    @Override
    public Picker newPicker(Eligible eligible) {
        Members members = Members.of(eligible);
        Ticker ticker = eligible.ticker();
        UpdateClock updates = eligible.state(
                clock, () -> new UpdateClock(settings.updatePeriod().toNanos(), ticker.nanos()));
        ReportedUtilization[] paces = new ReportedUtilization[members.size];
        for (int i = 0; i < paces.length; i++) {
            paces[i] = members.candidates[i].tracker(reported, () -> new ReportedUtilization(settings, updates));
        }
        return new AdaptiveRotation(
                members,
                paces,
                updates,
                ticker,
                eligible.state(phase, () -> new Phase(eligible.random().nextLong())));
    }

    @Override
    public String toString() {
        return "weighted by utilisation, " + settings;
    }
}
