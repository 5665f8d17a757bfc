package io.lb4j.okhttp;

import io.lb4j.okhttp.rules.DenialListener;
import io.lb4j.okhttp.rules.Mirror;
import io.lb4j.okhttp.rules.RequestDeniedException;
import io.lb4j.okhttp.rules.Route;
import io.lb4j.okhttp.rules.RouteDecision;
import io.lb4j.okhttp.rules.RouteReport;
import io.lb4j.okhttp.rules.TrafficRules;
import io.lb4j.okhttp.rules.TrafficRulesFile;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import okhttp3.CookieJar;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/** The rules of one client, which may change at any time, and what came of them. Thread-safe. */
final class LiveRules implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(LiveRules.class.getName());

    private final Map<String, RouteCounts> counts = new ConcurrentHashMap<>();
    private final @Nullable TrafficRulesFile file;
    private final List<DenialListener> listeners;
    private final AtomicBoolean listenerFailed = new AtomicBoolean();
    private Runnable unfollow = () -> {};
    private @Nullable MirrorCalls mirrors;

    /** What is in force. */
    private volatile TrafficRules current;

    private LiveRules(TrafficRules first, @Nullable TrafficRulesFile file, List<DenialListener> listeners) {
        this.current = first;
        this.file = file;
        this.listeners = listeners;
    }

    static LiveRules of(TrafficRules rules, List<DenialListener> listeners) {
        return new LiveRules(rules, null, listeners);
    }

    static LiveRules of(TrafficRulesFile file, List<DenialListener> listeners) {
        return new LiveRules(file.rules(), file, listeners);
    }

    /**
     * Begins: checks what there is, and whatever comes from now on.
     *
     * @param declare told of rules once they are in force
     * @throws IllegalArgumentException if calls would go to what is no service
     */
    void start(Services services, Consumer<TrafficRules> declare) {
        mirrors = new MirrorCalls(services);
        Consumer<TrafficRules> take = rules -> {
            rules.checkServices(services::isService, services.expected());
            current = rules;
            Set<String> names = new HashSet<>();
            rules.routes().forEach(each -> names.add(each.name()));
            counts.keySet().retainAll(names);
            declare.accept(rules);
        };
        if (file == null) {
            take.accept(current);
        } else {
            unfollow = file.follow(take);
        }
    }

    TrafficRules current() {
        return current;
    }

    /**
     * What becomes of a call.
     *
     * @return null if it goes to the service that it names
     * @throws IOException if routes send it round in a circle, or where the firewall lets none go
     */
    @Nullable
    RouteDecision decide(Request request, CookieJar jar, @Nullable FirewallWatch watch) throws IOException {
        RouteDecision decision = current.decide(request);
        if (decision == null) {
            return null;
        }
        if (watch != null) {
            decision = with(watch.checked(decision.request()), decision);
        }
        List<Route> routes = decision.routes();
        for (int i = 0; i < routes.size(); i++) {
            counts(routes.get(i).name()).calls.increment();
        }
        if (!decision.mirrors().isEmpty() && mirrors != null && request.header("Upgrade") == null) {
            for (Mirror each : decision.mirrors()) {
                mirrors.send(decision.request(), each, request.url(), jar, counts(mirroring(routes, each)));
            }
        }
        return decision;
    }

    private static RouteDecision with(Request checked, RouteDecision decision) {
        return checked == decision.request()
                ? decision
                : new RouteDecision(
                        decision.routes(),
                        checked,
                        decision.subset(),
                        decision.attemptTimeout(),
                        decision.callTimeout(),
                        decision.retry(),
                        decision.hedge(),
                        decision.mirrors());
    }

    private static String mirroring(List<Route> routes, Mirror mirror) {
        for (Route each : routes) {
            if (mirror.equals(each.mirror())) {
                return each.name();
            }
        }
        return routes.get(0).name();
    }

    private RouteCounts counts(String route) {
        RouteCounts known = counts.get(route);
        return known != null ? known : counts.computeIfAbsent(route, each -> new RouteCounts());
    }

    void onDenial(Request request, RequestDeniedException denial) {
        for (int i = 0; i < listeners.size(); i++) {
            try {
                listeners.get(i).onDenial(request, denial);
            } catch (Throwable e) {
                if (listenerFailed.compareAndSet(false, true)) {
                    LOG.log(
                            System.Logger.Level.WARNING,
                            "a denial listener threw (expected: never); the call is denied all the same, and this is said once",
                            e);
                }
            }
        }
    }

    List<RouteReport> reports() {
        return current.routes().stream()
                .map(each -> counts(each.name()).report(each.name()))
                .toList();
    }

    @Override
    public void close() {
        unfollow.run();
        if (mirrors != null) {
            mirrors.close();
        }
    }
}
