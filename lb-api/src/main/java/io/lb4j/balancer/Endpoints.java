package io.lb4j.balancer;

import io.lb4j.Outcome;
import io.lb4j.health.OutlierDetection;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What calls with an endpoint note and read. Only endpoints that failed somewhere lately are known here, so that names
 * without end, as a stranger can make them up, cost nothing as long as servers answer them; and of those at most so many.
 * Thread-safe.
 */
final class Endpoints {
    /** Endpoints that fail at a time; the failures of further ones count as if calls had no endpoint. */
    static final int MAX_FAILING = 100;

    /** The same for pairs of an endpoint and an instance. */
    static final int MAX_STATES = 10_000;

    private final int consecutiveFailures;
    private final Map<String, FailingEndpoint> failing = new ConcurrentHashMap<>();
    private final AtomicInteger endpointPlaces = new AtomicInteger(MAX_FAILING);
    private final AtomicInteger statePlaces = new AtomicInteger(MAX_STATES);

    /** Null while no endpoint is out anywhere. Written by the lane. */
    private volatile @Nullable Map<String, EndpointOuts> outs;

    Endpoints(OutlierDetection settings) {
        this.consecutiveFailures = settings.consecutiveFailures();
    }

    /** Whether there is any rule that takes an instance out for one endpoint. */
    static boolean areJudged(OutlierDetection settings) {
        return settings.maxEjectedShare() > 0
                && (settings.consecutiveFailures() > 0 || settings.failurePercentage() > 0);
    }

    /** Whether a failure may be the endpoint's; that there was no connection, or that it broke, is the instance's. */
    static boolean canCause(Outcome outcome) {
        return outcome.kind() == Outcome.Kind.SERVER_ERROR || outcome.kind() == Outcome.Kind.TIMEOUT;
    }

    void succeeded(String name, InstanceState state) {
        if (failing.isEmpty()) {
            return;
        }
        FailingEndpoint endpoint = failing.get(name);
        if (endpoint != null) {
            endpoint.succeeded(state);
        }
    }

    /** Whether that is where failures are noted still. */
    boolean knows(EndpointState at) {
        FailingEndpoint known = failing.get(at.endpoint.name);
        return known != null && known.at(at.state) == at;
    }

    /** Where to note a failure; null if there is no place for one more endpoint or instance. */
    @Nullable
    EndpointState failing(String name, InstanceState state) {
        FailingEndpoint known = failing.get(name);
        EndpointState at = known == null ? null : known.at(state);
        return at != null ? at : add(name, state);
    }

    private @Nullable EndpointState add(String name, InstanceState state) {
        // In one step with the removal of an endpoint that has become empty, or places would get lost.
        FailingEndpoint endpoint = failing.compute(name, (unused, known) -> {
            FailingEndpoint in = known;
            if (in == null) {
                if (!take(endpointPlaces)) {
                    return null;
                }
                in = new FailingEndpoint(name);
            }
            in.add(state, () -> take(statePlaces));
            return in;
        });
        return endpoint == null ? null : endpoint.at(state);
    }

    private static boolean take(AtomicInteger places) {
        return places.getAndUpdate(left -> Math.max(0, left - 1)) > 0;
    }

    /** Whether the lane must be told of a failure that made a run this long. */
    boolean isSuspicious(EndpointState at, long run) {
        return !at.out && (at.probation || (consecutiveFailures > 0 && run >= consecutiveFailures)) && at.suspect();
    }

    /** Where calls to this endpoint don't go, or null if they go everywhere. */
    @Nullable
    EndpointOuts outs(String name) {
        Map<String, EndpointOuts> all = outs;
        return all == null ? null : all.get(name);
    }

    /** For which endpoints the instance is out, and why. */
    Map<String, String> outsOf(InstanceState state) {
        Map<String, EndpointOuts> all = outs;
        if (all == null) {
            return Map.of();
        }
        Map<String, String> reasons = new TreeMap<>();
        all.forEach((name, where) -> {
            String reason = where.reason(state);
            if (reason != null) {
                reasons.put(name, reason);
            }
        });
        return reasons;
    }

    /** Lane only. */
    void publish(Map<String, EndpointOuts> value) {
        outs = value.isEmpty() ? null : value;
    }

    int freeEndpoints() {
        return endpointPlaces.get();
    }

    int freeStates() {
        return statePlaces.get();
    }

    Collection<FailingEndpoint> failing() {
        return failing.values();
    }

    /** Lane only: forgets an instance's failures. */
    void remove(EndpointState at) {
        if (at.endpoint.remove(at)) {
            statePlaces.incrementAndGet();
        }
    }

    /** Lane only: forgets the endpoint if it fails nowhere any more. */
    void removeIfEmpty(FailingEndpoint endpoint) {
        failing.computeIfPresent(endpoint.name, (unused, known) -> {
            if (!known.isEmpty()) {
                return known;
            }
            endpointPlaces.incrementAndGet();
            return null;
        });
    }
}
