package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/** A weighted rotation that passes over busy instances as often as they are busy. */
final class WeightedByLoad implements Strategy {
    static final double DEFAULT_BIAS = 1;
    private static final double MAX_BIAS = 100;

    private final StateKey<Phase> phase = StateKey.create("rotation by load's phase");
    private final double bias;

    /** Null for the calls in flight, which need no gauge and no clock. */
    private final @Nullable LoadMeasure measure;

    WeightedByLoad(double bias, @Nullable LoadMeasure measure) {
        if (!(bias >= 0 && bias <= MAX_BIAS)) {
            throw new IllegalArgumentException("bias: " + bias + " (expected: 0 to 100)");
        }
        this.bias = bias;
        this.measure = measure;
    }

    @Override
    public Picker newPicker(Eligible eligible) {
        Phase from = eligible.state(phase, () -> new Phase(eligible.random().nextLong()));
        if (measure == null) {
            return new ByCalls(Members.of(eligible), bias, from);
        }
        return new ByMeasure(new Measured(eligible, measure), bias, from);
    }

    @Override
    public String toString() {
        return "weighted by " + (measure == null ? "calls in flight" : "load: " + measure) + ", bias " + bias;
    }

    private abstract static class Thinned implements Picker {
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

        /** How many rounds of the rotation it takes to forget the best. */
        private static final int ROUNDS = 4;

        private static final VarHandle SAVED = MethodHandles.arrayElementVarHandle(double[].class);

        final Candidate[] candidates;
        final double bias;
        private final WeightedTurn turn;
        private final Phase phase;

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
            this.phase = phase.of(members);
            this.bias = bias;
            this.saved = new double[members.size];
            this.home = Long.divideUnsigned(-1, members.size);
        }

        /** The time of one pick, 0 if nobody asks for it. */
        abstract long now();

        /** What load leaves of the weight; infinite if nothing is known yet and one call should find out. */
        abstract double share(int index, long nowNanos);

        @Override
        public Candidate pick(PickRequest request) {
            int fallback = -1;
            double most = -1;
            long now = now();
            for (int i = 0; i < MAX_TRIES; i++) {
                long point = phase.next(turn.step);
                int index = turn.at(point);
                double share = share(index, now);
                double part = share == Double.POSITIVE_INFINITY ? 1 : share / top(share, point);
                double sum = (double) SAVED.getOpaque(saved, index) + part;
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

    private static final class ByCalls extends Thinned {
        private static final int TABLE = 256;

        private final double[] shares = new double[TABLE];

        ByCalls(Members members, double bias, Phase phase) {
            super(members, bias, phase);
            for (int i = 0; i < TABLE; i++) {
                shares[i] = Math.pow(i + 1.0, -bias);
            }
        }

        @Override
        long now() {
            return 0;
        }

        @Override
        double share(int index, long nowNanos) {
            int inFlight = candidates[index].inFlight();
            return inFlight < TABLE ? shares[inFlight] : Math.pow(inFlight + 1.0, -bias);
        }
    }

    private static final class ByMeasure extends Thinned {
        /** Of the largest loads to the highest powers, too, there is something left, lest 0 be divided by 0. */
        private static final double LEAST = 1e-300;

        private static final double MOST = 1e300;

        private final Measured measured;

        ByMeasure(Measured measured, double bias, Phase phase) {
            super(measured.members, bias, phase);
            this.measured = measured;
        }

        @Override
        long now() {
            return measured.now();
        }

        @Override
        double share(int index, long nowNanos) {
            double load = measured.load(index, nowNanos);
            if (!(load > 0)) {
                return Double.POSITIVE_INFINITY;
            }
            // By far the most used bias needs no power.
            double share = bias == 1 ? 1 / load : Math.pow(load, -bias);
            return Math.min(MOST, Math.max(LEAST, share));
        }
    }
}
