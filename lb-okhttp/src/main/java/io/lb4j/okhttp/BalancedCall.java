package io.lb4j.okhttp;

import io.lb4j.NotReadyException;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.Subset;
import io.lb4j.affinity.SharedAffinity;
import io.lb4j.balancer.Lease;
import io.lb4j.okhttp.InstanceDns.RedirectedToService;
import io.lb4j.retry.RetryBudget;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import okhttp3.Call;
import okhttp3.Interceptor.Chain;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * One call to a service: attempts on one instance after the other until one answers or no further one is allowed.
 * Lives on the thread that makes the call.
 *
 * <p>The first attempt goes down the call's own chain, aimed at its instance. A further one goes the same way only if
 * nothing came of the first, not even a connection; else OkHttp would hand it the connection the call holds already,
 * whatever instance it is aimed at. So it is a call of its own, to a client of the instance.
 */
final class BalancedCall {
    /** Longer than it takes OkHttp to cancel a call whose time is over. */
    private static final long CANCEL_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** The call's own, without the cache if the service is to have none. */
    private final Chain chain;

    private final Service service;
    private final Request request;
    private final CallTerms terms;
    private final Call call;
    private final ServiceCalls.FollowUp followUp;
    private final boolean again;
    private final AttemptSender sender;

    /** Where further attempts go; null unless other processes have to agree. */
    private @Nullable KeyedRetry keyedRetry;

    /**
     * A call.
     *
     * @param earlier the link of the same OkHttp call, if it has been here before
     * @param followUp makes the call that a redirect to another service asks for
     */
    BalancedCall(
            Services services,
            Chain chain,
            boolean tuned,
            Service service,
            Request request,
            CallTerms terms,
            @Nullable CallLink earlier,
            ServiceCalls.FollowUp followUp) {
        this.chain = service.settings().cache || chain.getCache() == null ? chain : chain.withCache(null);
        this.service = service;
        this.request = request;
        this.terms = terms;
        this.call = chain.call();
        this.followUp = followUp;
        this.again = earlier != null;
        this.sender = new AttemptSender(services, this.chain, tuned, service, request, terms, earlier);
    }

    Response run() throws IOException {
        Response cached = chain.getCache() == null
                ? null
                : ServiceCache.answer(
                        request, service.endpoints().knowTls(), again ? sender::askCache : chain::proceed);
        if (cached != null) {
            return cached;
        }
        PickRequest pick = service.pickRequest(request, sender.jar());
        Subset subset = terms.subset();
        if (subset != null) {
            pick = pick.within(subset);
        }
        PersistenceCookie.Session session = PersistenceCookie.of(request, service.host());
        String wanted = session == null ? null : session.instanceId();
        if (wanted != null) {
            pick = pick.preferring(wanted);
        }
        SharedAffinity affinity = service.affinity();
        keyedRetry = affinity == null ? null : new KeyedRetry(affinity, service, call, pick);
        Lease lease = acquireFirst(pick);
        Hedger hedger = hedger();
        Attempt attempt = service.attempt(call, lease);
        boolean aimed = startsAimed(hedger);
        List<IOException> errors = null;
        int unsent = 0;
        for (int attempts = 1; ; attempts++) {
            HedgeRace race = hedger != null && leavesRoomForHedge(attempts)
                    ? new HedgeRace(hedger, service, sender, attempt, pick)
                    : null;
            AttemptEnd end = race == null ? sender.send(attempt, aimed) : race.run();
            if (end.error() instanceof RedirectedToService redirect) {
                succeeded();
                return redirected(end.attempt(), redirect);
            }
            pick = pick.nextAttempt(end.attempt().lease.candidate());
            if (race != null) {
                AttemptEnd earlier = race.earlier();
                if (earlier != null) {
                    attempts++;
                    pick = pick.nextAttempt(earlier.attempt().lease.candidate());
                    errors = with(errors, earlier);
                    end = end.after(earlier);
                }
                // One hedge per call, and none once an instance has asked for mercy.
                hedger = race.hedged() || end.isPushback() ? null : hedger;
            }
            if (end.verdict().health().kind() == Outcome.Kind.SUCCESS) {
                succeeded();
            }
            if (end.wasRefusedConnection() && unsent < terms.retry().maxUnsent()) {
                unsent++;
                attempts--;
            }
            Attempt next;
            try {
                next = end.isFinal() ? null : another(end, attempts, pick);
            } catch (IOException e) {
                // Cancelled while it paused.
                end.discard();
                throw with(errors, end.error() == null ? e : suppressing(e, end.error()));
            }
            if (next == null) {
                Response response = result(end, errors);
                if (session != null && end.verdict().health().kind() == Outcome.Kind.SUCCESS) {
                    session.served(end.attempt().lease.instance().id(), wanted);
                }
                return response;
            }
            end.discard();
            errors = with(errors, end);
            aimed = aimed && !attempt.acquired;
            attempt = next;
        }
    }

    private static Response result(AttemptEnd end, @Nullable List<IOException> errors) throws IOException {
        if (end.response() != null) {
            end.attempt().handedOut();
            return end.response();
        }
        throw with(errors, end.error() == null ? new IOException("no answer") : end.error());
    }

    private Lease acquireFirst(PickRequest pick) throws IOException {
        try {
            return acquireInTurn(pick);
        } catch (ServiceUnavailableException e) {
            long wait = service.settings().firstSnapshotTimeout.toNanos();
            if (!(e.getCause() instanceof NotReadyException) || wait == 0) {
                throw e;
            }
            // Here and not in the balancer, which doesn't know that the call may be cancelled or out of time.
            CallLink waiting = new CallLink(call);
            call.addEventListener(waiting);
            waiting.pauseUntil(service.ready(), Math.min(wait, patienceNanos()));
            return acquireInTurn(pick);
        }
    }

    /** What is left of the call's time. If OkHttp will end the call itself, it must have the time to say so first. */
    private long patienceNanos() {
        long left = sender.remainingNanos();
        return terms.callNanos() == 0 && left < Long.MAX_VALUE ? left + CANCEL_NANOS : left;
    }

    private Lease acquireInTurn(PickRequest pick) throws IOException {
        return service.acquiresInTurn()
                ? Turn.await(service, call, pick, sender.remainingNanos())
                : service.acquire(pick);
    }

    /** What may hedge this call; null if nothing may. */
    private @Nullable Hedger hedger() {
        Hedger hedger = terms.hedge() ? service.hedger() : null;
        if (hedger == null) {
            return null;
        }
        hedger.hedging().onCall();
        return !isUpgrade() && hedger.hedging().policy().allows(isSafe(request), isIdempotent(), isReplayable())
                ? hedger
                : null;
    }

    /** A hedge is an attempt of the policy's. One that allows no retry at all was not meant to forbid the hedge, though. */
    private boolean leavesRoomForHedge(int attempts) {
        return attempts == 1 || attempts < terms.retry().maxAttempts();
    }

    private boolean startsAimed(@Nullable Hedger hedger) {
        return isUpgrade() || (!again && hedger == null && terms.attemptTimeout() == null && terms.callNanos() == 0);
    }

    private boolean isUpgrade() {
        return request.header("Upgrade") != null;
    }

    private @Nullable Attempt another(AttemptEnd end, int attempts, PickRequest pick) throws IOException {
        Attempt failed = end.attempt();
        Verdict verdict = end.verdict();
        if (verdict.fresh()) {
            failed.endpoint.evictIdle();
        }
        if (call.isCanceled()
                || (isUpgrade() && failed.acquired)
                || !terms.retry()
                        .allows(attempts, verdict.retry(), verdict.delivery(), isIdempotent(), isReplayable())) {
            return null;
        }
        long delay = terms.retry()
                .delay(attempts, verdict.retry(), verdict.delivery(), ThreadLocalRandom.current())
                .toNanos();
        if (!sender.hasTimeFor(delay) || !service.budget().hasRetry()) {
            // Before an instance is picked in vain: that would count as a call to it.
            return null;
        }
        Lease lease = acquireAnother(end, pick);
        if (lease == null) {
            return sameAfterRest(end, delay, pick);
        }
        RetryBudget budget = service.budget();
        if (!(end.wasRefusedConnection() ? budget.tryRetryRefused() : budget.tryRetry())) {
            lease.close();
            return null;
        }
        CallLink parent = sender.link();
        if (delay > 0 && parent != null) {
            // An attempt that only waits must not make its instance look busy.
            lease.close();
            parent.pause(delay);
            lease = acquireAnother(end, pick);
        }
        return lease == null ? null : service.attempt(call, lease);
    }

    private @Nullable Lease acquireAnother(AttemptEnd end, PickRequest pick) throws IOException {
        KeyedRetry keyed = keyedRetry;
        return keyed == null ? service.acquireAnother(pick, end.verdict().fresh()) : keyed.acquire(end, pick);
    }

    /** Nobody else can be asked: the instance itself, once the time is over for which it asked to be left alone. */
    private @Nullable Attempt sameAfterRest(AttemptEnd end, long delay, PickRequest pick) throws IOException {
        long rest = terms.retry().patience(end.verdict().retry()).toNanos();
        CallLink parent = sender.link();
        if (rest == 0
                || parent == null
                || !sender.hasTimeFor(rest + delay)
                || !service.budget().tryRetry()) {
            return null;
        }
        // Now, and not when its body is closed: the others must leave it alone as well.
        end.attempt().finish(end.verdict().health());
        parent.pause(rest + delay);
        Lease lease = service.acquireAnother(pick, true);
        return lease == null ? null : service.attempt(call, lease);
    }

    private void succeeded() {
        if (terms.counts()) {
            service.budget().onSuccess();
        }
    }

    private Response redirected(Attempt attempt, RedirectedToService redirect) throws IOException {
        Request next = attempt.followUp;
        // A proxy's name may look like a service's as well; then it is unknown.
        // And names inside are not for strangers to use, even those that a service sent us to.
        if (next == null || attempt.followUpByStranger || !next.url().host().equals(redirect.to())) {
            throw redirect;
        }
        if (attempt.endpoint.isSecure()) {
            next = next.newBuilder()
                    .url(WireUrls.asCalled(next.url(), request.url()))
                    .build();
        }
        String authorization = request.header("Authorization");
        if (authorization != null
                && redirect.to().equals(service.host())
                && next.url().port() == request.url().port()) {
            // OkHttp took it out as it saw https redirect to http, which for the caller is http all along.
            next = next.newBuilder().header("Authorization", authorization).build();
        }
        return followUp.follow(redirect, next, sender.link());
    }

    /** RFC 9110 §9.2.1. */
    static boolean isSafe(Request request) {
        return switch (request.method()) {
            case "GET", "HEAD", "OPTIONS", "TRACE" -> true;
            default -> false;
        };
    }

    /** RFC 9110 §9.2.2. */
    private boolean isIdempotent() {
        return switch (request.method()) {
            case "PUT", "DELETE" -> true;
            default -> isSafe(request);
        };
    }

    private boolean isReplayable() {
        RequestBody body = request.body();
        return body == null || !(body.isOneShot() || body.isDuplex());
    }

    private static @Nullable List<IOException> with(@Nullable List<IOException> errors, AttemptEnd failed) {
        if (failed.error() == null) {
            return errors;
        }
        List<IOException> all = errors == null ? new ArrayList<>() : errors;
        all.add(failed.error());
        return all;
    }

    private static IOException with(@Nullable List<IOException> errors, IOException last) {
        if (errors != null) {
            errors.stream().filter(each -> each != last).forEach(last::addSuppressed);
        }
        return last;
    }

    private static IOException suppressing(IOException e, IOException earlier) {
        e.addSuppressed(earlier);
        return e;
    }
}
