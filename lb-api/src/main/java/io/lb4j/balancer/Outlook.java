package io.lb4j.balancer;

import io.lb4j.CannotPickException;
import io.lb4j.NoEligibleInstanceException;
import io.lb4j.NoSuchServiceException;
import io.lb4j.NotReadyException;
import io.lb4j.balancer.InstanceReport.State;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What the lane publishes and callers read: the current routing and, for errors and reports, what is known around it.
 * Written by the lane alone; each field is one volatile word.
 */
final class Outlook {
    private final String service;
    private final String source;
    private final CompletableFuture<Void> firstAnswer = new CompletableFuture<>();

    private volatile @Nullable Routing routing;
    private volatile @Nullable List<InstanceState> known;
    private volatile @Nullable String unknownDetail;
    private volatile @Nullable Throwable discoveryError;
    private volatile boolean ramping;

    Outlook(String service, String source) {
        this.service = service;
        this.source = source;
    }

    @Nullable
    Routing routing() {
        return routing;
    }

    boolean ramping() {
        return ramping;
    }

    CompletableFuture<Void> firstAnswer() {
        return firstAnswer;
    }

    void publish(@Nullable Routing next, List<InstanceState> all, boolean weightsChangeByTime) {
        known = all;
        ramping = weightsChangeByTime;
        unknownDetail = null;
        routing = next;
        firstAnswer.complete(null);
    }

    /** The source knows no such service. Instances known from before keep serving: they may well be alive. */
    void unknown(String detail) {
        unknownDetail = detail;
        firstAnswer.complete(null);
    }

    void discoveryError(Throwable error) {
        discoveryError = error;
    }

    void clearDiscoveryError() {
        discoveryError = null;
    }

    List<InstanceReport> reports() {
        List<InstanceState> all = known;
        Routing now = routing;
        List<InstanceReport> reports = new ArrayList<>();
        for (InstanceState state : all == null ? List.<InstanceState>of() : all) {
            reports.add(new InstanceReport(
                    state.instance(),
                    state.state,
                    state.reason,
                    now == null ? 0 : now.weightOf(state),
                    state.inFlight(),
                    state.endedCount(),
                    state.failedCount(),
                    state.passive.ejections));
        }
        return reports;
    }

    @Nullable
    Throwable lastDiscoveryError() {
        return discoveryError;
    }

    /** Why there is nothing to pick. */
    CannotPickException cannotPick() {
        Throwable error = discoveryError;
        String trouble = error == null ? "" : "; discovery's last error: " + error;
        String detail = unknownDetail;
        List<InstanceState> all = known;
        if (detail != null) {
            return new NoSuchServiceException(
                    service,
                    "no such service: " + service + ", according to " + source + ": " + detail + trouble
                            + " (check the name, and that its instances have registered)",
                    error);
        }
        if (all == null) {
            return new NotReadyException(
                    service,
                    "nothing is known of service " + service + " yet: " + source
                            + " has not delivered its first snapshot" + trouble
                            + " (wait with ready(), or check that the source is up)",
                    error);
        }
        return new NoEligibleInstanceException(
                service,
                "no instance of service " + service + " can take a call: " + count(all) + ", from " + source + trouble,
                error);
    }

    private static String count(List<InstanceState> all) {
        if (all.isEmpty()) {
            return "0 known";
        }
        Map<State, Integer> byState = new EnumMap<>(State.class);
        all.forEach(state -> byState.merge(state.state, 1, Integer::sum));
        return all.size() + " known, by state " + byState;
    }
}
