package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.Strategy;
import java.util.random.RandomGenerator;

/** Each pick for itself, evenly or in proportion to weights. */
final class RandomChoice implements Strategy {
    private final boolean weighted;

    RandomChoice(boolean weighted) {
        this.weighted = weighted;
    }

    @Override
    public Picker newPicker(Eligible eligible) {
        Members members = Members.of(eligible);
        return weighted ? weighted(members) : new Even(members);
    }

    static Picker weighted(Members members) {
        return members.equalWeights() ? new Even(members) : new Weighted(members);
    }

    @Override
    public String toString() {
        return weighted ? "weighted random" : "random";
    }

    private static final class Even implements Picker {
        private final Candidate[] candidates;
        private final RandomGenerator random;

        Even(Members members) {
            this.candidates = members.candidates;
            this.random = members.random;
        }

        @Override
        public Candidate pick(PickRequest request) {
            return candidates[Fractions.scale(random.nextLong(), candidates.length)];
        }
    }

    private static final class Weighted implements Picker {
        private final Candidate[] candidates;
        private final AliasTable table;
        private final RandomGenerator random;

        Weighted(Members members) {
            this.candidates = members.candidates;
            this.table = new AliasTable(members.weights);
            this.random = members.random;
        }

        @Override
        public Candidate pick(PickRequest request) {
            return candidates[table.pick(random.nextLong())];
        }
    }
}
