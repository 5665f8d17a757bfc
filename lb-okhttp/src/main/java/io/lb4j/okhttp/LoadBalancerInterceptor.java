package io.lb4j.okhttp;

import io.lb4j.okhttp.rules.Firewall;
import java.io.IOException;
import okhttp3.Call;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Balances calls whose URL names a service, and lets all others pass. The last of the application interceptors, so that
 * the user's run once for each call and not for each attempt.
 */
final class LoadBalancerInterceptor implements Interceptor {
    private final Services services;
    private final Transport transport;

    /** Whether the client it is part of is set up for services; else each call is. */
    private final boolean tuned;

    private final ServiceCalls calls;

    LoadBalancerInterceptor(Services services, Transport transport, boolean tuned) {
        this.services = services;
        this.transport = transport;
        this.tuned = tuned;
        this.calls = new ServiceCalls(services, tuned);
    }

    @Override
    public Response intercept(Chain chain) throws IOException {
        LiveRules rules = services.rules();
        Firewall firewall = rules == null ? null : rules.current().firewall();
        return rules == null || firewall == null
                ? send(chain, chain.request())
                : guarded(chain, chain.request(), rules, firewall);
    }

    private Response guarded(Chain chain, Request request, LiveRules rules, Firewall firewall) throws IOException {
        Call call = chain.call();
        FirewallWatch watch = FirewallWatch.on(call, rules);
        Request admitted = watch.admit(firewall, request);
        Response response;
        try {
            response = send(chain, admitted);
        } catch (IOException e) {
            throw watch.error(call, e);
        }
        return admitted != request && response.request() == admitted
                ? response.newBuilder().request(request).build()
                : response;
    }

    private Response send(Chain chain, Request request) throws IOException {
        String host = request.url().host();
        if (!services.isService(host)) {
            return elsewhere(chain, request);
        }
        Call call = chain.call();
        CallLink earlier = call.tag(CallLink.class);
        if (earlier instanceof Attempt attempt) {
            // An interceptor above closed the first answer and proceeds once more.
            attempt.over();
        }
        return calls.make(chain, request, earlier);
    }

    /** An interceptor above turned a call to a service into one to another host. */
    private Response elsewhere(Chain chain, Request request) throws IOException {
        return (tuned
                        ? chain.withRetryOnConnectionFailure(transport.base.retryOnConnectionFailure())
                                .withProxy(transport.base.proxy())
                                .withProxySelector(transport.base.proxySelector())
                        : chain)
                .proceed(request);
    }
}
