package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.Tracker;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** What one instance said last, on its way into the pool. */
final class PooledInstance implements Tracker {
    private static final int SILENT_AFTER = 2;
    private static final int ANSWERED = -1;

    final Candidate candidate;
    final PeakResponseTime times;
    private final LoadPool pool;
    private final boolean learns;
    private final AtomicBoolean queued = new AtomicBoolean();

    /** Who queued before; written by whoever queued this one. */
    @Nullable
    PooledInstance behind;

    /**
     * What was said: no objects, as every call that ends may say something. A mixture of two answers at the same moment is
     * no harm. NaN after a probe that failed.
     */
    private volatile double inFlight = Double.NaN;

    private volatile double latency;
    private volatile long at;
    private volatile boolean reports;

    /** Probes that failed before one was answered; {@link #ANSWERED} from then on. A lost one does not matter. */
    private volatile int failed;

    /** Guarded by the pool's lock. */
    private boolean silent;

    /** @param learns whether to go by answers of calls; false if there are probes */
    PooledInstance(Candidate candidate, PeakResponseTime times, LoadPool pool, boolean learns) {
        this.candidate = candidate;
        this.times = times;
        this.pool = pool;
        this.learns = learns;
    }

    /** Whether it has to be queued, as it is not. */
    boolean queue() {
        return !queued.get() && queued.compareAndSet(false, true);
    }

    /** Its place in the queue is taken: what it says from now on queues it anew. */
    void taken() {
        queued.set(false);
    }

    /** Calls in flight there; NaN if it can't be trusted to say. */
    double inFlight() {
        return inFlight;
    }

    /** In nanoseconds; infinite if not known. */
    double latency() {
        return latency;
    }

    /** When it said so. */
    long at() {
        return at;
    }

    /** A probe was answered; null if it failed. */
    void probed(@Nullable LoadReport report, long nowNanos) {
        if (report == null || Double.isNaN(report.inFlight())) {
            failed(failed);
            say(Double.NaN, 0, nowNanos);
        } else {
            failed = ANSWERED;
            say(report.inFlight(), report.latencyNanos(), nowNanos);
        }
    }

    private void failed(int before) {
        if (before != ANSWERED && before < SILENT_AFTER) {
            failed = before + 1;
        }
    }

    /** Sees whether it has become silent, or is no more; returns whether that is news. */
    boolean judge() {
        boolean before = silent;
        silent = failed >= SILENT_AFTER;
        return silent != before;
    }

    /** Whether no probe was ever answered, though some were sent. */
    boolean silent() {
        return silent;
    }

    private void say(double calls, double nanos, long nowNanos) {
        latency = nanos >= 0 ? nanos : Double.POSITIVE_INFINITY;
        at = nowNanos;
        inFlight = calls;
        pool.tell(this);
    }

    @Override
    public boolean timed() {
        return learns;
    }

    @Override
    public void onLoadReport(LoadReport report, long nowNanos) {
        double all = report.inFlight();
        if (learns && all >= 0) {
            reports = true;
            // The call that this comes with is not in the report any more, but is not ended here yet.
            double others = Math.max(0, all - Math.max(0, candidate.inFlight() - 1));
            pool.fleet().others.add(others / candidate.instance().weight());
            say(all, report.latencyNanos(), nowNanos);
        }
    }

    @Override
    public void onEnd(Outcome outcome, long startNanos, long nowNanos) {
        if (learns && !reports && outcome.kind() == Outcome.Kind.SUCCESS) {
            double others = pool.fleet().others.orElse(0) * candidate.instance().weight();
            // This call is still counted.
            say(Math.max(0, candidate.inFlight() - 1) + others, (double) Math.max(1, nowNanos - startNanos), nowNanos);
        }
    }
}
