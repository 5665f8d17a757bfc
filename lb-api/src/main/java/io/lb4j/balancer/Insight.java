package io.lb4j.balancer;

import io.lb4j.CannotPickException;
import io.lb4j.PickRequest;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Subset;
import io.lb4j.Ticker;
import io.lb4j.Tracker;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What a balancer says of its instances and of a call that isn't made, for people and for who measures. Thread-safe. */
final class Insight {
    private final String service;
    private final String strategyName;
    private final Ticker ticker;
    private final Outlook outlook;
    private final Leases leases;

    /** Null if no instance is taken out for one endpoint. */
    private final @Nullable Endpoints endpoints;

    Insight(
            String service,
            String strategyName,
            Ticker ticker,
            Outlook outlook,
            Leases leases,
            @Nullable Endpoints endpoints) {
        this.service = service;
        this.strategyName = strategyName;
        this.ticker = ticker;
        this.outlook = outlook;
        this.leases = leases;
        this.endpoints = endpoints;
    }

    <T extends Tracker> Map<String, T> trackers(StateKey<T> key, Supplier<? extends T> factory) {
        Verdict verdict = outlook.view().verdict();
        Map<String, T> trackers = new HashMap<>();
        for (InstanceState each : verdict == null ? new InstanceState[0] : verdict.all) {
            trackers.put(each.instance().id(), each.tracker(key, factory));
        }
        return trackers;
    }

    List<InstanceReport> instances() {
        return outlook.view().reports(ticker.nanos(), endpoints);
    }

    @Nullable
    InstanceReport instance(String id) {
        return outlook.view().report(id, ticker.nanos(), endpoints);
    }

    Explanation explain(PickRequest request) {
        Outlook.View now = outlook.view(request);
        Routing routing = now.routing();
        InstanceState pick = routing == null ? null : routing.peek(request);
        Subset subset = request.subset();
        Strategy own = subset == null ? null : subset.strategy();
        return new Explanation(
                service,
                subset == null ? "" : SubsetViews.describe(subset, now),
                own == null ? strategyName : own.toString(),
                now.reports(ticker.nanos(), endpoints),
                now.verdict() != null && now.verdict().panic(),
                pick == null ? null : pick.instance(),
                pick == null ? whyNone(now, subset) : outlook.lastDiscoveryError());
    }

    private CannotPickException whyNone(Outlook.View now, @Nullable Subset subset) {
        Admission admission = leases.admission();
        return now.routing() == null || admission == null
                ? outlook.cannotPick(now, subset)
                : admission.busy(now.routing(), "a call like this would wait or fail");
    }
}
