package io.lb4j.okhttp;

import io.lb4j.okhttp.InstanceDns.RedirectedToService;
import java.io.IOException;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Stops a redirect within a service before it is sent, if the rules have something else in mind for it. OkHttp follows such redirects below the
 * interceptor that asks the rules, over the connection it has; only a network interceptor sees them.
 */
final class RerouteGuard implements Interceptor {
    static final Interceptor INSTANCE = new RerouteGuard();

    private RerouteGuard() {}

    @Override
    public Response intercept(Chain chain) throws IOException {
        Rerouting rerouting = chain.call().tag(Rerouting.class);
        Request request = chain.request();
        if (rerouting != null && rerouting.leadsElsewhere(request)) {
            throw new RedirectedToService(request.url().host(), request.url().host());
        }
        return chain.proceed(request);
    }
}
