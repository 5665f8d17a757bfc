package io.lb4j.okhttp;

import java.io.IOException;
import okhttp3.Interceptor;
import okhttp3.Response;

/**
 * The last look at a call's request before it is written: at headers and cookies that OkHttp added, and whatever network interceptors and authenticators
 * made of it. Health checks are no calls and pass.
 */
final class FirewallGuard implements Interceptor {
    static final Interceptor INSTANCE = new FirewallGuard();

    private FirewallGuard() {}

    @Override
    public Response intercept(Chain chain) throws IOException {
        FirewallWatch watch = FirewallWatch.of(chain.call());
        return chain.proceed(watch == null ? chain.request() : watch.checked(chain.request()));
    }
}
