package io.lb4j.balancer;

import io.lb4j.Candidate;
import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.ServiceInstance;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One pick in progress: the caller may use {@link #instance()} until it closes the lease with what came of it. The
 * instance counts as busy until then, so a lease that is never closed makes it look loaded for ever. Closing is
 * thread-safe and counts once; later closes do nothing.
 */
public final class Lease implements AutoCloseable {
    private static final VarHandle CLOSED;

    static {
        try {
            CLOSED = MethodHandles.lookup().findVarHandle(Lease.class, "closed", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Leases leases;
    private final InstanceState state;
    private final InstanceState.Trackers trackers;
    private final long startNanos;

    /**
     * Null for most calls; a {@link Trial.Call} for the one that tries an instance after its ejection, else the name of the
     * call's endpoint. One reference, since with two a lease would take eight bytes more.
     */
    private final @Nullable Object about;

    @SuppressWarnings("unused") // by VarHandle
    private boolean closed;

    Lease(Leases leases, InstanceState state, @Nullable String endpoint) {
        this(leases, state, false, endpoint);
    }

    /**
     * @param started whether the call is counted as started already
     * @param about the trial that it is, or its endpoint's name, or null
     */
    Lease(Leases leases, InstanceState state, boolean started, @Nullable Object about) {
        this(leases, state, started, about, state.trackers());
    }

    private Lease(
            Leases leases,
            InstanceState state,
            boolean started,
            @Nullable Object about,
            InstanceState.Trackers trackers) {
        this.about = about;
        this.leases = leases;
        this.state = state;
        this.trackers = trackers;
        if (!started) {
            state.started();
        }
        // The clock costs as much as everything else in a pick together, so it is read only if somebody wants it.
        this.startNanos = trackers.timed ? leases.nanos() : 0;
        if (!trackers.isEmpty()) {
            state.startAll(trackers, startNanos, leases);
        }
    }

    /** The instance to call. */
    public ServiceInstance instance() {
        return state.instance();
    }

    /** The balancer's view of the instance, to exclude it from a further attempt of the same call. */
    public Candidate candidate() {
        return state;
    }

    /** Whether anything the strategy keeps might want a {@link #report}; if not, it need not even be read. */
    public boolean wantsReports() {
        return trackers.reports;
    }

    /** Passes on what the instance said of its load with its answer. May come before or after the lease is closed. */
    public void report(LoadReport report) {
        Objects.requireNonNull(report, "report");
        if (!trackers.isEmpty()) {
            state.reportAll(trackers, report, leases.nanos(), leases);
        }
    }

    /**
     * Says that the instance announced its end: by an HTTP/2 GOAWAY, or by {@code Connection: close} on a connection
     * that it had kept before. New calls prefer other instances for the next two seconds; calls in progress go on. Not
     * if it is the only one, not for more than half of the instances at a time, and not if it said so within the last
     * minute already, which is then a habit.
     * May come before or after the lease is closed.
     */
    public void draining() {
        leases.leaving(state);
    }

    /**
     * Ends the lease.
     *
     * @param outcome what the call meant for the instance
     * @return whether this was the close that counted
     */
    public boolean close(Outcome outcome) {
        Objects.requireNonNull(outcome, "outcome");
        if (!CLOSED.compareAndSet(this, false, true)) {
            return false;
        }
        end(outcome);
        return true;
    }

    private void end(Outcome outcome) {
        if (!trackers.isEmpty()) {
            state.endAll(trackers, outcome, startNanos, trackers.timed ? leases.nanos() : 0, leases);
        }
        if (about == null) {
            leases.ended(state, null, outcome);
        } else {
            endedWith(about, outcome);
        }
    }

    /**
     * Ends the lease, and goes on with another on the same instance, for what lasts longer than a call: a connection,
     * which is a call until it is made. The instance counts as busy all the time. Strategies and limits that learn from
     * how long calls take are told nothing of the part that goes on, only its failure counts.
     *
     * @param outcome what the call meant for the instance
     * @return the lease of what goes on, to be closed; or this one, if it was closed before
     */
    public Lease keep(Outcome outcome) {
        Objects.requireNonNull(outcome, "outcome");
        if (!CLOSED.compareAndSet(this, false, true)) {
            return this;
        }
        // Before the end, so that nobody sees the instance idle in between.
        Lease kept = new Lease(leases, state, false, null, InstanceState.Trackers.NONE);
        end(outcome);
        return kept;
    }

    private void endedWith(Object what, Outcome outcome) {
        if (what instanceof Trial.Call trial) {
            leases.ended(state, trial.endpoint, outcome);
            leases.tried(trial, outcome);
        } else {
            leases.ended(state, (String) what, outcome);
        }
    }

    /** Ends the lease, if it has not ended, with {@link Outcome#IGNORED}: nothing was learnt about the instance. */
    @Override
    public void close() {
        close(Outcome.IGNORED);
    }

    @Override
    public String toString() {
        return "Lease[" + state + "]";
    }
}
