package io.lb4j.balancer;

import io.github.resilience4j.core.IntervalFunction;
import io.github.resilience4j.core.metrics.Snapshot;
import io.lb4j.Ticker;
import io.lb4j.health.OutlierDetection;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Passive health: judges instances by their calls, ejects them and brings them back. Lane only.
 *
 * <p>An instance that comes back is on probation: its next failure, unless a success comes first, ejects it again, so
 * that a dead one costs one call per ejection and not a whole run of failures.
 */
final class Ejections {
    /** Where the run of failures of an instance on probation starts: beyond any threshold. */
    private static final long PROBATION = 1L << 40;

    private final OutlierDetection settings;
    private final Ticker ticker;
    private final IntervalFunction backoff;
    private int known;
    private int ejected;

    /** Ticks of the stretch that runs, as long as the window; and whether this tick began one. */
    private long calmTicks;

    private boolean turn;

    Ejections(OutlierDetection settings, Ticker ticker) {
        this.settings = settings;
        this.ticker = ticker;
        this.backoff = IntervalFunction.ofExponentialBackoff(
                Math.max(1, settings.baseEjectionTime().toMillis()),
                2,
                Math.max(1, settings.maxEjectionTime().toMillis()));
    }

    /** Takes in whom the cap counts. */
    void count(InstanceState[] all) {
        known = all.length;
        ejected = 0;
        for (InstanceState state : all) {
            ejected += state.isEjected() ? 1 : 0;
        }
    }

    /** Whether this run of failures is worth telling the lane about; read on the calling threads. */
    boolean suspicious(long run) {
        return settings.consecutiveFailures() > 0 && run >= settings.consecutiveFailures();
    }

    /** Ejects after a run of failures, unless the cap forbids; returns the ejection's length or null. */
    @Nullable
    Duration onRun(InstanceState state, long run) {
        if (!suspicious(run) || state.isEjected()) {
            return null;
        }
        return eject(
                state,
                run > PROBATION
                        ? "failed again on its return, " + (run - PROBATION) + " in a row"
                        : run + " calls in a row failed");
    }

    /** Begins a tick, in which every instance is judged. */
    void beginTick() {
        turn = ++calmTicks > settings.window().toSeconds();
        if (turn) {
            calmTicks = 1;
        }
    }

    /** Takes in what was counted since the last tick and judges the share of failures. */
    @Nullable
    Duration onTick(InstanceState state) {
        state.carry();
        long ended = state.endedCount();
        long failed = Math.min(state.failedCount(), ended);
        // A failure that is counted, but whose end is not yet, looks like a success less for a moment.
        long good = Math.max(state.seenGood, ended - failed - state.ignoredCount());
        long successes = good - state.seenGood;
        state.seenGood = good;
        InstanceState.Passive known = state.passive;
        if (known == null && failed == 0) {
            rememberCalm(state, successes);
            return null;
        }
        InstanceState.Passive p = state.passive();
        long failures = failed - p.seenFailed;
        p.seenFailed = failed;
        forgiveGoodTime(p);
        if (settings.failurePercentage() <= 0) {
            return null;
        }
        if (p.window == null) {
            if (failures == 0) {
                rememberCalm(state, successes);
                return null;
            }
            p.window = new FailureWindow(settings.window(), ticker, calmSuccesses(state));
            state.calmBefore = 0;
            state.calmNow = 0;
        }
        p.window.add(successes, failures);
        Snapshot seen = p.window.snapshot();
        if (seen.getNumberOfFailedCalls() == 0) {
            p.window = null;
            return null;
        }
        if (p.ejected
                || seen.getTotalNumberOfCalls() < settings.minimumVolume()
                || seen.getFailureRate() < settings.failurePercentage()) {
            return null;
        }
        String reason = String.format(
                Locale.ROOT,
                "%.0f %% of %d calls in %d s failed",
                seen.getFailureRate(),
                seen.getTotalNumberOfCalls(),
                settings.window().toSeconds());
        return eject(state, reason);
    }

    /** Two numbers instead of a window for an instance that is well; two stretches, so that one is always whole. */
    private void rememberCalm(InstanceState state, long successes) {
        if (turn) {
            state.calmBefore = state.calmNow;
            state.calmNow = 0;
        }
        state.calmNow = (int) Math.min(Integer.MAX_VALUE, state.calmNow + successes);
    }

    /** Successes within about one window before the first failure. */
    private long calmSuccesses(InstanceState state) {
        double older = 1 - (double) calmTicks / settings.window().toSeconds();
        return state.calmNow + Math.round(state.calmBefore * Math.max(0, older));
    }

    /** Keeps the instance out for as long as it asked, within reason; returns for how long. */
    Duration overloaded(InstanceState state, long askedNanos) {
        long nanos = Math.min(askedNanos, settings.maxEjectionTime().toNanos());
        long until = ticker.nanos() + nanos;
        InstanceState.Passive p = state.passive();
        if (!p.overloaded || until - p.overloadedUntil > 0) {
            p.overloadedUntil = until;
        }
        p.overloaded = true;
        Duration time = Duration.ofNanos(nanos);
        if (!p.ejected) {
            p.reason = "asked to be left alone for " + time;
        }
        return time;
    }

    /** When the instance's standing changes next; asked only while it is out. */
    long nextEnd(InstanceState.Passive p) {
        if (!p.ejected) {
            return p.overloadedUntil;
        }
        return p.overloaded && p.overloadedUntil - p.ejectedUntil < 0 ? p.overloadedUntil : p.ejectedUntil;
    }

    /** Ends the instance's ejection if its time is over; returns whether it did. */
    boolean endEjection(InstanceState state, boolean counted) {
        InstanceState.Passive p = state.passive();
        if (!p.ejected || ticker.nanos() - p.ejectedUntil < 0) {
            return false;
        }
        p.ejected = false;
        p.returnedAt = ticker.nanos();
        p.window = null;
        p.reason = p.overloaded ? "asked to be left alone" : "";
        state.startStreakAt(settings.consecutiveFailures() > 0 ? PROBATION : 0);
        if (counted) {
            ejected--;
        }
        return true;
    }

    /** Ends the instance's rest if its time is over; returns whether it did. */
    boolean endOverload(InstanceState state) {
        InstanceState.Passive p = state.passive();
        if (!p.overloaded || ticker.nanos() - p.overloadedUntil < 0) {
            return false;
        }
        p.overloaded = false;
        p.reason = p.ejected ? p.reason : "";
        return true;
    }

    private @Nullable Duration eject(InstanceState state, String reason) {
        // The epsilon, because 0.29 of 100 is 28.999999999999996.
        long allowed = Math.max(known >= 2 ? 1 : 0, (long) (settings.maxEjectedShare() * known + 1e-9));
        if (settings.maxEjectedShare() == 0 || ejected >= allowed) {
            return null;
        }
        InstanceState.Passive p = state.passive();
        long nanos = lengthOf(p.ejections + 1);
        // Steps that lengthen nothing any more would all have to be forgiven before the next ejection gets shorter.
        if (lengthOf(p.ejections + 2) > nanos) {
            int steps = p.ejections + 1;
            p.ejections = steps;
        }
        p.ejected = true;
        p.lastEjectionNanos = nanos;
        p.ejectedUntil = ticker.nanos() + nanos;
        p.reason = reason;
        ejected++;
        return Duration.ofNanos(nanos);
    }

    private long lengthOf(int ejection) {
        return TimeUnit.MILLISECONDS.toNanos(backoff.apply(ejection));
    }

    private void forgiveGoodTime(InstanceState.Passive p) {
        if (p.ejections > 0 && !p.ejected && ticker.nanos() - p.returnedAt >= p.lastEjectionNanos) {
            int steps = p.ejections - 1;
            p.ejections = steps;
            p.returnedAt = ticker.nanos();
        }
    }
}
