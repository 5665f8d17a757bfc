package io.lb4j.balancer;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.Ticker;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Gives the leases of one balancer, and passes on what came of them. Thread-safe. */
final class Leases {
    private final String service;
    private final Ticker ticker;
    private final GuardedListener listener;
    private final SerialLane lane;
    private final Control control;
    private final Outliers outliers;

    /** Null if no instance is taken out for one endpoint. */
    private final @Nullable Endpoints endpoints;

    /** Null if instances are not limited. */
    private final @Nullable Admission admission;

    private final AtomicBoolean trackerFailed = new AtomicBoolean();

    Leases(
            BalancerSettings settings,
            GuardedListener listener,
            SerialLane lane,
            Outlook outlook,
            Control control,
            @Nullable Endpoints endpoints) {
        this.service = settings.service;
        this.ticker = settings.ticker;
        this.listener = listener;
        this.lane = lane;
        this.control = control;
        this.outliers = control.outliers();
        this.endpoints = endpoints;
        this.admission = settings.concurrencyLimit == null
                ? null
                : new Admission(this, service, settings.queue, ticker, lane, outlook);
    }

    /** Null if instances are not limited. */
    @Nullable
    Admission admission() {
        return admission;
    }

    long nanos() {
        return ticker.nanos();
    }

    /** There may be room for calls that wait. */
    void serve() {
        if (admission != null) {
            admission.serve();
        }
    }

    /**
     * A lease at once.
     *
     * @throws io.lb4j.InstancesBusyException if instances are limited and none has room
     */
    Lease acquire(Routing routing, PickRequest request) {
        if (admission != null) {
            return admission.acquire(routing, request);
        }
        Lease trial = trial(routing, request);
        return trial != null ? trial : new Lease(this, routing.pick(request), request.endpoint());
    }

    /** A lease on an instance that is on trial, or where the call's endpoint is, if this call is to be the one that tries it. */
    @Nullable
    Lease trial(Routing routing, PickRequest request) {
        Lease trial = routing.trials == null ? null : trial(routing.trials, request);
        return trial != null || request.endpoint() == null ? trial : endpointTrial(routing, request);
    }

    private @Nullable Lease endpointTrial(Routing routing, PickRequest request) {
        String endpoint = request.endpoint();
        EndpointOuts outs = endpoint == null || endpoints == null ? null : endpoints.outs(endpoint);
        return outs == null || outs.trials == null ? null : trial(outs.trials, request, routing);
    }

    /** A lease on an instance that is on trial, if this call is to be the one that tries it. */
    @Nullable
    Lease trial(Trials trials, PickRequest request) {
        return trial(trials, request, null);
    }

    /** @param among what the instance must take calls by, or null if it needn't take any */
    private @Nullable Lease trial(Trials trials, PickRequest request, @Nullable Routing among) {
        Trial.Call call = trials.offer(request);
        if (call == null) {
            return null;
        }
        InstanceState state = call.trial.state;
        if ((among == null || among.contains(state)) && state.tryStart()) {
            return new Lease(this, state, true, call);
        }
        // Calls from before its ejection fill it.
        call.tellNothing();
        return null;
    }

    void ended(InstanceState state, @Nullable String endpoint, Outcome outcome) {
        if (outcome.kind() == Outcome.Kind.SUCCESS) {
            state.succeeded();
            if (endpoint != null && endpoints != null) {
                endpoints.succeeded(endpoint, state);
            }
        } else {
            if (endpoint != null && endpoints != null && Endpoints.canCause(outcome)) {
                failed(endpoints, endpoint, state);
            }
            endedBadly(state, outcome);
        }
        serve();
    }

    /** Before the instance's own count, so that the endpoint's share of it is never less than it is. */
    private void failed(Endpoints in, String endpoint, InstanceState state) {
        EndpointState at = in.failing(endpoint, state);
        if (at != null) {
            long run = at.failed(state.marks().streaks());
            if (in.isSuspicious(at, run)) {
                lane.post(() -> control.suspect(at));
            }
        }
    }

    private void endedBadly(InstanceState state, Outcome outcome) {
        long run = state.ended(outcome);
        // An outage or a flood of 429 must not queue a task per call: one note per instance waits for the lane.
        if (run > 0) {
            if (state.wantCheck()) {
                lane.post(() -> control.checkSoon(state));
            }
            long suspicion = outliers.suspicion(state, outcome, run);
            if (suspicion != 0 && state.marks().suspect(suspicion)) {
                lane.post(() -> control.suspect(state));
            }
        } else if (outcome.kind() == Outcome.Kind.OVERLOADED
                && !outcome.retryAfter().isZero()
                && state.marks().askForRest(TimeUnit.NANOSECONDS.convert(outcome.retryAfter()))) {
            lane.post(() -> control.overloaded(state));
        }
    }

    void tried(Trial.Call call, Outcome outcome) {
        if (outcome.kind() == Outcome.Kind.SUCCESS) {
            Duration took = Duration.ofNanos(ticker.nanos() - call.sinceNanos);
            lane.post(() -> control.acquit(call, took));
        } else if (outcome.isFailure() && (call.trial.of == null || Endpoints.canCause(outcome))) {
            lane.post(() -> control.convict(call.trial, "its trial call failed: " + outcome));
        } else {
            call.tellNothing();
        }
    }

    void leaving(InstanceState state) {
        if (state.marks().saysGoodbye()) {
            lane.post(() -> control.leaving(state));
        }
    }

    void trackerThrew(InstanceState state, Throwable error) {
        if (trackerFailed.compareAndSet(false, true)) {
            listener.onStrategyFailure(
                    service, new IllegalStateException("a tracker of " + state + " threw (expected: never)", error));
        }
    }
}
