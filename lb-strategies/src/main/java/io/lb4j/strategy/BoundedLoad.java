package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import java.util.Objects;

/** Affinity that a busy instance's keys leave while it is busy. */
final class BoundedLoad implements Strategy {
    static final double DEFAULT_FACTOR = 1.25;

    private final AffinityStrategy affinity;
    private final double factor;
    private final StateKey<CallTally> tally = StateKey.create("calls in flight");

    BoundedLoad(AffinityStrategy affinity, double factor) {
        if (!(factor > 1 && factor < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("factor: " + factor + " (expected: > 1 and finite)");
        }
        this.affinity = Objects.requireNonNull(affinity, "affinity");
        this.factor = factor;
    }

    @Override
    public Picker newPicker(Eligible eligible) {
        CallTally.Total total = eligible.state(tally, CallTally::new).over(eligible);
        return new Bounded(affinity.place(eligible), factor, total, new PowerOfTwoChoices().newPicker(eligible));
    }

    @Override
    public String toString() {
        return affinity + " with load bounded by " + factor;
    }

    private static final class Bounded implements Picker, KeyOrder.Gate {
        /*
         * Vahab Mirrokni, Mikkel Thorup, Morteza Zadimoghaddam, "Consistent Hashing with Bounded Loads", SODA 2018: with
         * the call to be made, no instance has more calls in flight than the factor times its share of all, rounded up;
         * a key goes to the first in its order for which that holds. There always is one, as the factor is above 1.
         */

        /** Keeps a bound that is a whole number from being rounded up to the next one. */
        private static final double BELOW_ONE = 1 - 1e-12;

        private final Candidate[] candidates;
        private final double[] share;
        private final KeyOrder order;
        private final CallTally.Total total;
        private final Picker keyless;

        Bounded(AffinityStrategy.Placed placed, double factor, CallTally.Total total, Picker keyless) {
            this.candidates = placed.candidates();
            this.order = placed.order();
            this.total = total;
            this.keyless = keyless;
            double[] weights = placed.weights();
            double all = 0;
            for (double weight : weights) {
                all += weight;
            }
            this.share = new double[weights.length];
            for (int i = 0; i < share.length; i++) {
                share[i] = factor * BELOW_ONE * (weights[i] / all);
            }
        }

        @Override
        public Candidate pick(PickRequest request) {
            if (!request.hasHash()) {
                return keyless.pick(request);
            }
            long hash = request.hash();
            int home = order.first(hash);
            Candidate candidate = candidates[home];
            int busy = candidate.inFlight();
            boolean retry = request.excludedCount() > 0;
            // An idle one has room whatever the total, which costs more to know.
            if (busy == 0 && !retry) {
                return candidate;
            }
            long calls = total.get() + 1;
            if (!retry && busy < share[home] * calls) {
                return candidate;
            }
            int index = order.first(hash, this, request, calls);
            return candidates[index >= 0 ? index : crowded(home, request)];
        }

        @Override
        public boolean admits(int index, PickRequest request, long calls) {
            Candidate candidate = candidates[index];
            int busy = candidate.inFlight();
            // busy < ceil(x) is busy < x.
            return (busy == 0 || busy < share[index] * calls)
                    && (request.excludedCount() == 0 || !request.excludes(candidate));
        }

        /** All that have room have failed this call: the least crowded of the others, or home if there is none. */
        private int crowded(int home, PickRequest request) {
            int best = home;
            double least = Double.POSITIVE_INFINITY;
            for (int i = 0; i < candidates.length; i++) {
                double crowd = candidates[i].inFlight() / share[i];
                if (crowd < least && !request.excludes(candidates[i])) {
                    best = i;
                    least = crowd;
                }
            }
            return best;
        }
    }
}
