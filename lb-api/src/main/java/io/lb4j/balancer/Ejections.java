package io.lb4j.balancer;

import io.github.resilience4j.core.IntervalFunction;
import io.lb4j.Ticker;
import io.lb4j.health.OutlierDetection;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Passive health's sentences: who is out and for how long, and who may not be as too many are. Lane only.
 *
 * <p>An instance that comes back is on trial ({@link Trial}), so that a dead one costs one call per ejection and not a
 * whole run of failures. If trials are off it is on probation: its next failure, unless a success comes first, ejects it
 * again.
 */
final class Ejections {
    private final OutlierDetection settings;
    private final Ticker ticker;
    private final RandomGenerator random;
    private final boolean probation;
    private final IntervalFunction backoff;
    private int known;
    private int ejected;

    /** @param probation whether there is a rule that ejects an instance on probation for one failure */
    Ejections(OutlierDetection settings, Ticker ticker, RandomGenerator random, boolean probation) {
        this.settings = settings;
        this.ticker = ticker;
        this.random = random;
        this.probation = probation;
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
        if (!p.ejected || p.trial != null) {
            p.reason = "asked to be left alone for " + time;
        }
        return time;
    }

    /** Makes the ejection that runs be over by now. */
    void cutShort(InstanceState state) {
        state.passive().ejectedUntil = ticker.nanos();
    }

    /** Ends the instance's ejection, or puts it on trial, if its time is over; returns whether it did. */
    boolean endEjection(InstanceState state, boolean counted) {
        InstanceState.Passive p = state.passive();
        if (!p.ejected || p.trial != null || ticker.nanos() - p.ejectedUntil < 0) {
            return false;
        }
        if (settings.trialInterval().isZero()) {
            letBack(state, counted);
            state.startStreakAt(probation ? Run.PROBATION : 0);
        } else {
            p.trial = new Trial(state);
        }
        return true;
    }

    /** Whether that is the instance's trial, and not one of an earlier ejection that ends late. */
    static boolean isOn(Trial trial) {
        InstanceState.Passive p = trial.state.passive;
        return p != null && p.trial == trial;
    }

    /** Ends the trial of an instance that is well. */
    void acquit(InstanceState state) {
        letBack(state, true);
        state.startStreakAt(0);
    }

    /** Ejects an instance that failed its trial; returns for how long, or null if the cap lets it back. */
    @Nullable
    Duration convict(InstanceState state, String reason) {
        letBack(state, true);
        state.startStreakAt(probation ? Run.PROBATION : 0);
        return eject(state, reason);
    }

    private void letBack(InstanceState state, boolean counted) {
        InstanceState.Passive p = state.passive();
        p.ejected = false;
        p.trial = null;
        p.returnedAt = ticker.nanos();
        p.window = null;
        Stalls.forget(state);
        p.reason = p.overloaded ? "asked to be left alone" : "";
        if (counted) {
            ejected--;
        }
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

    /** Whether the cap lets so many instances, besides those that are ejected, be out with one more. */
    boolean allowsOneMore(int besides) {
        // The epsilon, because 0.29 of 100 is 28.999999999999996.
        long allowed = Math.max(known >= 2 ? 1 : 0, (long) (settings.maxEjectedShare() * known + 1e-9));
        return settings.maxEjectedShare() > 0 && ejected + besides < allowed;
    }

    /** Ejects the instance unless the cap forbids; returns the ejection's length or null. */
    @Nullable
    Duration eject(InstanceState state, String reason) {
        if (!allowsOneMore(0)) {
            return null;
        }
        InstanceState.Passive p = state.passive();
        long nanos = lengthOf(p.ejections + 1);
        // Steps that lengthen nothing any more would all have to be forgiven before the next ejection gets shorter.
        if (lengthOf(p.ejections + 2) > nanos) {
            int steps = p.ejections + 1;
            p.ejections = steps;
        }
        nanos += jitter();
        p.ejected = true;
        p.lastEjectionNanos = nanos;
        p.ejectedUntil = ticker.nanos() + nanos;
        p.reason = reason;
        ejected++;
        return Duration.ofNanos(nanos);
    }

    long lengthOf(int ejection) {
        return TimeUnit.MILLISECONDS.toNanos(backoff.apply(ejection));
    }

    /** As Envoy draws it. */
    long jitter() {
        long most = settings.maxEjectionTimeJitter().toMillis();
        return most == 0 ? 0 : TimeUnit.MILLISECONDS.toNanos(Long.remainderUnsigned(random.nextLong(), most + 1));
    }

    /** Makes the next ejection a step shorter if the instance has been good for long enough. */
    void forgiveGoodTime(InstanceState state) {
        InstanceState.Passive p = state.passive;
        if (p != null && p.ejections > 0 && !p.ejected && ticker.nanos() - p.returnedAt >= p.lastEjectionNanos) {
            int steps = p.ejections - 1;
            p.ejections = steps;
            p.returnedAt = ticker.nanos();
        }
    }
}
