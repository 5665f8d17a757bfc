package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The least busy of all; those equally busy take turns by weight. */
final class LeastRequestRoundRobin implements Strategy {
    private final StateKey<AtomicReference<@Nullable Turns>> last = StateKey.create("least request's turns");

    @Override
    public Picker newPicker(Eligible eligible) {
        AtomicReference<@Nullable Turns> previous = eligible.state(last, AtomicReference::new);
        Members members = Members.of(eligible);
        Turns turns = new Turns(members, previous.get());
        previous.set(turns);
        return new Scan(members, turns);
    }

    @Override
    public String toString() {
        return "least request, then round robin";
    }

    private static final class Scan implements Picker {
        /*
         * With all idle this is a smooth weighted round robin. A rotating start of the scan would not be one, as the first of
         * the idle after a gap of busy ones would be taken for the whole gap.
         */

        private final Candidate[] candidates;
        private final double[] weights;
        private final boolean equalWeights;
        private final Turns turns;

        Scan(Members members, Turns turns) {
            this.candidates = members.candidates;
            this.weights = members.weights;
            this.equalWeights = members.equalWeights();
            this.turns = turns;
        }

        @Override
        public Candidate pick(PickRequest request) {
            int best = scan(request);
            if (best < 0) {
                best = scan(PickRequest.plain());
            }
            turns.taken(best);
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
                double own = turns.of(i);
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
                double own = turns.of(i);
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
}
