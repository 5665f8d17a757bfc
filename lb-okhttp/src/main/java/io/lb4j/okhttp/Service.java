package io.lb4j.okhttp;

import io.lb4j.CannotPickException;
import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.Scheduler;
import io.lb4j.ServiceInstance;
import io.lb4j.affinity.SharedAffinity;
import io.lb4j.balancer.Lease;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.balancer.LoadBalancerListener;
import io.lb4j.retry.Delivery;
import io.lb4j.retry.RetryBudget;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import okhttp3.Call;
import okhttp3.CookieJar;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** One service as calls see it: its balancer, its endpoints, its settings. Thread-safe. */
final class Service implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Service.class.getName());

    private final String host;
    private final ServiceSettings settings;
    private final CallTerms terms;
    private final Endpoints endpoints;
    private final RetryBudget budget;
    private final @Nullable Hedger hedger;
    private final LoadBalancer balancer;
    private final @Nullable SharedAffinity affinity;
    private final Signal ready = new Signal();

    private final AtomicBoolean callbackFailed = new AtomicBoolean();
    private final AtomicBoolean loadUnreadable = new AtomicBoolean();

    /** Set by calls, cleared when room is sought among made-up names. */
    private volatile boolean used = true;

    /** Set once, on the balancer's thread: discovery knows no such service. */
    private volatile boolean unknown;

    Service(
            String host,
            ServiceSettings settings,
            Endpoints endpoints,
            LoadBalancer.Builder builder,
            RetryBudget budget,
            @Nullable Hedger hedger,
            Scheduler scheduler) {
        this.host = host;
        this.settings = settings;
        this.terms = CallTerms.of(settings);
        this.endpoints = endpoints;
        this.budget = budget;
        this.hedger = hedger;
        this.balancer = builder.listener(new Snapshots()).build();
        endpoints.followRenewals();
        this.affinity = settings.affinityStore == null
                ? null
                : SharedAffinity.builder(balancer, settings.affinityStore)
                        .settings(settings.affinitySettings)
                        .scheduler(scheduler)
                        .build();
        // Once for all who will wait: what is attached to the balancer's own future stays there until it completes.
        CompletionStage<Void> unused = balancer.ready().whenComplete((value, error) -> ready.give());
    }

    String host() {
        return host;
    }

    ServiceSettings settings() {
        return settings;
    }

    /** What holds for a call of which no route says anything. */
    CallTerms terms() {
        return terms;
    }

    LoadBalancer balancer() {
        return balancer;
    }

    /** Given when discovery has answered for the first time, or this was closed. */
    Signal ready() {
        return ready;
    }

    RetryBudget budget() {
        return budget;
    }

    /** Null if no call is hedged. */
    @Nullable
    Hedger hedger() {
        return hedger;
    }

    /** Where its instances are called. */
    Endpoints endpoints() {
        return endpoints;
    }

    boolean isUnknown() {
        return unknown;
    }

    /** Whether there was a call since the last time this was asked. */
    boolean takeUsed() {
        boolean was = used;
        used = false;
        return was;
    }

    /** Whether no call is in progress. */
    boolean isIdle() {
        return balancer.instances().stream().allMatch(each -> each.inFlight() == 0);
    }

    void touch() {
        // Read first: a line that every call writes is a line that every core fetches.
        if (!used) {
            used = true;
        }
    }

    /**
     * What the balancer is told of a call.
     *
     * @param jar the call's
     */
    PickRequest pickRequest(Request request, CookieJar jar) {
        endpoints.onCall(request.url());
        PickRequest pick = PickRequest.plain();
        OptionalLong hash = key(request, jar);
        if (hash.isPresent()) {
            pick = PickRequest.ofHash(hash.getAsLong());
        }
        String endpoint = endpointOf(request);
        if (endpoint != null) {
            pick = pick.withEndpoint(endpoint);
        }
        return pick.withCall(request);
    }

    private OptionalLong key(Request request, CookieJar jar) {
        AffinityKey affinityKey = settings.affinity;
        SessionCookie session = settings.sessionCookie;
        try {
            if (affinityKey != null) {
                return affinityKey.hash(request);
            }
            return session == null
                    ? OptionalLong.empty()
                    : session.session(request, WireUrls.of(request.url(), endpoints.knowTls()), jar);
        } catch (Throwable e) {
            report(session == null ? "affinity key" : "cookie jar", e);
            return OptionalLong.empty();
        }
    }

    /** Remembers the session that the instance began with this answer, if any. */
    void learnSession(Attempt attempt, Response answer) {
        SessionCookie cookie = settings.sessionCookie;
        SharedAffinity keys = affinity;
        if (cookie != null && keys != null && !isStrangers(attempt, answer)) {
            OptionalLong session = cookie.begun(answer);
            if (session.isPresent()) {
                keys.settle(session.getAsLong(), attempt.lease.instance().id());
            }
        }
    }

    private @Nullable String endpointOf(Request request) {
        EndpointName name = settings.endpoint;
        if (name != null) {
            try {
                return name.of(request);
            } catch (Throwable e) {
                report("endpoint name", e);
            }
        }
        return null;
    }

    /**
     * Picks an instance for one attempt.
     *
     * @throws ServiceUnavailableException if none can be picked, or this service was closed a moment ago
     */
    Lease acquire(PickRequest pick) throws ServiceUnavailableException {
        try {
            return balancer.acquire(pick);
        } catch (CannotPickException | IllegalStateException e) {
            throw unavailable(e);
        }
    }

    /** Whether a first lease may take a while: there is a queue for it, or a store to be asked. */
    boolean acquiresInTurn() {
        return settings.queue != null || affinity != null;
    }

    /** The same, when its turn has come; to be asked for its {@link #lease} when it is done. */
    CompletableFuture<Lease> acquireInTurn(PickRequest pick, long maxNanos) {
        Duration maxWait = Duration.ofNanos(maxNanos);
        try {
            return affinity == null ? balancer.acquireAsync(pick, maxWait) : affinity.acquire(pick, maxWait);
        } catch (IllegalStateException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /**
     * What came of waiting.
     *
     * @throws ServiceUnavailableException if no lease
     */
    Lease lease(CompletableFuture<Lease> turn) throws ServiceUnavailableException {
        try {
            return turn.join();
        } catch (CompletionException e) {
            throw unavailable(e.getCause());
        }
    }

    private ServiceUnavailableException unavailable(@Nullable Throwable why) {
        // A closed balancer's error not as it is: thrown on a thread of OkHttp's, it would end that and not just the
        // call.
        return why instanceof CannotPickException none
                ? new ServiceUnavailableException(none)
                : new ServiceUnavailableException(host, why == null ? "" : String.valueOf(why.getMessage()), why);
    }

    /**
     * Picks an instance that the call has not tried, or null if there is none.
     *
     * @param fresh whether one that it has tried will do, as that may answer on a new connection
     */
    @Nullable
    Lease acquireAnother(PickRequest pick, boolean fresh) {
        try {
            Lease lease = acquire(pick);
            if (fresh || !pick.excludes(lease.candidate())) {
                return lease;
            }
            lease.close();
            return null;
        } catch (ServiceUnavailableException e) {
            // Nobody left, or closed in the meantime: what the last attempt brought is the answer.
            return null;
        }
    }

    /** What keeps keys where they are together with other processes; null if nothing does. */
    @Nullable
    SharedAffinity affinity() {
        return affinity;
    }

    Attempt attempt(Call call, Lease lease) {
        try {
            return new Attempt(call, this, endpoints.of(lease.candidate()), lease);
        } catch (RuntimeException | Error e) {
            lease.close();
            throw e;
        }
    }

    /** Passes on what the instance said of its load with this answer, be it a good one or not. */
    void readLoad(Attempt attempt, Response response) {
        // Not the answer itself: one from the cache has the report of the day it was stored.
        Response sent = response.networkResponse();
        if (sent == null || !attempt.lease.wantsReports() || isStrangers(attempt, response)) {
            return;
        }
        try {
            LoadReport report = LoadReports.of(sent.headers());
            if (report != null) {
                attempt.lease.report(report);
            }
        } catch (IOException | RuntimeException e) {
            if (loadUnreadable.compareAndSet(false, true)) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "service " + host + ": instance " + attempt.endpoint.id() + " sent a load report that can't be"
                                + " read; such reports are ignored, and this is said once: " + e.getMessage());
            }
        }
    }

    private boolean isStrangers(Attempt attempt, Response response) {
        return attempt.left || !response.request().url().host().equals(host);
    }

    /** What this answer means. */
    Verdict judge(Attempt attempt, Response response) {
        if (isStrangers(attempt, response)) {
            return Verdict.SUCCESS;
        }
        if (response.networkResponse() == null) {
            // The cache answered; nobody was asked.
            return Verdict.IGNORED;
        }
        if (attempt.reused()
                && "close".equalsIgnoreCase(response.networkResponse().header("Connection"))) {
            attempt.saysGoodbye();
        }
        Outcome outcome;
        try {
            outcome = Objects.requireNonNull(settings.classifier.ofResponse(response), "outcome");
        } catch (Throwable e) {
            report("outcome classifier", e);
            outcome = StandardClassifier.INSTANCE.ofResponse(response);
        }
        return outcome == Outcome.SUCCESS
                ? Verdict.SUCCESS
                : new Verdict(outcome, outcome, Delivery.MAYBE_PROCESSED, false);
    }

    /** What this failure means. */
    Verdict judge(Attempt attempt, IOException error) {
        Verdict verdict = Failures.of(attempt, error);
        if (verdict.isGoodbye()) {
            attempt.saysGoodbye();
        }
        if (!verdict.health().isFailure()) {
            return verdict;
        }
        try {
            Outcome outcome = settings.classifier.ofFailure(error, verdict.health());
            return outcome.equals(verdict.health())
                    ? verdict
                    : new Verdict(
                            outcome,
                            verdict.isFinal() ? verdict.retry() : outcome,
                            verdict.delivery(),
                            verdict.fresh());
        } catch (Throwable e) {
            report("outcome classifier", e);
            return verdict;
        }
    }

    private void report(String what, Throwable error) {
        if (callbackFailed.compareAndSet(false, true)) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "service " + host + ": its " + what + " threw (expected: never); the call goes on without it,"
                            + " and this is said once",
                    error);
        }
    }

    @Override
    public void close() {
        if (hedger != null) {
            hedger.close();
        }
        if (affinity != null) {
            affinity.close();
        }
        balancer.close();
        endpoints.close();
    }

    @Override
    public String toString() {
        return "Service[" + host + "]";
    }

    private final class Snapshots implements LoadBalancerListener {
        @Override
        public void onInstances(String service, List<ServiceInstance> instances) {
            unknown = false;
            endpoints.listed(instances);
        }

        @Override
        public void onUnknownService(String service, String detail) {
            unknown = true;
        }
    }
}
