package io.lb4j.okhttp.rules;

import io.lb4j.Subset;
import io.lb4j.retry.RetryPolicy;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * What {@link TrafficRules} say of one request.
 *
 * @param routes those that apply, in order: more than one only if the first sent the call to a service with routes of its own
 * @param request as it goes on: its host is the service
 * @param subset which instances, or null for any
 * @param attemptTimeout null for the service's
 * @param callTimeout null for the client's
 * @param retry null for the service's
 * @param hedge whether it may be hedged
 * @param mirrors where copies of it go, for those routes of which this call was drawn
 */
public record RouteDecision(
        List<Route> routes,
        Request request,
        @Nullable Subset subset,
        @Nullable Duration attemptTimeout,
        @Nullable Duration callTimeout,
        @Nullable RetryPolicy retry,
        boolean hedge,
        List<Mirror> mirrors) {

    /** Copies the lists. */
    public RouteDecision {
        routes = List.copyOf(routes);
        mirrors = List.copyOf(mirrors);
    }

    /** The service that it goes to, as URLs spell it. */
    public String service() {
        return request.url().host();
    }

    /** The same, after one more route. */
    RouteDecision and(Route route, Request rewritten, List<Mirror> more) {
        boolean moved = !rewritten.url().host().equals(request.url().host());
        Subset theirs = route.subset() != null || moved ? route.subset() : subset;
        return new RouteDecision(
                with(routes, route),
                rewritten,
                theirs,
                route.attemptTimeout() != null ? route.attemptTimeout() : attemptTimeout,
                route.callTimeout() != null ? route.callTimeout() : callTimeout,
                route.retry() != null ? route.retry() : retry,
                hedge && route.hedge(),
                more.isEmpty() ? mirrors : concat(mirrors, more));
    }

    private static List<Route> with(List<Route> routes, Route route) {
        return concat(routes, List.of(route));
    }

    private static <T> List<T> concat(List<T> first, List<T> second) {
        return Stream.concat(first.stream(), second.stream()).toList();
    }
}
