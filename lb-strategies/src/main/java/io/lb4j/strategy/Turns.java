package io.lb4j.strategy;

import io.lb4j.Candidate;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.IdentityHashMap;
import org.jspecify.annotations.Nullable;

/** Whose turn it is among some of the candidates, by weight. */
final class Turns {
    /*
     * Start-time fair queueing (Pawan Goyal, Harrick M. Vin, Haichen Cheng, IEEE/ACM Transactions on Networking 5(5), 1997):
     * a pick moves a candidate's next turn on by 1/weight from where it was, or from the turn of the last pick if that
     * is later, so that one which was busy for long has no arrears to claim. Concurrent picks may overwrite each
     * other's turn: then one comes again too soon, once.
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

    /** How much later a candidate's next turn is for a pick: 1 for the heaviest. */
    private final double[] pace;

    /** Each candidate's next turn; written by every pick. */
    private final double[] turn;

    /** The turn of the last pick; written by every pick. */
    @SuppressWarnings("UnusedVariable") // by VarHandle
    private double now;

    /** @param previous whose turns go on; null at first, when turns start at random lest all clients begin alike */
    Turns(Members members, @Nullable Turns previous) {
        this.candidates = members.candidates;
        this.turn = new double[members.size];
        this.pace = new double[members.size];
        double max = 0;
        for (double weight : members.weights) {
            max = Math.max(max, weight);
        }
        Leads known = previous == null ? null : new Leads(previous);
        for (int i = 0; i < turn.length; i++) {
            pace[i] = Math.min(MAX_PACE, max / members.weights[i]);
            // No more than its pace, or one whose weight has grown would wait for the turn it had with the old one.
            double lead = known == null ? Double.NaN : known.of(i, candidates[i]);
            turn[i] = lead >= 0 ? Math.min(lead, pace[i]) : members.random.nextDouble() * pace[i];
        }
    }

    /** A candidate's next turn; the one with the least is the next. */
    double of(int index) {
        return (double) TURN.getOpaque(turn, index);
    }

    /** Whether one's turn comes before another's. */
    boolean before(int index, int other) {
        return of(index) < of(other);
    }

    void taken(int index) {
        double own = Math.max((double) NOW.getOpaque(this), (double) TURN.getOpaque(turn, index));
        NOW.setOpaque(this, own);
        TURN.setOpaque(turn, index, own + pace[index]);
    }

    /** How far the candidates' next turns were ahead of the last pick. */
    private static final class Leads {
        private final Turns turns;
        private final double from;

        /** Made for the first candidate that is not where it was, which most are. */
        private @Nullable IdentityHashMap<Candidate, Integer> indices;

        Leads(Turns turns) {
            this.turns = turns;
            this.from = (double) NOW.getOpaque(turns);
        }

        /** NaN for a newcomer. */
        double of(int index, Candidate candidate) {
            Candidate[] candidates = turns.candidates;
            int was = index < candidates.length && candidates[index] == candidate ? index : find(candidate);
            return was < 0 ? Double.NaN : Math.max(0, turns.of(was) - from);
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
