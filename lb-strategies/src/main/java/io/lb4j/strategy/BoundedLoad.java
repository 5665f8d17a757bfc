package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.Strategy;
import java.util.Objects;

/** Affinity that a busy instance's keys leave while it is busy. */
final class BoundedLoad implements Strategy {
    static final double DEFAULT_FACTOR = 1.25;

    private final AffinityStrategy affinity;
    private final double factor;

    BoundedLoad(AffinityStrategy affinity, double factor) {
        if (!(factor > 1 && factor < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("factor: " + factor + " (expected: > 1 and finite)");
        }
        this.affinity = Objects.requireNonNull(affinity, "affinity");
        this.factor = factor;
    }

    @Override
    public Picker newPicker(Eligible eligible) {
        return new Bounded(affinity.place(eligible), factor, new PowerOfTwoChoices().newPicker(eligible));
    }

    @Override
    public String toString() {
        return affinity + " with load bounded by " + factor;
    }

    private static final class Bounded implements Picker, KeyOrder.Gate {
        /*
         * Vahab Mirrokni, Mikkel Thorup, Morteza Zadimoghaddam, "Consistent Hashing with Bounded Loads", SODA 2018: with
         * the call to be made, no instance has more calls in flight than the factor times its share of all, rounded up;
         * a key goes to the first in its order for which that holds. There always is one.
         *
         * Counting all calls in flight is a scan, so a count serves as many picks as an eighth of the candidates, each
         * pick being counted as a call. Meanwhile calls end, so the count is too high by less than an eighth of a call
         * for each candidate: the bound is never too tight.
         */
        private static final int PICKS_PER_COUNT = 8;

        private final Candidate[] candidates;
        private final double[] share;
        private final KeyOrder order;
        private final Picker keyless;

        /** What is known of all calls in flight; written by any pick, and a lost update does not matter. */
        private volatile long total;

        private int countdown;

        Bounded(AffinityStrategy.Placed placed, double factor, Picker keyless) {
            this.candidates = placed.candidates();
            this.order = placed.order();
            this.keyless = keyless;
            double[] weights = placed.weights();
            double all = 0;
            for (double weight : weights) {
                all += weight;
            }
            this.share = new double[weights.length];
            for (int i = 0; i < share.length; i++) {
                share[i] = factor * (weights[i] / all);
            }
        }

        @Override
        public Candidate pick(PickRequest request) {
            if (!request.hasHash()) {
                return keyless.pick(request);
            }
            count();
            int index = order.first(request.hash(), this, request);
            return candidates[index >= 0 ? index : order.first(request.hash())];
        }

        @Override
        public boolean admits(int index, PickRequest request) {
            Candidate candidate = candidates[index];
            return candidate.inFlight() < Math.ceil(share[index] * total)
                    && (request.excludedCount() == 0 || !request.excludes(candidate));
        }

        @SuppressWarnings("NonAtomicVolatileUpdate") // a lost update does not matter
        private void count() {
            int left = countdown;
            if (left > 0) {
                countdown = left - 1;
                total++;
                return;
            }
            long sum = 0;
            for (Candidate candidate : candidates) {
                sum += candidate.inFlight();
            }
            total = sum + 1;
            countdown = candidates.length / PICKS_PER_COUNT;
        }
    }
}
