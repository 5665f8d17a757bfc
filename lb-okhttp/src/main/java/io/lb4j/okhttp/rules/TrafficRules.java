package io.lb4j.okhttp.rules;

import io.lb4j.Subset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * Ordered rules for where the calls of a client go. The first route that matches applies; a call that none matches goes
 * to the service it names. Immutable and thread-safe.
 *
 * <p>If a route sends a call to another service, the routes are asked again for the call as it is then, so that the other
 * service's own routes hold for it, too. A route applies at most once to a call; one that would move a call a second time is a loop, which is an
 * error: when the rules are built if no call could get out of it, else for the call that is caught in it.
 */
public final class TrafficRules {
    private static final TrafficRules NONE = builder().build();

    private final List<Route> routes;
    private final @Nullable Firewall firewall;

    private TrafficRules(Builder builder) {
        this(List.copyOf(builder.routes), builder.firewall);
    }

    private TrafficRules(List<Route> routes, @Nullable Firewall firewall) {
        this.routes = routes;
        this.firewall = firewall;
    }

    /** No rules. */
    public static TrafficRules none() {
        return NONE;
    }

    /** A builder without rules. */
    public static Builder builder() {
        return new Builder();
    }

    /** The routes, in order. */
    public List<Route> routes() {
        return routes;
    }

    /** What says which calls may leave the process; null if all may. */
    public @Nullable Firewall firewall() {
        return firewall;
    }

    /** The same, going on with what the firewall of those rules counted. */
    TrafficRules after(TrafficRules before) {
        Firewall now = firewall;
        Firewall earlier = before.firewall;
        return now == null || earlier == null ? this : new TrafficRules(routes, now.after(earlier));
    }

    /**
     * What becomes of this request: a dry run, of which nobody is told.
     *
     * @return null if no route matches
     * @throws RouteLoopException if the routes send it round in a circle
     */
    public @Nullable RouteDecision decide(Request request) throws RouteLoopException {
        return decide(request, ThreadLocalRandom.current());
    }

    @Nullable
    RouteDecision decide(Request request, RandomGenerator random) throws RouteLoopException {
        RouteDecision decision = null;
        Request now = request;
        for (; ; ) {
            Route route = first(new Subject(now, random));
            if (route == null || (decision != null && isOver(decision, route, now, request))) {
                return decision;
            }
            Request next = route.rewrite().apply(now, route.match());
            RouteDecision before = decision == null
                    ? new RouteDecision(List.of(), now, null, null, null, null, true, List.of())
                    : decision;
            decision = before.and(route, next, mirrors(route, random));
            if (next.url().host().equals(now.url().host())) {
                return decision;
            }
            now = next;
        }
    }

    private @Nullable Route first(Subject subject) {
        for (int i = 0; i < routes.size(); i++) {
            if (routes.get(i).matches(subject)) {
                return routes.get(i);
            }
        }
        return null;
    }

    /** Whether a route that has applied already is all that there is to come. */
    private static boolean isOver(RouteDecision decision, Route route, Request now, Request original)
            throws RouteLoopException {
        if (!decision.routes().contains(route)) {
            return false;
        }
        if (route.service() == null || route.service().equals(now.url().host())) {
            return true;
        }
        throw new RouteLoopException("routes send the call " + original.method() + " " + original.url()
                + " round in a circle: "
                + decision.routes().stream().map(each -> step(each)).collect(Collectors.joining(", "))
                + ", " + step(route) + " (expected: an end); name the services that a route is for in its match");
    }

    private static String step(Route route) {
        return "'" + route.name() + "'" + (route.service() == null ? "" : " to " + route.service());
    }

    private static List<Mirror> mirrors(Route route, RandomGenerator random) {
        Mirror mirror = route.mirror();
        return mirror != null && (mirror.percent() == 100 || random.nextDouble() * 100 < mirror.percent())
                ? List.of(mirror)
                : List.of();
    }

    /**
     * Why this request goes where it goes, line by line: for each step, which routes don't match and why, which one does, and what it
     * changes. A call that is drawn at random is drawn for the occasion.
     *
     * @throws RouteLoopException if the routes send it round in a circle
     */
    public List<String> explain(Request request) throws RouteLoopException {
        List<String> lines = new ArrayList<>();
        explain("firewall", request, lines);
        Request sent = explain(request, lines);
        if (sent != request) {
            explain("firewall, as it is sent", sent, lines);
        }
        return lines;
    }

    private void explain(String what, Request request, List<String> lines) {
        if (firewall != null) {
            String denial = firewall.explain(request);
            lines.add(what + ": " + (denial == null ? "passes" : denial));
        }
    }

    /** Explains the routes, and returns what they make of it. */
    private Request explain(Request request, List<String> lines) throws RouteLoopException {
        RouteDecision decision = null;
        Request now = request;
        for (; ; ) {
            Subject subject = new Subject(now, ThreadLocalRandom.current());
            Route hit = null;
            for (int i = 0; i < routes.size() && hit == null; i++) {
                Route route = routes.get(i);
                String why = route.mismatch(subject);
                lines.add("route " + i + " '" + route.name() + "': " + (why == null ? "matches" : why));
                hit = why == null ? route : null;
            }
            if (hit == null) {
                lines.add((decision == null ? "no route matches: service " : "no further route matches: service ")
                        + now.url().host());
                return now;
            }
            if (decision != null && isOver(decision, hit, now, request)) {
                lines.add("it has applied already: service " + now.url().host());
                return now;
            }
            Request next = hit.rewrite().apply(now, hit.match());
            RouteDecision before = decision == null
                    ? new RouteDecision(List.of(), now, null, null, null, null, true, List.of())
                    : decision;
            decision = before.and(hit, next, List.of());
            describe(hit, lines);
            if (!next.url().equals(now.url())) {
                lines.add("  " + now.url() + " becomes " + next.url());
            }
            if (next.url().host().equals(now.url().host())) {
                return next;
            }
            now = next;
        }
    }

    private static void describe(Route hit, List<String> lines) {
        hit.rewrite().describe().forEach(each -> lines.add("  " + each));
        if (hit.subset() != null) {
            lines.add("  within subset " + hit.subset());
        }
        if (hit.attemptTimeout() != null) {
            lines.add("  an attempt may take " + hit.attemptTimeout());
        }
        if (hit.callTimeout() != null) {
            lines.add("  the call may take " + hit.callTimeout());
        }
        if (hit.retry() != null) {
            lines.add("  retries as " + hit.retry());
        }
        if (!hit.hedge()) {
            lines.add("  not hedged");
        }
        Mirror mirror = hit.mirror();
        if (mirror != null) {
            lines.add("  " + mirror.percent() + " % mirrored to "
                    + (mirror.service() == null ? "the same service" : mirror.service())
                    + (mirror.subset() == null ? "" : " within subset " + mirror.subset()));
        }
    }

    /** The subsets that calls to this service may ask for. */
    public Set<Subset> subsets(String service) {
        Set<Subset> all = new HashSet<>();
        for (Route each : routes) {
            Set<String> from = each.match().services();
            boolean stays = each.service() == null && (from.isEmpty() || from.contains(service));
            if (each.subset() != null && (stays || service.equals(each.service()))) {
                all.add(each.subset());
            }
            Mirror mirror = each.mirror();
            if (mirror != null && mirror.subset() != null) {
                boolean here = mirror.service() == null
                        ? each.service() == null || service.equals(each.service())
                        : service.equals(mirror.service());
                if (here) {
                    all.add(mirror.subset());
                }
            }
        }
        return all;
    }

    /**
     * Checks that all services which calls are sent to are some.
     *
     * @param isService tells it of a name as URLs spell it
     * @param known what to say that was expected
     * @throws IllegalArgumentException if one is not
     */
    public void checkServices(Predicate<String> isService, String known) {
        for (int i = 0; i < routes.size(); i++) {
            Route route = routes.get(i);
            check(i, route, "service", route.service(), isService, known);
            Mirror mirror = route.mirror();
            check(i, route, "mirror.service", mirror == null ? null : mirror.service(), isService, known);
        }
    }

    private static void check(
            int at, Route route, String field, @Nullable String service, Predicate<String> isService, String known) {
        if (service != null && !isService.test(service)) {
            throw new IllegalArgumentException("routes[" + at + "] '" + route.name() + "': " + field + ": '" + service
                    + "' (expected: " + known + ")");
        }
    }

    @Override
    public String toString() {
        return "TrafficRules" + routes.stream().map(Route::name).toList();
    }

    /** Collects rules. Not thread-safe. */
    public static final class Builder {
        private final List<Route> routes = new ArrayList<>();
        private @Nullable Firewall firewall;

        private Builder() {}

        /** Sets what says which calls may leave the process; default null, all may. */
        public Builder firewall(@Nullable Firewall value) {
            this.firewall = value;
            return this;
        }

        /** Adds a route, behind those that were added before. */
        public Builder route(Route value) {
            routes.add(Objects.requireNonNull(value, "route"));
            return this;
        }

        /**
         * Builds the rules.
         *
         * @throws IllegalArgumentException if two routes have the same name, or some send calls round in a circle that none gets
         *     out of, or to where the firewall lets none go
         */
        public TrafficRules build() {
            Map<String, Integer> names = new HashMap<>();
            for (int i = 0; i < routes.size(); i++) {
                Integer before = names.putIfAbsent(routes.get(i).name(), i);
                if (before != null) {
                    throw new IllegalArgumentException(
                            "routes[" + i + "] '" + routes.get(i).name() + "': name (expected: one of its own); routes["
                                    + before + "] has it already");
                }
            }
            checkLoops();
            checkHosts();
            return new TrafficRules(this);
        }

        /** Follows, from each service, the first route that every call to it meets. */
        private void checkLoops() {
            Set<String> services = new TreeSet<>();
            routes.forEach(each -> services.addAll(each.match().services()));
            for (String from : services) {
                Set<Route> path = new LinkedHashSet<>();
                String at = from;
                for (Route next = certain(at); next != null && next.service() != null; next = certain(at)) {
                    if (next.service().equals(at)) {
                        break;
                    }
                    if (!path.add(next)) {
                        throw new IllegalArgumentException("routes "
                                + path.stream().map(TrafficRules::step).collect(Collectors.joining(", "))
                                + ": every call to " + from + " goes round in a circle (expected: an end)");
                    }
                    at = next.service();
                }
            }
        }

        private void checkHosts() {
            Firewall wall = firewall;
            if (wall == null) {
                return;
            }
            String known = "one of the firewall's hosts, " + wall.hosts();
            for (int i = 0; i < routes.size(); i++) {
                Mirror mirror = routes.get(i).mirror();
                check(i, routes.get(i), "service", routes.get(i).service(), wall::allows, known);
                check(
                        i,
                        routes.get(i),
                        "mirror.service",
                        mirror == null ? null : mirror.service(),
                        wall::allows,
                        known);
            }
        }

        private @Nullable Route certain(String service) {
            for (Route each : routes) {
                Set<String> from = each.match().services();
                if (each.match().isForWholeServices() && (from.isEmpty() || from.contains(service))) {
                    return each;
                }
            }
            return null;
        }
    }
}
