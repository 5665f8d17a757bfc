package io.lb4j.balancer;

import io.lb4j.PickRequest;
import io.lb4j.Ticker;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Who is on trial at one moment. Picks look here only if there is anybody. Thread-safe. */
final class Trials {
    /**
     * Of so many calls at most one is a trial: when half of a big fleet comes back dead, a client with few calls must not
     * spend them all on finding that out.
     */
    static final int ONE_IN = 10;

    private final Trial[] all;
    private final long intervalNanos;
    private final int oneIn;
    private final Ticker ticker;
    private final RandomGenerator random;

    /** @param alone whether there is nobody else to serve a call */
    Trials(Trial[] all, long intervalNanos, boolean alone, Ticker ticker, RandomGenerator random) {
        this.all = all;
        this.intervalNanos = intervalNanos;
        this.oneIn = alone ? 1 : ONE_IN;
        this.ticker = ticker;
        this.random = random;
    }

    Trial[] all() {
        return all;
    }

    /**
     * A trial for this call to make, or null for most calls. A call that has failed already is not risked again, and one
     * that belongs to another instance is not taken from it.
     */
    Trial.@Nullable Call offer(PickRequest request) {
        if (request.attempt() > 0 || (request.preferred() != null && oneIn > 1)) {
            return null;
        }
        int at = random.nextInt(oneIn * all.length);
        if (at >= all.length || request.excludes(all[at].state)) {
            return null;
        }
        return all[at].begin(request.endpoint(), ticker.nanos(), intervalNanos);
    }
}
