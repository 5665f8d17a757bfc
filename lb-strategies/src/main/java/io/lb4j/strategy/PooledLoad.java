package io.lb4j.strategy;

import io.lb4j.Candidate;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** What one instance said of its load, as it stands in the pool. Picks only write how often it was used. */
final class PooledLoad {
    /** How many times more a call costs on an instance that always fails: one that fails at once must not look idle. */
    private static final double FAILURE_PENALTY = PeakResponseTime.FAILURE_PENALTY;

    private static final VarHandle USED;

    static {
        try {
            USED = MethodHandles.lookup().findVarHandle(PooledLoad.class, "used", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final Candidate candidate;
    final long at;
    private final PeakResponseTime own;
    private final double inFlight;
    private final double latency;
    private final double weight;
    private final int budget;

    @SuppressWarnings("UnusedVariable") // by VarHandle
    private int used;

    /**
     * @param inFlight calls in flight there
     * @param latency infinite if not known
     * @param weight over the mean weight
     * @param budget how often it may be used
     */
    PooledLoad(
            Candidate candidate,
            PeakResponseTime own,
            double inFlight,
            double latency,
            double weight,
            long at,
            int budget) {
        this.candidate = candidate;
        this.own = own;
        this.inFlight = inFlight;
        this.latency = latency;
        this.weight = weight;
        this.at = at;
        this.budget = budget;
    }

    /** Calls in flight for the weight, those sent there on this answer and the next included. */
    double load() {
        return (inFlight + (int) USED.getOpaque(this) + 1) / weight * penalty();
    }

    double latency() {
        return latency * penalty();
    }

    private double penalty() {
        return 1 + FAILURE_PENALTY * own.failing();
    }

    boolean spent() {
        return (int) USED.getOpaque(this) >= budget;
    }

    void use() {
        USED.getAndAdd(this, 1);
    }

    /** Whether this is the better choice of the two, of which none is hot: the quicker one, else the less loaded. */
    boolean quicker(PooledLoad other) {
        double mine = latency();
        double theirs = other.latency();
        return mine < theirs || (mine == theirs && load() < other.load());
    }
}
