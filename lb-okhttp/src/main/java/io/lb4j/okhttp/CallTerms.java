package io.lb4j.okhttp;

import io.lb4j.Subset;
import io.lb4j.okhttp.rules.RouteDecision;
import io.lb4j.retry.RetryPolicy;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What holds for one call where a route may say something else than its service's settings.
 *
 * @param subset the instances it is for, or null for any
 * @param attemptTimeout how long an attempt may take until its headers are there, or null for as long as it likes
 * @param callNanos how long the whole call may take, or 0 for as long as its own time-out says
 * @param retry which failed attempts are followed by another
 * @param hedge whether it may be hedged
 * @param counts whether it is one of the service's calls, to which retries and hedges are compared
 */
record CallTerms(
        @Nullable Subset subset,
        @Nullable Duration attemptTimeout,
        long callNanos,
        RetryPolicy retry,
        boolean hedge,
        boolean counts) {

    static CallTerms of(ServiceSettings settings) {
        return new CallTerms(null, settings.attemptTimeout, 0, settings.retry, true, true);
    }

    CallTerms as(RouteDecision decision) {
        Duration call = decision.callTimeout();
        RetryPolicy itsRetry = decision.retry();
        Duration attempt = decision.attemptTimeout();
        return new CallTerms(
                decision.subset(),
                attempt == null ? attemptTimeout : attempt,
                call == null ? 0 : TimeUnit.NANOSECONDS.convert(call),
                itsRetry == null ? retry : itsRetry,
                decision.hedge(),
                true);
    }

    /** Those of a copy: one attempt, whatever becomes of it. */
    CallTerms mirrored(@Nullable Subset its) {
        return new CallTerms(its, attemptTimeout, 0, RetryPolicy.none(), false, false);
    }

    /** The shorter of the call's own time-out and this one, in nanoseconds; 0 if there is neither. */
    long limit(long ownNanos) {
        return callNanos == 0 ? ownNanos : ownNanos == 0 ? callNanos : Math.min(ownNanos, callNanos);
    }
}
