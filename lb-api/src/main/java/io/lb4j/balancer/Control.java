package io.lb4j.balancer;

import io.lb4j.ServiceInstance;
import io.lb4j.Strategy;
import io.lb4j.Subset;
import io.lb4j.Ticker;
import io.lb4j.health.HealthCheck;
import io.lb4j.health.SlowStart;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What the balancer makes of all it is told: by discovery, by calls, by checks, and by the clock. Every method runs in
 * the lane; what comes of it is published by the {@link Publisher}.
 */
final class Control {
    private static final Trial[] NO_TRIALS = {};

    private static final int MAX_TWINS_NAMED = 3;

    private final String service;
    private final Ticker ticker;
    private final RandomGenerator random;
    private final SlowStart slowStart;
    private final GuardedListener listener;
    private final SerialLane lane;
    private final Outlook outlook;
    private final Outliers outliers;
    private final LatencyOutliers latencies;
    private final Ejections ejections;

    /** Null if no instance is taken out for one endpoint. */
    private final @Nullable EndpointHealth endpointHealth;

    private final @Nullable HealthChecker checker;
    private final Publisher publisher;
    private final EmptyListGrace emptyListGrace;
    private final Rounds rounds;

    private final Roster roster;
    private List<String> lastTwins = List.of();
    private boolean seenInstances;
    private boolean closed;

    Control(
            BalancerSettings settings,
            Duration emptyListGrace,
            Strategy strategy,
            GuardedListener listener,
            SerialLane lane,
            Outlook outlook,
            @Nullable Endpoints endpoints,
            Runnable roomChanged) {
        this.service = settings.service;
        this.ticker = settings.ticker;
        this.random = settings.random;
        this.slowStart = settings.slowStart;
        this.listener = listener;
        this.lane = lane;
        this.outlook = outlook;
        this.emptyListGrace =
                new EmptyListGrace(service, emptyListGrace, lane, ticker, outlook, listener, () -> take(List.of()));
        this.roster = new Roster(
                settings.concurrencyLimit == null
                        ? null
                        : Limiter.factory(settings.concurrencyLimit, settings.ticker, settings.random));
        this.outliers = new Outliers(settings.outlierDetection, ticker, roster::all);
        Stalls stalls = new Stalls(settings.outlierDetection);
        this.latencies = new LatencyOutliers(
                settings.outlierDetection, settings.slowStart.window().toNanos());
        this.ejections =
                new Ejections(settings.outlierDetection, ticker, random, outliers.judgesRuns() || stalls.isOn());
        this.endpointHealth = endpoints == null
                ? null
                : new EndpointHealth(settings, endpoints, ejections, roster::knows, lane, listener);
        this.publisher = new Publisher(settings, strategy, roster, listener, lane, outlook, endpoints, roomChanged);
        HealthCheck check = settings.healthCheck;
        this.checker = check == null
                ? null
                : new HealthChecker(check, settings.checkSlots, lane, ticker, random, new Checked());
        this.rounds = new Rounds(this, lane, roster, outliers, stalls, latencies, ejections, endpointHealth);
    }

    Outliers outliers() {
        return outliers;
    }

    void start() {
        rounds.start();
    }

    void close() {
        closed = true;
        publisher.close();
        rounds.end();
        emptyListGrace.end();
        if (checker != null) {
            checker.close();
        }
        roster.clear().forEach(Control::disarm);
    }

    void instances(List<ServiceInstance> instances) {
        if (closed) {
            return;
        }
        if (instances.isEmpty() && emptyListGrace.holdsBack(roster.all().length)) {
            complain(List.of());
            if (publisher.isUnknown()) {
                publisher.known();
                publisher.refresh();
            }
        } else {
            emptyListGrace.end();
            take(instances);
        }
    }

    private void take(List<ServiceInstance> instances) {
        Roster.Reading reading = roster.read(instances);
        boolean first = !seenInstances;
        boolean changed = first || publisher.isUnknown() || reading.changed();
        seenInstances = true;
        publisher.known();
        complain(reading.twins());
        if (!changed) {
            return;
        }
        long now = ticker.nanos();
        Roster.Changes changes = roster.take(reading, now);
        if (!first) {
            changes.unknown().forEach(state -> ramp(state, now));
        }
        changes.forgotten().forEach(Control::disarm);
        if (checker != null) {
            changes.gone().forEach(checker::forget);
            changes.added().forEach(checker::watch);
        }
        publisher.described();
        ejections.count(roster.all());
        publisher.refresh();
        listener.onInstances(service, reading.instances());
    }

    /** Twins stay discovery's last error for as long as there are any; the listener is told when they change. */
    private void complain(List<String> twins) {
        List<String> before = lastTwins;
        lastTwins = twins;
        if (twins.isEmpty()) {
            outlook.clearDiscoveryError();
        } else if (!twins.equals(before)) {
            discoveryError(new IllegalArgumentException(service + ": discovery delivered " + twins.size()
                    + " instances with the id of another: "
                    + String.join(", ", twins.subList(0, Math.min(MAX_TWINS_NAMED, twins.size())))
                    + (twins.size() > MAX_TWINS_NAMED ? ", ..." : "")
                    + " (expected: unique ids); the first of each is used"));
        }
    }

    void subsets(Set<Subset> declared) {
        if (!closed && publisher.declare(declared) && seenInstances) {
            publisher.refresh();
        }
    }

    void unknownService(String detail) {
        if (!closed && !publisher.isUnknown()) {
            publisher.unknown(detail);
            listener.onUnknownService(service, detail);
        }
    }

    void discoveryError(Throwable error) {
        if (!closed) {
            outlook.discoveryError(error);
            listener.onDiscoveryError(service, error);
        }
    }

    void suspect(InstanceState state) {
        long run = state.marks().takeSuspicion();
        if (!closed && roster.knows(state)) {
            long left = endpointHealth == null ? run : endpointHealth.beyondOneEndpoint(state, run);
            eject(state, outliers.onRun(state, left));
        }
    }

    void suspect(EndpointState at) {
        if (endpointHealth != null && !closed) {
            endpointHealth.suspect(at);
        }
    }

    /** The trial call succeeded after that time. */
    void acquit(Trial.Call call, Duration took) {
        InstanceState state = call.trial.state;
        EndpointState at = call.trial.of;
        if (at != null) {
            if (endpointHealth != null && !closed) {
                endpointHealth.acquit(at, call.trial);
            }
        } else if (!roster.knows(state)) {
            // Should it come back, it is still on trial.
            call.tellNothing();
        } else if (closed || !Ejections.isOn(call.trial)) {
            return;
        } else if (!latencies.isSlow(call.trial, took)) {
            ejections.acquit(state);
            returned(state);
        } else if (call.trial.wasSlow()) {
            convict(call.trial, "its trial calls are slow as well, the last one took " + took.toMillis() + " ms");
        } else {
            call.tellNothing();
        }
    }

    /** The trial call failed. */
    void convict(Trial trial, String reason) {
        InstanceState state = trial.state;
        EndpointState at = trial.of;
        if (at != null) {
            if (endpointHealth != null && !closed) {
                endpointHealth.convict(at, trial, reason);
            }
            return;
        }
        if (closed || !Ejections.isOn(trial) || !roster.knows(state)) {
            return;
        }
        if (!ejected(state, ejections.convict(state, reason))) {
            returned(state);
        }
    }

    private void returned(InstanceState state) {
        comesBack(state);
        publisher.refresh();
        if (!state.isOut()) {
            listener.onReturned(service, state.instance());
        }
    }

    void overloaded(InstanceState state) {
        long asked = state.marks().takeRestAsked();
        if (closed || asked == 0 || !roster.knows(state)) {
            return;
        }
        boolean already = state.passive().overloaded;
        Duration time = ejections.overloaded(state, asked);
        arm(state);
        if (!already) {
            publisher.refresh();
            listener.onOverloaded(service, state.instance(), time);
        }
    }

    void leaving(InstanceState state) {
        state.marks().takeGoodbye();
        if (closed || !roster.knows(state)) {
            return;
        }
        long now = ticker.nanos();
        Departure known = state.departure;
        if (known == null) {
            state.departure = new Departure(now);
        }
        if (known == null || known.again(now)) {
            // The next round sees to it that it comes back.
            publisher.refresh();
        }
    }

    private void comesBack(InstanceState state) {
        ramp(state, ticker.nanos());
        latencies.returned(state);
    }

    /** Ejects it for that reason, if there is one, and says whether it was. */
    boolean eject(InstanceState state, @Nullable String reason) {
        return ejected(state, reason == null ? null : ejections.eject(state, reason));
    }

    /** Returns whether it was. */
    private boolean ejected(InstanceState state, @Nullable Duration time) {
        if (time == null) {
            return false;
        }
        arm(state);
        publisher.refresh();
        if (checker != null) {
            checker.ejected(state);
        }
        if (endpointHealth != null) {
            endpointHealth.ejected(state);
        }
        listener.onEjected(service, state.instance(), state.passive().reason, time);
        return true;
    }

    /** Sets the instance's one timer; a time that moved back is found out when it fires. */
    private void arm(InstanceState state) {
        InstanceState.Passive p = state.passive();
        long next = p.nextEnd();
        if (p.release == null || next - p.releaseAt < 0) {
            disarm(state);
            p.releaseAt = next;
            p.release = lane.postLater(() -> release(state), next - ticker.nanos());
        }
    }

    private static void disarm(InstanceState state) {
        InstanceState.Passive p = state.passive;
        if (p != null && p.release != null) {
            p.release.cancel();
            p.release = null;
        }
    }

    private void release(InstanceState state) {
        if (closed) {
            return;
        }
        disarm(state);
        boolean counted = roster.knows(state);
        boolean ended = ejections.endEjection(state, counted);
        boolean changed = ejections.endOverload(state) || ended;
        if (ended && !state.isEjected()) {
            comesBack(state);
        }
        if (state.passive().waits()) {
            arm(state);
        }
        if (changed && counted) {
            publisher.refresh();
            if (!state.isOut()) {
                listener.onReturned(service, state.instance());
            }
        }
    }

    /** Calls to the instance fail, which a check may see, too. */
    void checkSoon(InstanceState state) {
        if (checker != null && !closed) {
            checker.suspect(state);
        }
    }

    /** What active checks change. */
    private final class Checked implements HealthChecker.Verdicts {
        @Override
        public void changed(InstanceState state, boolean healthy, String detail) {
            if (healthy) {
                ramp(state, ticker.nanos());
            }
            publisher.refresh();
            listener.onHealthChanged(service, state.instance(), healthy, detail);
        }

        @Override
        public void recovered(InstanceState state) {
            ejections.cutShort(state);
            release(state);
        }
    }

    /** Who is on trial at this moment. */
    Trial[] trials() {
        Trials trials = publisher.trials();
        return trials == null ? NO_TRIALS : trials.all();
    }

    /** Drops what was kept of instances that have been gone for long, and lets weights rise that are rising. */
    void forget() {
        roster.forget(ticker.nanos()).forEach(Control::disarm);
        if (outlook.ramping()) {
            publisher.refresh();
        }
    }

    private void ramp(InstanceState state, long now) {
        if (!slowStart.window().isZero()) {
            state.rampSince = now;
        }
    }
}
