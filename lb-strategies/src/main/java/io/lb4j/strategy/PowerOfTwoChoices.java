package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.Strategy;

/** The less busy of two drawn at random. */
final class PowerOfTwoChoices implements Strategy {
    @Override
    public Picker newPicker(Eligible eligible) {
        Members members = Members.of(eligible);
        Candidate only = members.candidates[0];
        return members.size == 1 ? request -> only : new TwoChoices(members);
    }

    @Override
    public String toString() {
        return "power of two choices";
    }

    private static final class TwoChoices implements Picker {
        /*
         * Michael Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE Transactions on Parallel
         * and Distributed Systems 12(10), 2001: the second choice makes the longest queue exponentially shorter.
         * The two are always different: drawing with replacement sends the busier of two instances a quarter of all
         * calls. See Load for how they are compared.
         */
        private final Candidate[] candidates;
        private final double[] weights;
        private final boolean equalWeights;
        private final PairSampler pairs;

        TwoChoices(Members members) {
            this.candidates = members.candidates;
            this.weights = members.weights;
            this.equalWeights = members.equalWeights();
            this.pairs = new PairSampler(members);
        }

        @Override
        public Candidate pick(PickRequest request) {
            long pair = pairs.draw();
            int i = PairSampler.first(pair);
            int j = PairSampler.second(pair);
            Candidate first = candidates[i];
            Candidate second = candidates[j];
            int firstCalls = first.inFlight();
            int secondCalls = second.inFlight();
            // An idle one that was drawn by its weight is taken: if its weight counted once more, a light one, such as
            // a
            // newcomer in slow start, would get no call at all while the others have a few each.
            boolean less = equalWeights
                    ? secondCalls < firstCalls
                    : firstCalls != 0 && Load.less(secondCalls, weights[j], firstCalls, weights[i]);
            return less ? second : first;
        }
    }
}
