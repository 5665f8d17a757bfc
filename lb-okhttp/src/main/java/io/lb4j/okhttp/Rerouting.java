package io.lb4j.okhttp;

import io.lb4j.Subset;
import io.lb4j.okhttp.rules.RouteDecision;
import java.io.IOException;
import java.util.Objects;
import okhttp3.HttpUrl;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/** Where a call is by now, so that a redirect that the rules would send elsewhere can be told. Thread-safe. */
final class Rerouting {
    private final LiveRules rules;
    private volatile @Nullable Place place;

    /** Where the call was sent. */
    private record Place(HttpUrl url, @Nullable Subset subset) {}

    Rerouting(LiveRules rules) {
        this.rules = rules;
    }

    /** The call goes where this says. */
    void now(Request request, @Nullable RouteDecision decision) {
        place = decision == null
                ? new Place(request.url(), null)
                : new Place(decision.request().url(), decision.subset());
    }

    /**
     * Whether the rules have something else in mind for a request that follows a redirect within a service.
     *
     * @throws IOException if they refuse it
     */
    boolean leadsElsewhere(Request sent) throws IOException {
        Place now = place;
        if (now == null || !sent.url().host().equals(now.url.host())) {
            return false;
        }
        // The rules know nothing of TLS that a service speaks by itself.
        HttpUrl url = WireUrls.asCalled(sent.url(), now.url);
        if (url.equals(now.url)) {
            return false;
        }
        Request next = sent.newBuilder().url(url).build();
        RouteDecision decision = rules.current().decide(next);
        String service = decision == null ? next.url().host() : decision.service();
        Subset subset = decision == null ? null : decision.subset();
        boolean changed = decision != null && !decision.request().url().equals(next.url());
        return changed || !service.equals(now.url.host()) || !Objects.equals(subset, now.subset);
    }
}
