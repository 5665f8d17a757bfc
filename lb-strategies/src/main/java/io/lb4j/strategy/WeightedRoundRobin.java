package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;

/** In turn, each as often as its weight says and as evenly spread as can be. */
final class WeightedRoundRobin implements Strategy {
    private final StateKey<Phase> phase = StateKey.create("weighted round robin's phase");

    @Override
    public Picker newPicker(Eligible eligible) {
        Members members = Members.of(eligible);
        return picker(
                members.candidates,
                members.weights,
                eligible.state(phase, () -> new Phase(eligible.random().nextLong()))
                        .of(members));
    }

    static Picker picker(Candidate[] candidates, double[] weights, Phase phase) {
        if (Members.equal(weights)) {
            return new RoundRobin.Rotation(candidates, phase);
        }
        return new Weighted(new CandidateTurn(candidates, weights), phase);
    }

    @Override
    public String toString() {
        return "weighted round robin";
    }

    private static final class Weighted implements Picker {
        private final CandidateTurn turn;
        private final Phase phase;

        Weighted(CandidateTurn turn, Phase phase) {
            this.turn = turn;
            this.phase = phase;
        }

        @Override
        public Candidate pick(PickRequest request) {
            return turn.at(phase.next(turn.step));
        }
    }
}
