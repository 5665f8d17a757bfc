package io.lb4j.okhttp;

import io.lb4j.okhttp.rules.Firewall;
import io.lb4j.okhttp.rules.RequestDeniedException;
import java.io.IOException;
import okhttp3.Call;
import okhttp3.EventListener;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Watches where OkHttp is about to follow a redirect to, on behalf of one call, and cancels it if the firewall denies that. OkHttp follows
 * redirects below all application interceptors; network interceptors come after the connection is made, and WebSockets have none.
 */
final class FirewallWatch extends EventListener {
    private final LiveRules rules;
    private volatile @Nullable RequestDeniedException denial;

    FirewallWatch(LiveRules rules) {
        this.rules = rules;
    }

    /** The watch of this call, attached to it if it was not. */
    static FirewallWatch on(Call call, LiveRules rules) {
        FirewallWatch known = call.tag(FirewallWatch.class);
        if (known != null) {
            return known;
        }
        FirewallWatch made = new FirewallWatch(rules);
        call.tag(FirewallWatch.class, () -> made);
        call.addEventListener(made);
        return made;
    }

    @Override
    public void followUpDecision(Call call, Response response, @Nullable Request next) {
        Firewall firewall = rules.current().firewall();
        if (next == null || firewall == null) {
            return;
        }
        try {
            firewall.check(next);
        } catch (RequestDeniedException e) {
            denial = e;
            call.cancel();
        }
    }

    /** The error of the call: the denial, if that is why it was cancelled. */
    IOException error(IOException e) {
        RequestDeniedException why = denial;
        if (why == null || why == e) {
            return e;
        }
        why.addSuppressed(e);
        return why;
    }
}
