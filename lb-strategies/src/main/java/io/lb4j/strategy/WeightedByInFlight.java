package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** A weighted rotation that passes over busy instances as often as they are busy. */
final class WeightedByInFlight implements Strategy {
    static final double DEFAULT_BIAS = 1;
    private static final double MAX_BIAS = 100;

    private final StateKey<Phase> phase = StateKey.create("in-flight rotation's phase");
    private final double bias;

    WeightedByInFlight(double bias) {
        if (!(bias >= 0 && bias <= MAX_BIAS)) {
            throw new IllegalArgumentException("bias: " + bias + " (expected: 0 to 100)");
        }
        this.bias = bias;
    }

    @Override
    public Picker newPicker(Eligible eligible) {
        Members members = Members.of(eligible);
        return new Thinned(
                members,
                bias,
                eligible.state(phase, () -> new Phase(eligible.random().nextLong())));
    }

    @Override
    public String toString() {
        return "weighted by calls in flight, bias " + bias;
    }

    private static final class Thinned implements Picker {
        /*
         * Envoy's least request of weighted hosts gives each the weight w/(active + 1)^bias whenever it is picked. Its
         * earliest-deadline-first heap takes a lock; here the rotation by w itself goes round, and whoever comes up
         * is taken 1/(active + 1)^bias times, in proportion to the best seen lately. What is not taken is saved, and taken
         * when it has become one, which spreads an instance's calls evenly where a draw would bunch them.
         *
         * The best is forgotten after some rounds, so that with everybody busy nobody is passed over. If the idle are too few to come up
         * in some tries, the best one that did is taken.
         */
        private static final int MAX_TRIES = 32;
        private static final int TABLE = 256;

        /** How many rounds of the rotation it takes to forget the best. */
        private static final int ROUNDS = 4;

        private static final VarHandle SAVED = MethodHandles.arrayElementVarHandle(double[].class);

        private final Candidate[] candidates;
        private final WeightedTurn turn;
        private final Phase phase;
        private final double bias;
        private final double[] shares = new double[TABLE];

        /** The part of the turn that the rotation comes to once in a round. */
        private final long home;

        /** What each has saved, less than 1; written by every pick, and a lost update does not matter. */
        private final double[] saved;

        /** The best of this epoch and of the one before; a lost update does not matter. */
        private volatile double best = Double.MIN_NORMAL;

        private volatile double bestBefore = Double.MIN_NORMAL;

        /** Rounds since; a lost update does not matter. */
        private int rounds;

        Thinned(Members members, double bias, Phase phase) {
            this.candidates = members.candidates;
            this.turn = new WeightedTurn(members.weights);
            this.phase = phase;
            this.bias = bias;
            this.saved = new double[members.size];
            this.home = Long.divideUnsigned(-1, members.size);
            for (int i = 0; i < TABLE; i++) {
                shares[i] = Math.pow(i + 1.0, -bias);
            }
        }

        @Override
        public Candidate pick(PickRequest request) {
            int fallback = -1;
            double most = -1;
            for (int i = 0; i < MAX_TRIES; i++) {
                long point = phase.next(turn.step);
                int index = turn.at(point);
                double share = share(candidates[index].inFlight());
                double sum = (double) SAVED.getOpaque(saved, index) + share / top(share, point);
                if (sum >= 1) {
                    SAVED.setOpaque(saved, index, sum - 1);
                    return candidates[index];
                }
                SAVED.setOpaque(saved, index, sum);
                if (share > most) {
                    most = share;
                    fallback = index;
                }
            }
            return candidates[fallback];
        }

        private double share(int inFlight) {
            return inFlight < TABLE ? shares[inFlight] : Math.pow(inFlight + 1.0, -bias);
        }

        private double top(double share, long point) {
            double top = best;
            if (share > top) {
                best = share;
                top = share;
            }
            top = Math.max(top, bestBefore);
            // Rounds, not looks, lest every look writes a number that all threads share.
            if (Long.compareUnsigned(point, home) < 0 && ++rounds >= ROUNDS) {
                rounds = 0;
                bestBefore = best;
                best = Double.MIN_NORMAL;
            }
            return top;
        }
    }
}
