package io.lb4j.balancer;

import io.lb4j.Strategy;
import io.lb4j.Subset;
import io.lb4j.Ticker;
import io.lb4j.balancer.Outlook.View;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The balancer's single writer of what callers read: who is eligible and the pickers made for them, published through
 * {@link Outlook} by one volatile write. Every method runs in the lane.
 */
final class Publisher {
    private final String service;
    private final Ticker ticker;
    private final RandomGenerator random;
    private final Roster roster;
    private final GuardedListener listener;
    private final SerialLane lane;
    private final Outlook outlook;
    private final Eligibility eligibility;
    private final RoutingFactory routings;
    private final SubsetViews subsets;
    private final long trialNanos;
    private final Runnable roomChanged;

    private boolean unknown;
    private boolean panicking;
    private boolean closed;
    private boolean refreshPosted;

    /** Whether discovery changed what it says of an instance, which a picker may have copied. */
    private boolean described;

    /** As published, null if there are none. */
    private @Nullable Trials trials;

    /** @param roomChanged what to do when there may be room for calls that wait */
    Publisher(
            BalancerSettings settings,
            Strategy strategy,
            Roster roster,
            GuardedListener listener,
            SerialLane lane,
            Outlook outlook,
            @Nullable Endpoints endpoints,
            Runnable roomChanged) {
        this.service = settings.service;
        this.ticker = settings.ticker;
        this.random = settings.random;
        this.roster = roster;
        this.listener = listener;
        this.lane = lane;
        this.outlook = outlook;
        this.eligibility = new Eligibility(settings.panicThreshold, settings.failTrafficOnPanic, settings.slowStart);
        this.routings = new RoutingFactory(
                strategy, new EligibleSet.Context(service, ticker, random, settings.scheduler), listener, endpoints);
        this.subsets = new SubsetViews(SubsetViews.inOrder(settings.subsets), eligibility, routings, this::newTrials);
        this.trialNanos = settings.outlierDetection.trialInterval().toNanos();
        this.roomChanged = roomChanged;
    }

    void close() {
        closed = true;
    }

    boolean isUnknown() {
        return unknown;
    }

    /** Discovery knows no such service. */
    void unknown(String detail) {
        unknown = true;
        outlook.unknown(detail);
    }

    /** Discovery knows the service; in force with the next {@link #refresh}. */
    void known() {
        unknown = false;
    }

    /** Discovery said something of an instance; in force with the next {@link #refresh}. */
    void described() {
        described = true;
    }

    /** Returns whether that makes a difference. */
    boolean declare(Set<Subset> declared) {
        return subsets.declare(declared);
    }

    /** As published, null if nobody is on trial. */
    @Nullable
    Trials trials() {
        return trials;
    }

    /** Refreshes once for all that waits in the lane: when a zone dies, a thousand ejections make one picker. */
    void refresh() {
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
        long now = ticker.nanos();
        Verdict verdict = eligibility.judge(roster.all(), now);
        Routing before = outlook.routing();
        boolean panic = verdict.panic();
        boolean same = !described && before != null && verdict.sameRouting(before.levels, before.spares, before.trials);
        Routing next = before;
        if (!same) {
            RoutingFactory.number(verdict.all);
            trials = newTrials(verdict);
            next = verdict.levels.isEmpty() ? null : routings.make(verdict, trials);
        }
        View view = new View(next, trials, verdict, unknown ? outlook.view().unknownDetail() : null);
        Map<Subset, View> within = subsets.refresh(verdict, view, described, now);
        described = false;
        outlook.publish(view, within, verdict.ramping || SubsetViews.isRamping(within));
        roomChanged.run();
        if (panic != panicking) {
            panicking = panic;
            listener.onPanic(service, panicking);
        }
    }

    private @Nullable Trials newTrials(Verdict verdict) {
        return verdict.trials.length == 0
                ? null
                : new Trials(verdict.trials, trialNanos, verdict.levels.isEmpty(), ticker, random);
    }
}
