package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.IdentityHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** The least busy of all; those equally busy take turns by weight. */
final class LeastRequestRoundRobin implements Strategy {
    private final StateKey<AtomicReference<@Nullable Turns>> last = StateKey.create("least request's turns");

    @Override
    public Picker newPicker(Eligible eligible) {
        AtomicReference<@Nullable Turns> previous = eligible.state(last, AtomicReference::new);
        Turns turns = new Turns(Members.of(eligible), previous.get());
        previous.set(turns);
        return turns;
    }

    @Override
    public String toString() {
        return "least request, then round robin";
    }

    private static final class Turns implements Picker {
        /*
         * Turns are kept as in start-time fair queueing (Pawan Goyal, Harrick M. Vin, Haichen Cheng, IEEE/ACM Transactions
         * on Networking 5(5), 1997): a pick moves a candidate's next turn on by 1/weight from where it was, or from the
         * turn of the last pick if that is later, so that one which was busy for long has no arrears to claim. With all
         * idle this is a smooth weighted round robin; a rotating start of the scan would not be one, as the first of the
         * idle after a gap of busy ones would be taken for the whole gap.
         *
         * Concurrent picks may overwrite each other's turn: then one comes again too soon, once.
         */
        private static final double MAX_PACE = 1e9;
        private static final VarHandle TURN = MethodHandles.arrayElementVarHandle(double[].class);
        private static final VarHandle NOW;

        static {
            try {
                NOW = MethodHandles.lookup().findVarHandle(Turns.class, "now", double.class);
            } catch (ReflectiveOperationException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        private final Candidate[] candidates;
        private final double[] weights;
        private final boolean equalWeights;

        /** How much later a candidate's next turn is for a pick: 1 for the heaviest. */
        private final double[] pace;

        /** Each candidate's next turn; written by every pick. */
        private final double[] turn;

        /** The turn of the last pick; written by every pick. */
        @SuppressWarnings("UnusedVariable") // by VarHandle
        private double now;

        Turns(Members members, @Nullable Turns previous) {
            this.candidates = members.candidates;
            this.weights = members.weights;
            this.equalWeights = members.equalWeights();
            this.turn = new double[members.size];
            this.pace = new double[members.size];
            double max = 0;
            for (double weight : weights) {
                max = Math.max(max, weight);
            }
            Leads known = previous == null ? null : new Leads(previous);
            RandomGenerator random = members.random;
            for (int i = 0; i < turn.length; i++) {
                pace[i] = Math.min(MAX_PACE, max / weights[i]);
                double lead = known == null ? Double.NaN : known.of(i, candidates[i]);
                // At random, so that many clients that start at once do not all begin with the same instance.
                turn[i] = lead >= 0 ? lead : random.nextDouble() * pace[i];
            }
        }

        @Override
        public Candidate pick(PickRequest request) {
            int best = scan(request);
            if (best < 0) {
                best = scan(PickRequest.plain());
            }
            double own = Math.max((double) NOW.getOpaque(this), (double) TURN.getOpaque(turn, best));
            NOW.setOpaque(this, own);
            TURN.setOpaque(turn, best, own + pace[best]);
            return candidates[best];
        }

        private int scan(PickRequest request) {
            return equalWeights ? scanEqual(request) : scanWeighted(request);
        }

        private int scanEqual(PickRequest request) {
            boolean retry = request.excludedCount() > 0;
            int best = -1;
            double bestTurn = Double.POSITIVE_INFINITY;
            int least = Integer.MAX_VALUE;
            for (int i = 0; i < candidates.length; i++) {
                Candidate candidate = candidates[i];
                if (retry && request.excludes(candidate)) {
                    continue;
                }
                int inFlight = candidate.inFlight();
                if (inFlight > least) {
                    continue;
                }
                double own = (double) TURN.getOpaque(turn, i);
                if (inFlight < least || own < bestTurn) {
                    best = i;
                    bestTurn = own;
                    least = inFlight;
                }
            }
            return best;
        }

        private int scanWeighted(PickRequest request) {
            boolean retry = request.excludedCount() > 0;
            int idle = -1;
            double idleTurn = Double.POSITIVE_INFINITY;
            int busy = -1;
            double busyTurn = Double.POSITIVE_INFINITY;
            double least = Double.POSITIVE_INFINITY;
            for (int i = 0; i < candidates.length; i++) {
                Candidate candidate = candidates[i];
                if (retry && request.excludes(candidate)) {
                    continue;
                }
                double own = (double) TURN.getOpaque(turn, i);
                int inFlight = candidate.inFlight();
                if (inFlight == 0) {
                    if (own < idleTurn) {
                        idle = i;
                        idleTurn = own;
                    }
                    continue;
                }
                double load = (inFlight + 1.0) / weights[i];
                if (load < least || (load == least && own < busyTurn)) {
                    busy = i;
                    busyTurn = own;
                    least = load;
                }
            }
            return busy >= 0 && (idle < 0 || least * weights[idle] < 1) ? busy : idle;
        }
    }

    /** How far the candidates' next turns were ahead of an earlier picker's last pick. */
    private static final class Leads {
        private final Turns turns;
        private final double from;

        /** Made for the first candidate that is not where it was, which most are. */
        private @Nullable IdentityHashMap<Candidate, Integer> indices;

        Leads(Turns turns) {
            this.turns = turns;
            this.from = (double) Turns.NOW.getOpaque(turns);
        }

        /** NaN for a newcomer. */
        double of(int index, Candidate candidate) {
            Candidate[] candidates = turns.candidates;
            int was = index < candidates.length && candidates[index] == candidate ? index : find(candidate);
            return was < 0 ? Double.NaN : Math.max(0, (double) Turns.TURN.getOpaque(turns.turn, was) - from);
        }

        private int find(Candidate candidate) {
            IdentityHashMap<Candidate, Integer> known = indices;
            if (known == null) {
                known = new IdentityHashMap<>(turns.candidates.length);
                for (int i = 0; i < turns.candidates.length; i++) {
                    known.put(turns.candidates[i], i);
                }
                indices = known;
            }
            return known.getOrDefault(candidate, -1);
        }
    }
}
