package io.lb4j.okhttp;

import io.lb4j.Outcome;
import io.lb4j.okhttp.InstanceDns.RedirectedToService;
import java.io.IOException;
import java.net.UnknownServiceException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import okhttp3.Cache;
import okhttp3.Call;
import okhttp3.CookieJar;
import okhttp3.Interceptor.Chain;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Sends the attempts of one call, down the call's own chain or as calls of their own, and says what came of each.
 *
 * <p>Knows the call's clock and the link by which cancelling it reaches whatever is made on its behalf. Both hold for
 * the whole OkHttp call, which may come by several times: from an interceptor above, or by a redirect.
 */
final class AttemptSender {
    private final Services services;
    private final Chain chain;
    private final boolean tuned;
    private final Service service;
    private final Request request;
    private final CallTerms terms;
    private final Call call;

    /** Nanoseconds the whole call may take, or 0; and when it began, if so. */
    private final long callNanos;

    private final long startNanos;
    private @Nullable CallLink link;

    /**
     * A sender.
     *
     * @param earlier the link of the same OkHttp call, if it has been here before
     */
    AttemptSender(
            Services services,
            Chain chain,
            boolean tuned,
            Service service,
            Request request,
            CallTerms terms,
            @Nullable CallLink earlier) {
        this.services = services;
        this.chain = chain;
        this.tuned = tuned;
        this.service = service;
        this.request = request;
        this.terms = terms;
        this.call = chain.call();
        this.link = earlier;
        this.callNanos = terms.limit(call.timeout().timeoutNanos());
        // A call that comes once more has no more time than before.
        long begun = earlier == null ? 0 : earlier.callStartNanos;
        this.startNanos = callNanos > 0 && begun == 0 ? System.nanoTime() : begun;
    }

    /** What will add cookies to the request. */
    CookieJar jar() {
        return chain.getCookieJar();
    }

    Call call() {
        return call;
    }

    /** The link of this call, once an attempt was sent. */
    @Nullable
    CallLink link() {
        return link;
    }

    /** Whether the call's time will not be over {@code nanos} from now. */
    boolean hasTimeFor(long nanos) {
        return callNanos <= 0 || elapsed() + nanos < callNanos;
    }

    /** What is left of the call's time; {@code Long.MAX_VALUE} if it has as long as it likes. */
    long remainingNanos() {
        return callNanos <= 0 ? Long.MAX_VALUE : Math.max(0, callNanos - elapsed());
    }

    /**
     * Sends one attempt and waits for its headers.
     *
     * @param aimed whether down the call's own chain, which must not hold a connection; else as a call of its own
     */
    AttemptEnd send(Attempt attempt, boolean aimed) {
        return send(attempt, aimed, false);
    }

    /** Sends one attempt while another goes on, from a thread of its own. The call must be {@linkplain #linked linked}. */
    AttemptEnd sendBeside(Attempt attempt) {
        return send(attempt, false, true);
    }

    private AttemptEnd send(Attempt attempt, boolean aimed, boolean beside) {
        Response response = null;
        try {
            response = aimed && isAimable(attempt) ? aimed(attempt) : child(attempt, beside);
            service.readLoad(attempt, response);
            service.learnSession(attempt, response);
            return AttemptEnd.answered(attempt, response, service.judge(attempt, response));
        } catch (RedirectedToService e) {
            return AttemptEnd.failed(attempt, e, Verdict.SUCCESS);
        } catch (IOException e) {
            FirewallWatch watch = FirewallWatch.of(call);
            IOException error = watch == null ? e : watch.error(attempt.carrier(), e);
            if (error == e) {
                error = attempt.timedOut ? attempt.timeout(e, terms.attemptTimeout()) : TlsFailures.named(attempt, e);
            }
            return AttemptEnd.failed(attempt, error, service.judge(attempt, error));
        } catch (RuntimeException | Error e) {
            if (response != null) {
                response.close();
            }
            attempt.finish(Outcome.IGNORED);
            throw e;
        }
    }

    /** A chain's protocols can't be changed. An upgrade has some of its own. */
    private boolean isAimable(Attempt attempt) {
        return attempt.endpoint.speaksProtocolsOfClient() || request.header("Upgrade") != null;
    }

    private Response aimed(Attempt attempt) throws IOException {
        attempt.startClock(callNanos);
        call.addEventListener(attempt);
        link(attempt);
        Request asked = withDeadline(null);
        Request wire = wire(asked, attempt);
        return logical(attempt.endpoint.aim(cacheFor(wire), tuned).proceed(wire), asked, wire);
    }

    private Request wire(Request asked, Attempt attempt) throws UnknownServiceException {
        Request wire = WireUrls.wire(asked, attempt.endpoint.isSecure());
        if (wire.url().isHttps() && chain.getSslSocketFactoryOrNull() == null) {
            // OkHttp would send it in plain text.
            throw new UnknownServiceException("instance " + attempt.endpoint.shown() + " of service " + service.host()
                    + ": TLS: no connectionSpecs of this OkHttpClient allow it (expected: ConnectionSpec.MODERN_TLS"
                    + " among them, or TlsSettings.off() if plain text will do)");
        }
        return wire;
    }

    /** The chain without the cache where an answer comes without TLS that other instances give with it. */
    private Chain cacheFor(Request wire) {
        return isBelowOthers(wire) ? chain.withCache(null) : chain;
    }

    private boolean isBelowOthers(Request wire) {
        return !wire.url().isHttps()
                && chain.getCache() != null
                && service.endpoints().knowTls();
    }

    private Response logical(Response response, Request asked, Request wire) throws IOException {
        Cache cache = chain.getCache();
        if (cache != null && response.isSuccessful() && isBelowOthers(wire) && !BalancedCall.isSafe(asked)) {
            try {
                ServiceCache.forgetSecured(cache, wire);
            } catch (IOException | RuntimeException e) {
                response.close();
                throw e;
            }
        }
        return WireUrls.logical(ReplayGuard.restore(response), asked, wire);
    }

    private Response child(Attempt attempt, boolean beside) throws IOException {
        attempt.startClock(callNanos);
        CallLink parent = linked();
        Request asked = withDeadline(terms.attemptTimeout());
        Request wire = wire(asked, attempt);
        Call child = Overrides.applied(
                        cacheFor(wire),
                        attempt.endpoint.client(),
                        services.transport().settings(tuned))
                .newCall(wire);
        Rerouting rerouting = call.tag(Rerouting.class);
        if (rerouting != null) {
            child.tag(Rerouting.class, () -> rerouting);
        }
        FirewallWatch watch = FirewallWatch.of(call);
        if (watch != null) {
            watch.watch(child);
        }
        attempt.carriedBy(child);
        child.addEventListener(attempt);
        if (callNanos > 0 && !isEventStream()) {
            // The outer call's own time-out ends with the headers, so that the body is the child's to watch.
            child.timeout().timeout(Math.max(1, callNanos - elapsed()), TimeUnit.NANOSECONDS);
        }
        if (beside) {
            parent.followToo(child);
        } else {
            parent.follow(child);
        }
        Duration limit = terms.attemptTimeout();
        Response response =
                limit == null ? child.execute() : AttemptTimer.execute(child, attempt, limit, services.scheduler());
        return logical(response, asked, wire);
    }

    /** Asks the cache by a call of its own, which goes to nobody. */
    Response askCache(Request onlyIfCached) throws IOException {
        OkHttpClient client = services.transport().attempts;
        Call child = Overrides.applied(chain, client, services.transport().settings(tuned))
                .newCall(onlyIfCached);
        FirewallWatch watch = FirewallWatch.of(call);
        if (watch != null) {
            watch.watch(child);
        }
        return child.execute();
    }

    /** The request, which says how much time is left for this attempt if it is to. */
    private Request withDeadline(@Nullable Duration attemptTimeout) {
        DeadlineHeader header = service.settings().deadlineHeader;
        if (header == null || (callNanos <= 0 && attemptTimeout == null)) {
            return request;
        }
        long left = attemptTimeout == null ? Long.MAX_VALUE : attemptTimeout.toNanos();
        return header.on(request, callNanos > 0 ? Math.min(left, Math.max(1, callNanos - elapsed())) : left);
    }

    /** The link of this call, made if there is none. */
    CallLink linked() {
        CallLink known = link;
        if (known == null) {
            known = new CallLink(call);
            call.addEventListener(known);
            link(known);
        }
        return known;
    }

    private void link(CallLink first) {
        if (link == null) {
            link = first;
            first.callStartNanos = startNanos;
            call.tag(CallLink.class, () -> first);
        }
    }

    private long elapsed() {
        return System.nanoTime() - startNanos;
    }

    private boolean isEventStream() {
        String accept = request.header("Accept");
        return accept != null && accept.startsWith("text/event-stream");
    }
}
