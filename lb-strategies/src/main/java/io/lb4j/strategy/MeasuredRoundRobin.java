package io.lb4j.strategy;

import io.lb4j.Eligible;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The least busy of all by any measure; those equally busy take turns by weight. */
final class MeasuredRoundRobin implements Strategy {
    private final StateKey<AtomicReference<@Nullable Turns>> last = StateKey.create("turns of the equally busy");
    private final LoadMeasure measure;

    MeasuredRoundRobin(LoadMeasure measure) {
        this.measure = Objects.requireNonNull(measure, "measure");
    }

    @Override
    public Picker newPicker(Eligible eligible) {
        Measured measured = new Measured(eligible, measure);
        AtomicReference<@Nullable Turns> previous = eligible.state(last, AtomicReference::new);
        Turns turns = new Turns(measured.members, previous.get());
        previous.set(turns);
        return new MeasuredScan(measured, turns);
    }

    @Override
    public String toString() {
        return "least busy by " + measure + ", then round robin";
    }
}
