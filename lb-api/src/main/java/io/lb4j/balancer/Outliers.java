package io.lb4j.balancer;

import io.github.resilience4j.core.metrics.Snapshot;
import io.lb4j.Outcome;
import io.lb4j.Ticker;
import io.lb4j.health.OutlierDetection;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Passive health's rules: which instances stand out by how their calls end. Lane only, but for {@link #suspicion}.
 *
 * <p>Whatever a rule says, failures eject only if they can't be chance, given what the others fail: see {@link Chance}.
 * What the others fail is told without those that are failing in a row, since else, where half of all instances died,
 * the dead would excuse each other.
 *
 * <p>Nor do they eject where that would help nobody, since the others have the same trouble. When a load came that was twice
 * what ten servers could take, all of them had runs of failures within the same tenth of a second, before any share told of it.
 * Five were ejected, and their calls kept the other five overloaded until they came back and the two halves changed
 * roles: a burst of three seconds was felt for ten. So where others fail too, a run of answers that are failures must last: an overloaded
 * server answers the next call for which it has room, a broken one doesn't. And a share must be twice that of the
 * others: that of two thousand calls here 54 % fail and there 47 % is no chance, but sending them there gains next to nothing.
 */
final class Outliers {
    /** From so many failures in a row on an instance says nothing of what calls fail in general. */
    private static final long IN_A_ROW = 3;

    /** How long a run must last where others fail as well. An overloaded server has room for a call far sooner. */
    private static final long LASTING_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final OutlierDetection settings;
    private final Ticker ticker;
    private final Supplier<InstanceState[]> roster;
    private final Chance chance;
    private final double fading;
    private final SuccessRates rates = new SuccessRates();

    /** Ticks of the stretch that runs, as long as the window; and whether this tick began one. */
    private long calmTicks;

    private boolean turn;

    /** Calls of all instances within about one window, and how many of them failed; without runs of failures. */
    private double ends;

    private double failures;

    /** Instances with enough calls for their percentage to be judged. */
    private int hosts;

    /** The rate of success below which an instance stands out; 0 if rates aren't compared. */
    private double rateThreshold;

    Outliers(OutlierDetection settings, Ticker ticker, Supplier<InstanceState[]> roster) {
        this.settings = settings;
        this.ticker = ticker;
        this.roster = roster;
        this.chance = new Chance(settings.significance());
        this.fading = Math.exp(-1.0 / settings.window().toSeconds());
    }

    /**
     * What to tell the lane of a failure that made a run this long, or 0 for nothing. On the calling threads.
     */
    long suspicion(InstanceState state, Outcome outcome, long run) {
        if (run > Run.PROBATION || reached(run, settings.consecutiveFailures())) {
            return Run.ofFailures(run);
        }
        if (settings.consecutiveGatewayFailures() > 0 && outcome.isGatewayFailure()) {
            long gateway = state.marks().gatewayStreak();
            if (reached(gateway, settings.consecutiveGatewayFailures())) {
                return Run.ofGatewayFailures(gateway);
            }
        }
        if (settings.consecutiveLocalFailures() > 0 && outcome.isLocalFailure()) {
            long local = state.marks().localStreak();
            if (reached(local, settings.consecutiveLocalFailures())) {
                return Run.ofLocalFailures(local);
            }
        }
        return 0;
    }

    private static boolean reached(long run, int threshold) {
        return threshold > 0 && run >= threshold;
    }

    private int thresholdOf(long suspicion) {
        return Run.isLocal(suspicion)
                ? settings.consecutiveLocalFailures()
                : Run.isGateway(suspicion) ? settings.consecutiveGatewayFailures() : settings.consecutiveFailures();
    }

    /** Whether runs of failures of any kind are looked at. */
    boolean judgesRuns() {
        return settings.consecutiveFailures() > 0
                || settings.consecutiveGatewayFailures() > 0
                || settings.consecutiveLocalFailures() > 0;
    }

    /** Why a run of failures ejects the instance, or null if it doesn't. */
    @Nullable
    String onRun(InstanceState state, long suspicion) {
        return onRun(state, suspicion, false);
    }

    /** The same of an instance that has had no success for long enough, whatever it was called for. */
    @Nullable
    String onSilence(InstanceState state) {
        return onRun(state, Run.ofFailures(state.streak()), true);
    }

    private @Nullable String onRun(InstanceState state, long suspicion, boolean lasted) {
        long run = Run.length(suspicion);
        if (state.isEjected()) {
            return null;
        }
        if (run > Run.PROBATION) {
            return "failed again on its return, " + (run - Run.PROBATION) + " in a row";
        }
        if (!reached(run, thresholdOf(suspicion))) {
            return null;
        }
        return chance.excludedFor(run, othersShare(state, 0)) && (lasted || isItsOwn(state, run))
                ? Run.describe(suspicion)
                : null;
    }

    /**
     * Whether the run that goes on there is the instance's own trouble: it gives no answers at all, the run lasts, it was worse
     * than the others before, or nobody else has any.
     */
    private boolean isItsOwn(InstanceState state, long run) {
        return !chance.isAsked()
                || state.marks().localStreak() >= Math.max(run, state.streak())
                || lasts(state, run)
                || wasWorse(state)
                || !othersFail(state);
    }

    private boolean lasts(InstanceState state, long run) {
        int number = state.marks().streaks();
        if (state.streak() < run) {
            // Over before the lane came to it; the one that may go on now is not to inherit its time.
            return false;
        }
        InstanceState.Passive p = state.passive();
        long now = ticker.nanos();
        if (p.suspectedRun != number) {
            p.suspectedRun = number;
            p.suspectedAt = now;
        }
        return now - p.suspectedAt >= LASTING_NANOS;
    }

    /** Whether it had failed more than the others by the last tick: one that fails nine calls of ten has no run that lasts. */
    private boolean wasWorse(InstanceState state) {
        InstanceState.Passive p = state.passive();
        return p.window != null && isWorse(p, othersShare(state, 1));
    }

    /** Whether calls to others failed since the last tick, or in the second before it. */
    private boolean othersFail(InstanceState state) {
        for (InstanceState other : roster.get()) {
            InstanceState.Passive p = other.passive;
            long before = p == null ? 0 : p.seenFailed - p.newlyFailed;
            if (other != state && other.failedCount() > before) {
                return true;
            }
        }
        return false;
    }

    /** Takes in what was counted since the last tick. */
    void tick(InstanceState[] all) {
        turn = ++calmTicks > settings.window().toSeconds();
        if (turn) {
            calmTicks = 1;
        }
        ends = 0;
        failures = 0;
        hosts = 0;
        rates.clear();
        boolean windows = false;
        for (InstanceState state : all) {
            windows |= takeIn(state);
            ends += state.flow.ends;
            failures += state.flow.failures;
        }
        rateThreshold = 0;
        if (windows) {
            compare(all);
        }
    }

    /** Returns whether there is something to judge. */
    private boolean takeIn(InstanceState state) {
        state.carry();
        long ended = state.endedCount();
        long failed = Math.min(state.failedCount(), ended);
        // A failure that is counted, but whose end is not yet, looks like a success less for a moment.
        long good = Math.max(state.flow.seenGood, ended - failed - state.ignoredCount());
        long successes = good - state.flow.seenGood;
        state.flow.seenGood = good;
        InstanceState.Passive known = state.passive;
        if (known == null && failed == 0) {
            state.flow.fade(fading, successes, 0);
            rememberCalm(state, successes);
            return false;
        }
        InstanceState.Passive p = state.passive();
        p.newlyFailed = failed - p.seenFailed;
        long failures = p.newlyFailed - Math.min(p.newlyFailed, p.excused);
        p.excused = 0;
        p.seenFailed = failed;
        boolean inARow = state.streak() >= IN_A_ROW || p.ejected;
        state.flow.fade(fading, inARow ? 0 : successes + failures, inARow ? 0 : failures);
        if (p.window == null) {
            if (failures == 0) {
                rememberCalm(state, successes);
                return false;
            }
            p.window = new FailureWindow(settings.window(), ticker, calmSuccesses(state));
            state.flow.calmBefore = 0;
            state.flow.calmNow = 0;
        }
        p.window.add(successes, failures);
        Snapshot seen = p.window.snapshot();
        p.windowCalls = seen.getTotalNumberOfCalls();
        p.windowFailed = seen.getNumberOfFailedCalls();
        if (p.windowFailed == 0) {
            p.window = null;
        }
        return p.window != null && !p.ejected;
    }

    private void compare(InstanceState[] all) {
        for (InstanceState state : all) {
            InstanceState.Passive p = state.passive;
            if (p == null || (p.window == null && !p.ejected)) {
                compare(calmSuccesses(state), 0);
            } else if (!p.ejected) {
                compare(p.windowCalls, p.windowFailed);
            }
        }
        if (settings.successRateStdevFactor() > 0 && rates.size() >= settings.successRateMinimumHosts()) {
            rateThreshold = rates.threshold(settings.successRateStdevFactor());
        }
    }

    private void compare(long calls, long failed) {
        hosts += calls >= settings.minimumVolume() ? 1 : 0;
        if (calls >= settings.successRateMinimumVolume()) {
            rates.add(1 - (double) failed / (double) calls);
        }
    }

    /** Why the instance's share of failures ejects it, or null if it doesn't. */
    @Nullable
    String onTick(InstanceState state) {
        InstanceState.Passive p = state.passive;
        if (p == null || p.ejected || p.window == null) {
            return null;
        }
        double share = 100.0 * p.windowFailed / p.windowCalls;
        if (settings.failurePercentage() > 0
                && share >= settings.failurePercentage()
                && p.windowCalls >= settings.minimumVolume()
                && hosts >= settings.minimumHosts()
                && isWorse(p, othersShare(state, 0))) {
            return String.format(
                    Locale.ROOT,
                    "%.0f %% of %d calls in %d s failed",
                    share,
                    p.windowCalls,
                    settings.window().toSeconds());
        }
        if (1 - share / 100 < rateThreshold
                && p.windowCalls >= settings.successRateMinimumVolume()
                // As if one call more had failed elsewhere: that others fail nothing isn't known from a few calls.
                && isWorse(p, othersShare(state, 1))) {
            return String.format(
                    Locale.ROOT,
                    "%.1f %% of %d calls in %d s failed, on average %.1f %%",
                    share,
                    p.windowCalls,
                    settings.window().toSeconds(),
                    100 * (1 - rates.mean()));
        }
        return null;
    }

    private boolean isWorse(InstanceState.Passive p, double othersShare) {
        return chance.isWorse(p.windowFailed, p.windowCalls, othersShare);
    }

    /** The share of calls that the other instances failed lately. */
    private double othersShare(InstanceState state, int pretended) {
        double theirs = ends - state.flow.ends + pretended;
        return theirs < 1 ? 0 : Math.min(1, Math.max(0, failures - state.flow.failures + pretended) / theirs);
    }

    /** Two numbers instead of a window for an instance that is well; two stretches, so that one is always whole. */
    private void rememberCalm(InstanceState state, long successes) {
        if (turn) {
            state.flow.calmBefore = state.flow.calmNow;
            state.flow.calmNow = 0;
        }
        state.flow.calmNow = (int) Math.min(Integer.MAX_VALUE, state.flow.calmNow + successes);
    }

    /** Successes within about one window before the first failure. */
    private long calmSuccesses(InstanceState state) {
        double older = 1 - (double) calmTicks / settings.window().toSeconds();
        return state.flow.calmNow + Math.round(state.flow.calmBefore * Math.max(0, older));
    }
}
