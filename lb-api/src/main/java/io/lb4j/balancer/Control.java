package io.lb4j.balancer;

import io.lb4j.Candidate;
import io.lb4j.Picker;
import io.lb4j.Scheduler;
import io.lb4j.ServiceInstance;
import io.lb4j.Strategy;
import io.lb4j.Ticker;
import io.lb4j.health.HealthCheck;
import io.lb4j.health.SlowStart;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The balancer's single writer. Every method runs in the lane; what callers read is published through {@link Outlook}
 * by one volatile write.
 */
final class Control {
    private static final long TICK_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** How long an instance that left is remembered: one that flaps must not come back with a clean slate. */
    private static final long MEMORY_NANOS = TimeUnit.MINUTES.toNanos(10);

    private static final int MAX_REMEMBERED = 10_000;

    private final String service;
    private final Strategy strategy;
    private final Ticker ticker;
    private final RandomGenerator random;
    private final SlowStart slowStart;
    private final GuardedListener listener;
    private final SerialLane lane;
    private final Outlook outlook;
    private final Eligibility eligibility;
    private final Ejections ejections;
    private final @Nullable HealthChecker checker;
    private final EligibleSet.Context context;

    private Map<String, InstanceState> known = new LinkedHashMap<>();
    private final Map<String, Departed> departed = new LinkedHashMap<>();
    private List<ServiceInstance> lastInstances = List.of();
    private boolean seenInstances;
    private boolean unknown;
    private boolean panicking;
    private boolean closed;
    private boolean refreshPosted;
    /** Whether discovery changed what it says of an instance, which a picker may have copied. */
    private boolean described;

    private Scheduler.@Nullable Task tick;

    private record Departed(InstanceState state, long atNanos) {}

    Control(
            LoadBalancer.Builder settings,
            Strategy strategy,
            GuardedListener listener,
            SerialLane lane,
            Outlook outlook) {
        this.service = settings.service;
        this.strategy = strategy;
        this.ticker = settings.ticker;
        this.random = settings.random;
        this.slowStart = settings.slowStart;
        this.listener = listener;
        this.lane = lane;
        this.outlook = outlook;
        this.eligibility = new Eligibility(settings.panicThreshold, settings.slowStart);
        this.ejections = new Ejections(settings.outlierDetection, ticker);
        this.context = new EligibleSet.Context(service, ticker, random);
        HealthCheck check = settings.healthCheck;
        this.checker = check == null ? null : new HealthChecker(check, lane, random, this::healthChanged);
    }

    Ejections ejections() {
        return ejections;
    }

    void start() {
        tick = lane.postLater(this::tick, TICK_NANOS);
    }

    void close() {
        closed = true;
        if (tick != null) {
            tick.cancel();
        }
        if (checker != null) {
            checker.close();
        }
        known.clear();
        departed.clear();
    }

    void instances(List<ServiceInstance> instances) {
        if (closed) {
            return;
        }
        Map<String, ServiceInstance> byId = new LinkedHashMap<>();
        for (ServiceInstance instance : instances) {
            ServiceInstance twin = byId.putIfAbsent(instance.id(), instance);
            if (twin != null && !twin.equals(instance)) {
                discoveryError(new IllegalArgumentException(service + ": discovery delivered two instances with id "
                        + instance.id() + ", " + twin.authority() + " and " + instance.authority()
                        + " (expected: unique ids); the first is used"));
            }
        }
        List<ServiceInstance> unique = List.copyOf(byId.values());
        boolean first = !seenInstances;
        boolean changed = first || unknown || !unique.equals(lastInstances);
        seenInstances = true;
        unknown = false;
        lastInstances = unique;
        outlook.clearDiscoveryError();
        if (!changed) {
            return;
        }
        long now = ticker.nanos();
        Map<String, InstanceState> next = new LinkedHashMap<>(unique.size() * 2);
        for (ServiceInstance instance : unique) {
            next.put(instance.id(), stateOf(instance, first, now));
        }
        Map<String, InstanceState> gone = known;
        known = next;
        gone.values().stream().filter(state -> next.get(idOf(state)) != state).forEach(state -> depart(state, now));
        if (checker != null) {
            next.values().forEach(checker::watch);
        }
        described = true;
        refresh();
        listener.onInstances(service, unique);
    }

    private InstanceState stateOf(ServiceInstance instance, boolean first, long now) {
        InstanceState state = known.get(instance.id());
        if (state == null) {
            Departed back = departed.remove(instance.id());
            state = back == null ? null : back.state;
        }
        if (state != null && state.instance().sameLocation(instance)) {
            state.describe(instance);
            return state;
        }
        InstanceState created = new InstanceState(instance);
        if (!first) {
            ramp(created, now);
        }
        return created;
    }

    private void depart(InstanceState state, long now) {
        if (checker != null) {
            checker.forget(state);
        }
        departed.put(idOf(state), new Departed(state, now));
        if (departed.size() > MAX_REMEMBERED) {
            departed.remove(departed.keySet().iterator().next());
        }
    }

    void unknownService(String detail) {
        if (closed || unknown) {
            return;
        }
        unknown = true;
        outlook.unknown(detail);
        listener.onUnknownService(service, detail);
    }

    void discoveryError(Throwable error) {
        if (!closed) {
            outlook.discoveryError(error);
            listener.onDiscoveryError(service, error);
        }
    }

    void suspect(InstanceState state, long run) {
        if (!closed && isKnown(state)) {
            ejected(state, ejections.onRun(state, run, known.values()), true);
        }
    }

    void overloaded(InstanceState state, Duration asked) {
        if (closed || !isKnown(state)) {
            return;
        }
        Duration time = ejections.overloaded(state, asked);
        releaseLater(state, time.toNanos());
        refresh();
        listener.onOverloaded(service, state.instance(), time);
    }

    private void ejected(InstanceState state, @Nullable Duration time, boolean refresh) {
        if (time == null) {
            return;
        }
        releaseLater(state, time.toNanos());
        if (refresh) {
            refresh();
        }
        listener.onEjected(service, state.instance(), state.passive.reason, time);
    }

    private void releaseLater(InstanceState state, long nanos) {
        lane.postLater(() -> release(state), nanos);
    }

    private void release(InstanceState state) {
        boolean ejected = state.passive.ejected;
        if (closed || !ejections.release(state)) {
            return;
        }
        if (ejected) {
            ramp(state, ticker.nanos());
        }
        if (isKnown(state)) {
            refresh();
            listener.onReturned(service, state.instance());
        }
    }

    private void healthChanged(InstanceState state, boolean healthy, String detail) {
        if (healthy) {
            ramp(state, ticker.nanos());
        }
        refresh();
        listener.onHealthChanged(service, state.instance(), healthy, detail);
    }

    private void tick() {
        if (closed) {
            return;
        }
        tick = lane.postLater(this::tick, TICK_NANOS);
        Collection<InstanceState> all = known.values();
        boolean changed = false;
        for (InstanceState state : List.copyOf(all)) {
            Duration time = ejections.onTick(state, all);
            ejected(state, time, false);
            changed |= time != null;
        }
        long now = ticker.nanos();
        departed.values().removeIf(each -> now - each.atNanos > MEMORY_NANOS);
        if (changed || outlook.ramping()) {
            refresh();
        }
    }

    /** Refreshes once for all that waits in the lane: when a zone dies, a thousand ejections make one picker. */
    private void refresh() {
        if (!refreshPosted) {
            refreshPosted = true;
            lane.post(this::refreshNow);
        }
    }

    /** Works out who is eligible and, if that or a weight or a description changed, has a picker made for it. */
    private void refreshNow() {
        refreshPosted = false;
        if (closed) {
            return;
        }
        Eligibility.Verdict verdict = eligibility.judge(List.copyOf(known.values()), ticker.nanos());
        Routing before = outlook.routing();
        InstanceState[] candidates = verdict.eligible.toArray(new InstanceState[0]);
        boolean same = !described
                && before != null
                && before.panic == verdict.panic
                && Arrays.equals(before.candidates, candidates)
                && Arrays.equals(before.weights, verdict.weights);
        described = false;
        if (!same) {
            for (int i = 0; i < candidates.length; i++) {
                candidates[i].index = i;
            }
            outlook.publish(
                    candidates.length == 0 ? null : newRouting(candidates, verdict),
                    List.copyOf(known.values()),
                    verdict.ramping);
        }
        if (verdict.panic != panicking) {
            panicking = verdict.panic;
            listener.onPanic(service, panicking);
        }
    }

    private Routing newRouting(InstanceState[] candidates, Eligibility.Verdict verdict) {
        Picker picker;
        Routing.Faults faults = error -> listener.onStrategyFailure(service, error);
        try {
            picker = strategy.newPicker(new EligibleSet(
                    context, Arrays.copyOf(candidates, candidates.length, Candidate[].class), verdict.weights));
            if (picker == null) {
                throw new IllegalStateException("strategy " + strategy + " returned no picker (expected: a picker)");
            }
        } catch (RuntimeException | Error e) {
            faults.pickerFailed(e);
            faults = alreadyReported -> {};
            picker = Rotation.over(candidates);
        }
        return new Routing(candidates, verdict.weights, verdict.panic, picker, random, faults);
    }

    private void ramp(InstanceState state, long now) {
        if (!slowStart.window().isZero()) {
            state.rampSince = now;
        }
    }

    private boolean isKnown(InstanceState state) {
        return known.get(idOf(state)) == state;
    }

    private static String idOf(InstanceState state) {
        return state.instance().id();
    }

    /** Keeps calls flowing when the strategy can't make a picker. */
    private static final class Rotation {
        static Picker over(InstanceState[] candidates) {
            AtomicInteger next = new AtomicInteger();
            return request -> candidates[Integer.remainderUnsigned(next.getAndIncrement(), candidates.length)];
        }
    }
}
