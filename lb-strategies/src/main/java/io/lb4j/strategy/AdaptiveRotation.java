package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.Ticker;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** A weighted rotation whose weights follow something that is measured while it goes round. */
final class AdaptiveRotation implements Picker {
    /*
     * The weight of an instance is its own, times how many times faster than the mean it is, within bounds: the slowest
     * must get some calls, or it could never show that it has recovered, and the fastest must not be drowned. One that
     * was not measured yet counts as the mean, as in gRPC's weighted round robin (A58), whose update period this is, too.
     * The first pick of a period computes the weights while others go on with the old ones.
     */
    private static final double MIN_FACTOR = 0.1;
    private static final double MAX_FACTOR = 10;
    private static final VarHandle UPDATED;

    static {
        try {
            UPDATED = MethodHandles.lookup().findVarHandle(AdaptiveRotation.class, "updated", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Candidate[] candidates;
    private final double[] weights;
    private final Pace[] paces;
    private final UpdateClock updates;
    private final Ticker ticker;
    private final Phase phase;
    /** The period the weights are of; written by the first pick of the next one. */
    @SuppressWarnings("UnusedVariable") // by VarHandle
    private int updated;

    private volatile CandidateTurn turn;

    /** What the weight of one instance follows. */
    interface Pace {
        /** How much it can take, in any unit that is the same for all; 0 if that is not known. */
        double speed(long nowNanos);

        /** Has the ends of its calls move this clock, too. */
        void moves(UpdateClock clock);

        /** What to multiply its weight with besides. */
        default double reliability() {
            return 1;
        }
    }

    AdaptiveRotation(Members members, Pace[] paces, UpdateClock updates, Ticker ticker, Phase phase) {
        this.candidates = members.candidates;
        this.weights = members.weights;
        this.paces = paces;
        this.updates = updates;
        this.ticker = ticker;
        this.phase = phase;
        for (Pace pace : paces) {
            pace.moves(updates);
        }
        this.updated = updates.period();
        this.turn = new CandidateTurn(candidates, adapted());
    }

    @Override
    public Candidate pick(PickRequest request) {
        int seen = (int) UPDATED.getOpaque(this);
        int period = updates.period();
        if (seen != period && UPDATED.compareAndSet(this, seen, period)) {
            turn = new CandidateTurn(candidates, adapted());
        }
        CandidateTurn current = turn;
        return current.at(phase.next(current.step));
    }

    private double[] adapted() {
        long now = ticker.nanos();
        double[] adapted = new double[weights.length];
        double total = 0;
        int measured = 0;
        for (int i = 0; i < adapted.length; i++) {
            adapted[i] = paces[i].speed(now);
            if (adapted[i] > 0) {
                total += adapted[i];
                measured++;
            }
        }
        double mean = total / Math.max(1, measured);
        for (int i = 0; i < adapted.length; i++) {
            double factor = (adapted[i] > 0 ? adapted[i] / mean : 1) * paces[i].reliability();
            adapted[i] = weights[i] * Math.min(MAX_FACTOR, Math.max(MIN_FACTOR, factor));
        }
        return adapted;
    }
}
