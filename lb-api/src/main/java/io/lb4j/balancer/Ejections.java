package io.lb4j.balancer;

import io.github.resilience4j.core.IntervalFunction;
import io.github.resilience4j.core.metrics.Snapshot;
import io.lb4j.Ticker;
import io.lb4j.health.OutlierDetection;
import java.time.Duration;
import java.util.Collection;
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
    private final OutlierDetection settings;
    private final Ticker ticker;
    private final IntervalFunction backoff;

    Ejections(OutlierDetection settings, Ticker ticker) {
        this.settings = settings;
        this.ticker = ticker;
        this.backoff = IntervalFunction.ofExponentialBackoff(
                Math.max(1, settings.baseEjectionTime().toMillis()),
                2,
                Math.max(1, settings.maxEjectionTime().toMillis()));
    }

    /** Whether this run of failures is worth telling the lane about; read on the calling threads. */
    boolean suspicious(long run) {
        return settings.consecutiveFailures() > 0 && run >= settings.consecutiveFailures();
    }

    /** Ejects after a run of failures, unless the cap forbids; returns the ejection's length or null. */
    @Nullable
    Duration onRun(InstanceState state, long run, Collection<InstanceState> all) {
        if (!suspicious(run) || state.passive.ejected) {
            return null;
        }
        return eject(state, run + " calls in a row failed", all);
    }

    /** Takes in what was counted since the last tick and judges the share of failures. */
    @Nullable
    Duration onTick(InstanceState state, Collection<InstanceState> all) {
        InstanceState.Passive p = state.passive;
        long ended = state.endedCount();
        long failed = Math.min(state.failedCount(), ended);
        long ignored = state.ignoredCount();
        long failures = failed - p.seenFailed;
        long successes = Math.max(0, (ended - p.seenEnded) - failures - (ignored - p.seenIgnored));
        p.seenEnded = ended;
        p.seenFailed = failed;
        p.seenIgnored = ignored;
        forgiveGoodTime(p);
        if (settings.failurePercentage() <= 0 || (failures == 0 && p.window == null)) {
            return null;
        }
        if (p.window == null) {
            p.window = new FailureWindow(settings.window(), ticker);
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
        return eject(state, reason, all);
    }

    /** Keeps the instance out for as long as it asked, within reason. */
    Duration overloaded(InstanceState state, Duration asked) {
        Duration time = asked.compareTo(settings.maxEjectionTime()) > 0 ? settings.maxEjectionTime() : asked;
        long until = ticker.nanos() + time.toNanos();
        InstanceState.Passive p = state.passive;
        if ((!p.overloaded && !p.ejected) || until - p.until > 0) {
            p.until = until;
        }
        p.overloaded = true;
        p.reason = "asked to be left alone for " + time;
        return time;
    }

    /** Brings the instance back if its time is over; returns whether it did. */
    boolean release(InstanceState state) {
        InstanceState.Passive p = state.passive;
        if (!(p.ejected || p.overloaded) || ticker.nanos() - p.until < 0) {
            return false;
        }
        if (p.ejected) {
            p.returnedAt = ticker.nanos();
            p.window = null;
            state.startStreakAt(Math.max(0, settings.consecutiveFailures() - 1));
        }
        p.ejected = false;
        p.overloaded = false;
        p.reason = "";
        return true;
    }

    private @Nullable Duration eject(InstanceState state, String reason, Collection<InstanceState> all) {
        long ejected = all.stream().filter(each -> each.passive.ejected).count();
        long allowed = Math.max(all.size() >= 2 ? 1 : 0, (long) (settings.maxEjectedShare() * all.size()));
        if (settings.maxEjectedShare() == 0 || ejected >= allowed) {
            return null;
        }
        InstanceState.Passive p = state.passive;
        p.ejections = Math.min(p.ejections + 1, 30);
        long nanos = TimeUnit.MILLISECONDS.toNanos(backoff.apply(p.ejections));
        p.ejected = true;
        p.lastEjectionNanos = nanos;
        p.until = ticker.nanos() + nanos;
        p.reason = reason;
        return Duration.ofNanos(nanos);
    }

    private void forgiveGoodTime(InstanceState.Passive p) {
        if (p.ejections > 0 && !p.ejected && ticker.nanos() - p.returnedAt >= p.lastEjectionNanos) {
            p.ejections--;
            p.returnedAt = ticker.nanos();
        }
    }
}
