package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import java.util.random.RandomGenerator;

/** The candidates of one picker as arrays, with what pickers ask of a set again and again. Immutable by convention. */
final class Members {
    final Candidate[] candidates;
    final double[] weights;
    final int size;
    final RandomGenerator random;

    private Members(Candidate[] candidates, double[] weights, RandomGenerator random) {
        this.candidates = candidates;
        this.weights = weights;
        this.size = candidates.length;
        this.random = random;
    }

    /** With the effective weights, which follow slow start. */
    static Members of(Eligible eligible) {
        int n = eligible.size();
        Candidate[] candidates = new Candidate[n];
        double[] weights = new double[n];
        for (int i = 0; i < n; i++) {
            candidates[i] = eligible.get(i);
            weights[i] = eligible.weight(i);
        }
        return new Members(candidates, weights, eligible.random());
    }

    boolean equalWeights() {
        return equal(weights);
    }

    static boolean equal(double[] weights) {
        for (double weight : weights) {
            if (weight != weights[0]) {
                return false;
            }
        }
        return true;
    }
}
