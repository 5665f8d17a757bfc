package io.lb4j.okhttp;

import io.lb4j.okhttp.InstanceDns.RedirectedToService;
import io.lb4j.okhttp.rules.RouteDecision;
import java.io.IOException;
import java.net.ProtocolException;
import okhttp3.CookieJar;
import okhttp3.HttpUrl;
import okhttp3.Interceptor.Chain;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** Makes calls to services: where the rules send them, and where redirects from one service to another lead. */
final class ServiceCalls {
    /** As many as OkHttp follows. */
    private static final int MAX_HOPS = 20;

    private final Services services;

    /** Whether the client that calls come from is set up for services; else each call is. */
    private final boolean tuned;

    ServiceCalls(Services services, boolean tuned) {
        this.services = services;
        this.tuned = tuned;
    }

    /**
     * Makes a call.
     *
     * @param earlier the link of the same OkHttp call, if it has been here before
     */
    Response make(Chain chain, Request request, @Nullable CallLink earlier) throws IOException {
        return make(chain, request, earlier, 0);
    }

    private Response make(Chain chain, Request request, @Nullable CallLink earlier, int hops) throws IOException {
        LiveRules rules = services.rules();
        RouteDecision decision =
                rules == null ? null : rules.decide(request, chain.getCookieJar(), FirewallWatch.of(chain.call()));
        if (rules != null) {
            chain.call().tag(Rerouting.class, () -> new Rerouting(rules)).now(request, decision);
        }
        return decision == null
                ? send(chain, chain, request, null, earlier, hops)
                : routed(chain, request, decision, earlier, hops);
    }

    private Response routed(Chain chain, Request request, RouteDecision decision, @Nullable CallLink earlier, int hops)
            throws IOException {
        Request sent = decision.request();
        CookieJar jar = chain.getCookieJar();
        boolean moved = !sent.url().equals(request.url());
        Chain theirs = moved && jar != CookieJar.NO_COOKIES
                ? chain.withCookieJar(new CallersCookies(jar, request.url(), sent.url()))
                : chain;
        Response response;
        try {
            response = send(chain, theirs, sent, decision, earlier, hops);
        } catch (ServiceUnavailableException e) {
            throw e.sentBy(decision.routes());
        }
        return restored(response, request, sent);
    }

    private Response send(
            Chain original,
            Chain chain,
            Request request,
            @Nullable RouteDecision decision,
            @Nullable CallLink earlier,
            int hops)
            throws IOException {
        Service service = services.get(request.url().host());
        CallTerms terms = decision == null ? service.terms() : service.terms().as(decision);
        return new BalancedCall(services, chain, tuned, service, request, terms, earlier, (redirect, next, link) -> {
                    if (hops >= MAX_HOPS) {
                        throw new ProtocolException("Too many redirects between services: " + (hops + 1));
                    }
                    FirewallWatch watch = FirewallWatch.of(original.call());
                    return make(original, watch == null ? next : watch.checked(next), link, hops + 1);
                })
                .run();
    }

    /** What the caller asked for, and not what became of it, as what depends on it (links, say) is the caller's. */
    private static Response restored(Response response, Request called, Request sent) {
        HttpUrl last = response.request().url();
        if (!last.equals(sent.url()) || called == sent) {
            return response;
        }
        Request restored = response.priorResponse() == null
                ? called
                : response.request().newBuilder().url(called.url()).build();
        return response.newBuilder().request(restored).build();
    }

    /** What follows a redirect from one service to another. */
    @FunctionalInterface
    interface FollowUp {
        Response follow(RedirectedToService redirect, Request next, @Nullable CallLink link) throws IOException;
    }
}
