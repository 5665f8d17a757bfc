package io.lb4j.balancer;

import io.lb4j.CannotPickException;
import io.lb4j.NoEligibleInstanceException;
import io.lb4j.NoSuchServiceException;
import io.lb4j.NotReadyException;
import io.lb4j.PickRequest;
import io.lb4j.Subset;
import io.lb4j.Ticker;
import io.lb4j.balancer.InstanceReport.State;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What the lane publishes and callers read: the current routing and, for errors and reports, what is known around it.
 * Written by the lane alone.
 */
final class Outlook {
    private static final int MAX_VALUES_NAMED = 10;

    private final String service;
    private final String source;
    private final Ticker ticker;
    private final RandomGenerator random;
    private final CompletableFuture<Void> firstAnswer = new CompletableFuture<>();

    /** The same as in the view, one step nearer for the call path. */
    private volatile @Nullable Routing routing;

    private volatile View view = new View(null, null, null, null);

    /** What calls within subsets read. */
    private volatile Map<Subset, View> subsets = Map.of();

    private volatile @Nullable Throwable discoveryError;
    private volatile @Nullable EmptyList emptyList;
    private volatile boolean ramping;

    /**
     * One moment, whole: an error made from parts of two moments would tell of instances that can take calls and yet
     * don't.
     *
     * @param routing null if no call can be served
     * @param trials who is on trial, or null if nobody is
     * @param verdict what was made of every known instance, or null if nothing is known yet
     * @param unknownDetail what discovery said of there being no such service, or null
     */
    record View(
            @Nullable Routing routing,
            @Nullable Trials trials,
            @Nullable Verdict verdict,
            @Nullable String unknownDetail) {

        List<InstanceReport> reports(long nowNanos, @Nullable Endpoints endpoints) {
            if (verdict == null) {
                return List.of();
            }
            List<InstanceReport> reports = new ArrayList<>(verdict.all.length);
            for (int i = 0; i < verdict.all.length; i++) {
                reports.add(report(verdict, i, nowNanos, endpoints));
            }
            return reports;
        }

        @Nullable
        InstanceReport report(String id, long nowNanos, @Nullable Endpoints endpoints) {
            if (verdict == null) {
                return null;
            }
            for (int i = 0; i < verdict.all.length; i++) {
                if (verdict.all[i].instance().id().equals(id)) {
                    return report(verdict, i, nowNanos, endpoints);
                }
            }
            return null;
        }

        private static InstanceReport report(Verdict verdict, int index, long nowNanos, @Nullable Endpoints endpoints) {
            InstanceState state = verdict.all[index];
            Standing standing = verdict.standings[index];
            int inFlight = state.inFlight();
            int limit = state.limit();
            boolean full = standing.state() == State.ELIGIBLE && inFlight >= limit;
            return new InstanceReport(
                    state.instance(),
                    full ? State.FULL : standing.state(),
                    full ? "has as many calls as it may" : standing.reason(),
                    verdict.weights[index],
                    inFlight,
                    limit,
                    state.endedCount(),
                    state.failedCount(),
                    state.ejections(),
                    endpoints == null ? Map.of() : endpoints.outsOf(state),
                    lastCheck(state, nowNanos));
        }

        private static InstanceReport.@Nullable Check lastCheck(InstanceState state, long nowNanos) {
            InstanceState.Active active = state.active;
            InstanceState.LastCheck last = active == null ? null : active.last;
            return last == null
                    ? null
                    : new InstanceReport.Check(
                            last.healthy(),
                            last.detail(),
                            Duration.ofNanos(Math.max(0, nowNanos - last.endedAt())),
                            Duration.ofNanos(last.tookNanos()));
        }
    }

    Outlook(String service, String source, Ticker ticker, RandomGenerator random) {
        this.service = service;
        this.source = source;
        this.ticker = ticker;
        this.random = random;
    }

    @Nullable
    Routing routing() {
        return routing;
    }

    /** The routing for a call like this. */
    @Nullable
    Routing routing(PickRequest request) {
        Subset subset = request.subset();
        return subset == null ? routing : view(subset).routing;
    }

    View view() {
        return view;
    }

    /** What a call like this is to know. */
    View view(PickRequest request) {
        Subset subset = request.subset();
        return subset == null ? view : view(subset);
    }

    private View view(Subset subset) {
        View theirs = subsets.get(subset);
        return theirs != null ? theirs : SubsetViews.undeclared(subset, view, random);
    }

    boolean ramping() {
        return ramping;
    }

    CompletableFuture<Void> firstAnswer() {
        return firstAnswer;
    }

    /** The routing there is by now, or why there is none. */
    Routing routingOrThrow(PickRequest request) {
        View now = view(request);
        if (now.routing == null) {
            throw cannotPick(now, request.subset());
        }
        return now.routing;
    }

    void publish(View next, Map<Subset, View> within, boolean someRamp) {
        subsets = within;
        view = next;
        ramping = someRamp;
        routing = next.routing;
        firstAnswer.complete(null);
    }

    /** The source knows no such service. Instances known from before keep serving: they may well be alive. */
    void unknown(String detail) {
        View now = view;
        view = new View(now.routing, now.trials, now.verdict, detail);
        firstAnswer.complete(null);
    }

    /** Wakes who waits for the first answer. On any thread. */
    void closed() {
        firstAnswer.completeExceptionally(
                new IllegalStateException("balancer of " + service + " was closed before discovery answered"));
    }

    void discoveryError(Throwable error) {
        discoveryError = error;
    }

    void clearDiscoveryError() {
        discoveryError = null;
    }

    /** What is held back from callers, or null if nothing is. */
    void emptyList(@Nullable EmptyList value) {
        emptyList = value;
    }

    /** What is wrong with discovery now; an empty list that is not believed comes first, and says how old it is. */
    @Nullable
    Throwable lastDiscoveryError() {
        EmptyList empty = emptyList;
        return empty == null
                ? discoveryError
                : new IllegalStateException(empty.describe(service, source, ticker.nanos()), discoveryError);
    }

    /** Why there was nothing to pick at that moment. */
    CannotPickException cannotPick(View now, @Nullable Subset subset) {
        Throwable error = lastDiscoveryError();
        String trouble = error == null ? "" : "; discovery's last error: " + error;
        // That of a subset's view may be older.
        String unknownDetail = view.unknownDetail;
        if (unknownDetail != null) {
            return new NoSuchServiceException(
                    service,
                    "no such service: " + service + ", according to " + source + ": " + unknownDetail + trouble
                            + " (check the name, and that its instances have registered)",
                    error);
        }
        if (now.verdict == null) {
            return new NotReadyException(
                    service,
                    "nothing is known of service " + service + " yet: " + source
                            + " has not delivered its first snapshot" + trouble
                            + " (wait with ready(), or check that the source is up)",
                    error);
        }
        if (subset != null && now.verdict.isNobodyIn()) {
            return new NoEligibleInstanceException(
                    service,
                    "no instance of service " + service + " is in subset " + subset + ": " + now.verdict.all.length
                            + " known" + known(subset, now.verdict) + ", from " + source + trouble
                            + " (check the metadata of the instances, or give the subset a fallback)",
                    error);
        }
        String whole = subset == null ? "service " + service : "subset " + subset + " of service " + service;
        String what = now.verdict.failing
                ? "calls to " + whole + " fail at once, for too few of its instances are well"
                        + " (panicThreshold, with failTrafficOnPanic): "
                : "no instance of " + whole + " can take a call: ";
        return new NoEligibleInstanceException(
                service,
                what + count(now.verdict.standings) + returning(now.verdict) + ", from " + source + trouble,
                error);
    }

    /** What the instances say of themselves where the subset asks for something else. */
    private static String known(Subset subset, Verdict verdict) {
        StringBuilder text = new StringBuilder();
        new TreeMap<>(subset.metadata())
                .forEach((name, value) -> text.append("; their ")
                        .append(name)
                        .append(": ")
                        .append(Arrays.stream(verdict.all)
                                .map(each -> each.instance().metadata().getOrDefault(name, "none"))
                                .distinct()
                                .sorted()
                                .limit(MAX_VALUES_NAMED)
                                .toList()));
        return text.toString();
    }

    private String returning(Verdict verdict) {
        Long at = verdict.nextReturnNanos;
        if (at == null) {
            return "";
        }
        long millis = Math.max(0, TimeUnit.NANOSECONDS.toMillis(at - ticker.nanos()));
        return ", the first one's time is over in " + millis + " ms";
    }

    private static String count(Standing[] all) {
        if (all.length == 0) {
            return "0 known";
        }
        Map<State, Integer> byState = new EnumMap<>(State.class);
        for (Standing standing : all) {
            byState.merge(standing.state(), 1, Integer::sum);
        }
        return all.length + " known, by state " + byState;
    }
}
