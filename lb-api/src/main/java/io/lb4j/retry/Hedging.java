package io.lb4j.retry;

import io.lb4j.Ticker;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * The hedging of one service: learns how long calls usually take, says when one is late, and keeps hedges to their share.
 * Thread-safe, without locks and without garbage.
 *
 * <p>For each call that may be hedged: {@link #onCall()}, then at the earliest {@link #delayNanos()} later
 * {@link #tryHedge()}, and {@link #onLatency} when its first attempt is over. If the hedge was quicker, the time
 * at which the first attempt was given up stands for its latency: it is longer than the percentile, which is all that
 * the percentile has to know of it. Left out, it would make each percentile shorter than the last.
 */
public final class Hedging {
    private final HedgePolicy policy;
    private final RetryBudget retries;
    private final LatencyQuantile usual;
    private final HedgeBudget budget;
    private final long minNanos;
    private final long maxNanos;
    private final long initialNanos;

    /**
     * The hedging of a service that had no call yet.
     *
     * @param retries what hedges and retries together must keep to
     * @param ticker the clock
     */
    public Hedging(HedgePolicy policy, RetryBudget retries, Ticker ticker) {
        this.policy = policy;
        this.retries = Objects.requireNonNull(retries, "retries");
        this.usual = new LatencyQuantile(policy.percentile(), policy.earlyPercentile(), ticker);
        this.budget = new HedgeBudget(policy.maxExtraLoad(), policy.maxBurst());
        this.minNanos = TimeUnit.NANOSECONDS.convert(policy.minDelay());
        this.maxNanos = TimeUnit.NANOSECONDS.convert(policy.maxDelay());
        this.initialNanos = TimeUnit.NANOSECONDS.convert(policy.initialDelay());
    }

    /** What this carries out. */
    public HedgePolicy policy() {
        return policy;
    }

    /** Counts a call of the service, be it one that may be hedged or not. */
    public void onCall() {
        budget.onCall();
    }

    /**
     * Learns from a first attempt.
     *
     * @param nanos how long it took to answer, or to be overtaken or given up as too slow; not how long to fail
     */
    public void onLatency(long nanos) {
        usual.record(nanos);
    }

    /** How long after its start a call is late, in nanoseconds. */
    public long delayNanos() {
        long learned = usual.nanos();
        return learned == 0 ? initialNanos : Math.min(Math.max(learned, minNanos), maxNanos);
    }

    /** Whether {@link #tryHedge()} might succeed, as of this moment; an instance need not be picked if not. */
    public boolean hasRoom() {
        return budget.hasRoom() && retries.hasRetry();
    }

    /** Takes leave for one hedge from both budgets; false if there is none, and then it must not be sent. */
    public boolean tryHedge() {
        // The retry last: where threads race, the loser costs the hedges one, and not the calls that failed.
        return retries.hasRetry() && budget.tryTake() && retries.tryRetry();
    }

    @Override
    public String toString() {
        long learned = usual.nanos();
        return "Hedging[" + (learned == 0 ? "nothing learned yet" : "usual: " + learned / 1000 + " us") + ", " + policy
                + "]";
    }
}
