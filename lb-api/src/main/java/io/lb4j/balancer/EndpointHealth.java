package io.lb4j.balancer;

import io.lb4j.Ticker;
import io.lb4j.health.OutlierDetection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Passive health of single endpoints: takes an instance out for those that fail there while they work elsewhere, and
 * keeps their failures from taking it out as a whole. Lane only.
 *
 * <p>Which of the two a failure is, its kind often doesn't say: a handler that is broken and a server that is broken both
 * answer 500. So the instance is judged by what fails there besides its worst endpoint; and if nothing at all succeeds there, by
 * everything.
 */
final class EndpointHealth {
    /** From so many failures in a row on, an instance says nothing of how the endpoint does in general. */
    private static final long IN_A_ROW = 3;

    private static final int SECONDS_TO_REMEMBER_RUNS = 60;

    private final OutlierDetection settings;
    private final String service;
    private final Ticker ticker;
    private final RandomGenerator random;
    private final Endpoints endpoints;
    private final Ejections ejections;
    private final Predicate<InstanceState> isKnown;
    private final SerialLane lane;
    private final GuardedListener listener;
    private final Chance chance;
    private final double fading;

    private final List<EndpointState> outs = new ArrayList<>();
    private Map<InstanceState, Silence> silences = new HashMap<>();
    private boolean publishing;

    /** Since when nothing has succeeded on an instance, in whole seconds. */
    private record Silence(int streak, int seconds) {}

    EndpointHealth(
            BalancerSettings balancer,
            Endpoints endpoints,
            Ejections ejections,
            Predicate<InstanceState> isKnown,
            SerialLane lane,
            GuardedListener listener) {
        this.settings = balancer.outlierDetection;
        this.service = balancer.service;
        this.ticker = balancer.ticker;
        this.random = balancer.random;
        this.endpoints = endpoints;
        this.ejections = ejections;
        this.isKnown = isKnown;
        this.lane = lane;
        this.listener = listener;
        this.chance = new Chance(settings.significance());
        this.fading = Math.exp(-1.0 / settings.window().toSeconds());
    }

    /**
     * What remains of an instance's run of failures if those of endpoints that are out there don't count, and all those
     * of its worst other endpoint count as one.
     */
    long beyondOneEndpoint(InstanceState state, long suspicion) {
        long length = Run.length(suspicion);
        if (length > Run.PROBATION) {
            return suspicion;
        }
        int streak = state.marks().streaks();
        long excused = 0;
        long worst = 1;
        for (FailingEndpoint endpoint : endpoints.failing()) {
            EndpointState at = endpoint.at(state);
            long share = at == null ? 0 : at.share(streak);
            if (at != null && at.out) {
                excused += share;
            } else {
                worst = Math.max(worst, share);
            }
        }
        return suspicion - Math.min(length, excused + worst - 1);
    }

    void suspect(EndpointState at) {
        at.takeSuspicion();
        if (isKnown.test(at.state)) {
            takeOut(at, onRun(at));
        }
    }

    private @Nullable String onRun(EndpointState at) {
        long run = at.run();
        if (at.probation && run > 0) {
            return "failed again on its return";
        }
        boolean suspicious = settings.consecutiveFailures() > 0 && run >= settings.consecutiveFailures();
        return suspicious && isWorthTryingElsewhere(at) && chance.excludedFor(run, othersShare(at))
                ? run + " calls in a row failed"
                : null;
    }

    /** It worked elsewhere since it began to fail here; or nobody knows, because all its calls came here. */
    private static boolean isWorthTryingElsewhere(EndpointState at) {
        return at.successesElsewhere() > 0
                || at.endpoint.states().stream().allMatch(other -> other == at || other.recentFailures() < 0.5);
    }

    private @Nullable String onShare(EndpointState at) {
        double percent = 100 * at.fadedFailures / at.fadedEnds;
        if (settings.failurePercentage() > 0
                && percent >= settings.failurePercentage()
                && at.fadedEnds >= settings.minimumVolume()
                && at.endpoint.newSuccesses() > at.newSuccesses
                && chance.isWorse(at.fadedFailures, at.fadedEnds, othersShare(at))) {
            return String.format(Locale.ROOT, "%.0f %% of %.0f calls failed", percent, at.fadedEnds);
        }
        return null;
    }

    /**
     * The share of this endpoint's calls that fail on the other instances; where little is known, nearer to a half (Laplace's rule
     * of succession), as calls to one endpoint may be few.
     */
    private static double othersShare(EndpointState at) {
        double failures = 1;
        double successes = 1 + at.endpoint.recentSuccesses();
        for (EndpointState other : at.endpoint.states()) {
            if (other == at || other.out || other.run() >= IN_A_ROW) {
                successes -= other.recentSuccesses();
            } else {
                failures += other.recentFailures();
            }
        }
        return failures / (failures + Math.max(1, successes));
    }

    private void takeOut(EndpointState at, @Nullable String reason) {
        if (reason == null
                || at.out
                || at.state.isEjected()
                || !endpoints.knows(at)
                || !ejections.allowsOneMore(at.endpoint.outCount())) {
            return;
        }
        long nanos = ejections.lengthOf(at.steps + 1);
        // Steps that lengthen nothing any more would all have to be forgiven.
        at.steps += ejections.lengthOf(at.steps + 2) > nanos ? 1 : 0;
        nanos += ejections.jitter();
        at.lastNanos = nanos;
        at.outUntil = ticker.nanos() + nanos;
        at.reason = reason;
        at.probation = false;
        at.out = true;
        outs.add(at);
        changed();
        listener.onEndpointEjected(service, at.state.instance(), at.endpoint.name, reason, Duration.ofNanos(nanos));
    }

    private void letBack(EndpointState at) {
        at.out = false;
        at.trial = null;
        at.endRun();
        at.fadedEnds = 0;
        at.fadedFailures = 0;
        at.returnedAt = ticker.nanos();
        outs.remove(at);
        changed();
    }

    private void returned(EndpointState at) {
        letBack(at);
        listener.onEndpointReturned(service, at.state.instance(), at.endpoint.name);
    }

    /** The trial call succeeded. */
    void acquit(EndpointState at, Trial trial) {
        if (at.trial == trial) {
            returned(at);
        }
    }

    /** The trial call failed. */
    void convict(EndpointState at, Trial trial, String reason) {
        if (at.trial == trial) {
            letBack(at);
            takeOut(at, reason);
            if (!at.out) {
                listener.onEndpointReturned(service, at.state.instance(), at.endpoint.name);
            }
        }
    }

    /** The instance is out as a whole, which is all that can be said of its endpoints. */
    void ejected(InstanceState state) {
        for (FailingEndpoint endpoint : endpoints.failing()) {
            EndpointState at = endpoint.at(state);
            if (at != null && at.out) {
                returned(at);
            } else if (at != null) {
                at.endRun();
            }
        }
    }

    /** Puts on trial what has been out for its time; called several times a second. */
    void pulse() {
        if (outs.isEmpty()) {
            return;
        }
        long now = ticker.nanos();
        for (EndpointState at : List.copyOf(outs)) {
            if (at.trial == null && now - at.outUntil >= 0) {
                if (settings.trialInterval().isZero()) {
                    at.probation = settings.consecutiveFailures() > 0;
                    returned(at);
                } else {
                    at.trial = new Trial(at.state, at);
                    changed();
                }
            }
        }
    }

    /**
     * Takes in the last second, and leaves to each instance those failures that count for it as a whole. Returns the instances on
     * which nothing has succeeded for so long that their failures can't be laid on one endpoint.
     */
    List<InstanceState> second() {
        Map<InstanceState, EndpointState> worst = new HashMap<>();
        for (FailingEndpoint endpoint : endpoints.failing()) {
            endpoint.tick(fading);
            for (EndpointState at : endpoint.states()) {
                worst.merge(at.state, at, EndpointHealth::worse);
            }
        }
        for (FailingEndpoint endpoint : endpoints.failing()) {
            for (EndpointState at : endpoint.states()) {
                if (at.newFailures > 0 && (at.out || (worst.get(at.state) == at && othersSucceed(at)))) {
                    at.state.passive().excused += at.newFailures;
                }
            }
        }
        for (FailingEndpoint endpoint : endpoints.failing()) {
            judge(endpoint);
        }
        return silent(worst.keySet());
    }

    private static EndpointState worse(EndpointState one, EndpointState other) {
        return one.out || (!other.out && other.fadedFailures > one.fadedFailures) ? other : one;
    }

    /** Whether anything but this endpoint succeeded on its instance within the last second. */
    private static boolean othersSucceed(EndpointState at) {
        long good = at.state.endedCount() - at.state.failedCount() - at.state.ignoredCount();
        return good - at.state.flow.seenGood > at.newSuccesses;
    }

    private void judge(FailingEndpoint endpoint) {
        boolean broken =
                settings.consecutiveFailures() > 0 && endpoint.failuresInARow() >= 2L * settings.consecutiveFailures();
        for (EndpointState at : endpoint.states()) {
            if (at.out) {
                if (broken || !isKnown.test(at.state)) {
                    // Where it isn't out it is no better.
                    returned(at);
                }
            } else {
                forgive(at);
                takeOut(at, onShare(at));
            }
            if (!at.out && isOver(at)) {
                endpoints.remove(at);
            }
        }
        endpoints.removeIfEmpty(endpoint);
    }

    private void forgive(EndpointState at) {
        if (at.steps > 0 && ticker.nanos() - at.returnedAt >= at.lastNanos) {
            at.steps--;
            at.returnedAt = ticker.nanos();
        }
    }

    private boolean isOver(EndpointState at) {
        if (!isKnown.test(at.state)) {
            return true;
        }
        long memory = at.run() == 0 ? settings.window().toSeconds() : SECONDS_TO_REMEMBER_RUNS;
        return at.steps == 0 && at.secondsWithoutFailure >= memory;
    }

    /** Where nothing has succeeded for a second; or, if calls to the endpoints that fail go elsewhere, for a window. */
    private List<InstanceState> silent(Iterable<InstanceState> failing) {
        List<InstanceState> found = new ArrayList<>();
        Map<InstanceState, Silence> next = new HashMap<>();
        for (InstanceState state : failing) {
            long length = state.streak();
            if (settings.consecutiveFailures() == 0
                    || length < settings.consecutiveFailures()
                    || length > Run.PROBATION
                    || state.isEjected()) {
                continue;
            }
            int streak = state.marks().streaks();
            Silence before = silences.get(state);
            int seconds = before != null && before.streak == streak ? before.seconds + 1 : 0;
            next.put(state, new Silence(streak, seconds));
            if (seconds >= (isOutForAny(state) ? settings.window().toSeconds() : 1)) {
                found.add(state);
            }
        }
        silences = next;
        return found;
    }

    private boolean isOutForAny(InstanceState state) {
        return outs.stream().anyMatch(at -> at.state == state);
    }

    /** Publishes once for all that waits in the lane. */
    private void changed() {
        if (!publishing) {
            publishing = true;
            lane.post(this::publish);
        }
    }

    private void publish() {
        publishing = false;
        Map<String, List<EndpointState>> byName = new HashMap<>();
        outs.forEach(at -> byName.computeIfAbsent(at.endpoint.name, name -> new ArrayList<>())
                .add(at));
        Map<String, EndpointOuts> next = new HashMap<>();
        byName.forEach((name, all) -> next.put(name, outs(all)));
        endpoints.publish(next);
    }

    private EndpointOuts outs(List<EndpointState> all) {
        Map<InstanceState, String> reasons = new HashMap<>();
        List<Trial> trials = new ArrayList<>();
        for (EndpointState at : all) {
            reasons.put(at.state, at.reason);
            if (at.trial != null) {
                trials.add(at.trial);
            }
        }
        return new EndpointOuts(
                reasons,
                trials.isEmpty()
                        ? null
                        : new Trials(
                                trials.toArray(new Trial[0]),
                                TimeUnit.NANOSECONDS.convert(settings.trialInterval()),
                                false,
                                ticker,
                                random));
    }
}
