package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;

/** One after the other in discovery's order. */
final class RoundRobin implements Strategy {
    private final StateKey<Phase> phase = StateKey.create("round robin's phase");

    @Override
    public Picker newPicker(Eligible eligible) {
        Members members = Members.of(eligible);
        return new Rotation(
                members.candidates,
                eligible.state(phase, () -> new Phase(eligible.random().nextLong())));
    }

    @Override
    public String toString() {
        return "round robin";
    }

    static final class Rotation implements Picker {
        /*
         * A turn is 2^64 and each pick moves on by 2^64 / n, so the index is a multiplication instead of a division,
         * and a set that grows or shrinks goes on from the same place. What the division leaves over shifts the turn by
         * less than n / 2^64 per pick: one pick out of place in 2^64 / n^2.
         */
        private final Candidate[] candidates;
        private final Phase phase;
        private final long step;

        Rotation(Candidate[] candidates, Phase phase) {
            this.candidates = candidates;
            this.phase = phase;
            this.step = Long.divideUnsigned(-1, candidates.length);
        }

        @Override
        public Candidate pick(PickRequest request) {
            return candidates[Fractions.scale(phase.next(step), candidates.length)];
        }
    }
}
