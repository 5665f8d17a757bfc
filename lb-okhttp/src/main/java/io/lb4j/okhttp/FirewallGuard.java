package io.lb4j.okhttp;

import io.lb4j.okhttp.rules.Firewall;
import java.io.IOException;
import okhttp3.Interceptor;
import okhttp3.Response;

/**
 * The last look at a call's request before it is written: at headers and cookies that OkHttp added, and whatever network interceptors and authenticators
 * made of it. Health checks are no calls and pass.
 */
final class FirewallGuard implements Interceptor {
    private final LiveRules rules;

    FirewallGuard(LiveRules rules) {
        this.rules = rules;
    }

    @Override
    public Response intercept(Chain chain) throws IOException {
        Firewall firewall = rules.current().firewall();
        if (firewall != null && chain.call().tag(FirewallWatch.class) != null) {
            firewall.check(chain.request());
        }
        return chain.proceed(chain.request());
    }
}
