package io.lb4j.okhttp;

import io.lb4j.okhttp.rules.Firewall;
import io.lb4j.okhttp.rules.RequestDeniedException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import okhttp3.Call;
import okhttp3.EventListener;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Asks the firewall on behalf of one call, with whatever calls are made for it, and remembers what it denied. Watches where OkHttp is about to follow a
 * redirect to, and cancels the call if it may not go there: OkHttp follows redirects below all application interceptors; network interceptors come after the
 * connection is made, and WebSockets have none.
 */
final class FirewallWatch extends EventListener {
    private final LiveRules rules;
    private final Call call;

    /** Replaced as a whole: two attempts may meet a denial each. */
    private volatile List<Denial> denials = List.of();

    /**
     * What was denied.
     *
     * @param call the one that was cancelled for it
     */
    private record Denial(Call call, RequestDeniedException error) {}

    private FirewallWatch(LiveRules rules, Call call) {
        this.rules = rules;
        this.call = call;
    }

    /** The watch of this call, attached to it if it was not. */
    static FirewallWatch on(Call call, LiveRules rules) {
        FirewallWatch known = call.tag(FirewallWatch.class);
        if (known != null) {
            return known;
        }
        FirewallWatch made = new FirewallWatch(rules, call);
        call.tag(FirewallWatch.class, () -> made);
        call.addEventListener(made);
        return made;
    }

    /** The watch of this call; null if none was needed when it began. */
    static @Nullable FirewallWatch of(Call call) {
        return call.tag(FirewallWatch.class);
    }

    /** Watches a call that is made for this one, too. */
    void watch(Call child) {
        child.tag(FirewallWatch.class, () -> this);
        child.addEventListener(this);
    }

    /**
     * Lets a call begin.
     *
     * @return what to send
     */
    Request admit(Firewall firewall, Request request) throws RequestDeniedException {
        try {
            return firewall.admit(request, error -> broken(request, error));
        } catch (RequestDeniedException e) {
            rules.onDenial(request, e);
            throw e;
        }
    }

    /**
     * Lets pass what has become of it.
     *
     * @return what to send
     */
    Request checked(Request request) throws RequestDeniedException {
        Firewall firewall = rules.current().firewall();
        if (firewall == null) {
            return request;
        }
        // Rules know nothing of TLS that a service speaks by itself, nor of its port.
        Request called = WireUrls.asCalled(request);
        try {
            Request checked = firewall.checked(called, error -> broken(request, error));
            return checked == called
                    ? request
                    : checked.newBuilder().url(request.url()).build();
        } catch (RequestDeniedException e) {
            rules.onDenial(request, e);
            throw e;
        }
    }

    private void broken(Request request, RequestDeniedException error) {
        rules.onDenial(request, error);
        RequestBody body = request.body();
        if (body != null && body.isDuplex()) {
            // Its writer may not be the call's own thread, which then waits for an answer.
            cancel(call, error);
        }
    }

    private void cancel(Call denied, RequestDeniedException error) {
        synchronized (this) {
            List<Denial> all = new ArrayList<>(denials);
            all.add(new Denial(denied, error));
            denials = List.copyOf(all);
        }
        denied.cancel();
    }

    @Override
    public void followUpDecision(Call following, Response response, @Nullable Request next) {
        if (next == null) {
            return;
        }
        try {
            Request unused = checked(next);
        } catch (RequestDeniedException e) {
            cancel(following, e);
        }
    }

    /** The error of a call: the denial, if that is why it was cancelled. */
    IOException error(Call failed, IOException e) {
        for (Denial each : denials) {
            if (each.call == failed && each.error != e) {
                each.error.addSuppressed(e);
                return each.error;
            }
        }
        return e;
    }
}
