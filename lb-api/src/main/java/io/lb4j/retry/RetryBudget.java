package io.lb4j.retry;

import io.lb4j.Ticker;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Caps the retries of a service as a whole, so that a service in trouble is not buried under repeats of its own failed
 * calls. A token bucket: every call deposits a fraction of a token, time deposits a floor, a retry costs one token.
 * Thread-safe, without locks and without garbage.
 *
 * <p>The shape is Finagle's (a share of live traffic plus a floor per second), which unlike a bare limit on attempts
 * bounds the extra load also when every call fails.
 */
public final class RetryBudget {
    private static final long TOKEN = 1_000_000_000L;

    private final long depositPerCall;
    private final long perSecond;
    private final long capacity;
    private final @Nullable Ticker ticker;
    private final AtomicLong tokens;
    private final AtomicLong refilledAt = new AtomicLong();

    /**
     * A budget.
     *
     * @param ratio retries per call in the long run, 0 to 10; default elsewhere 0.2
     * @param minPerSecond retries per second allowed whatever the traffic, 0 to 1,000,000; default elsewhere 10
     * @param ticker the clock for the floor
     * @throws IllegalArgumentException if out of range
     */
    public RetryBudget(double ratio, int minPerSecond, Ticker ticker) {
        if (!(ratio >= 0 && ratio <= 10)) {
            throw new IllegalArgumentException("ratio: " + ratio + " (expected: 0 to 10)");
        }
        if (minPerSecond < 0 || minPerSecond > 1_000_000) {
            throw new IllegalArgumentException("minPerSecond: " + minPerSecond + " (expected: 0 to 1000000)");
        }
        this.depositPerCall = (long) (ratio * TOKEN);
        this.perSecond = minPerSecond;
        // Ten seconds' floor, and at least what a hundred calls deposit: enough to ride out one instance's death,
        // too little to store up a storm during quiet hours.
        this.capacity =
                Math.max(minPerSecond * 10L * TOKEN, Math.max(100 * depositPerCall, depositPerCall > 0 ? TOKEN : 0));
        this.ticker = ticker;
        this.tokens = new AtomicLong(Math.min(capacity, perSecond * TOKEN));
        this.refilledAt.set(ticker.nanos());
    }

    private RetryBudget() {
        this.depositPerCall = 0;
        this.perSecond = 0;
        this.capacity = Long.MAX_VALUE;
        this.ticker = null;
        this.tokens = new AtomicLong(Long.MAX_VALUE);
    }

    /** A budget that never refuses; for tests and for callers that limit retries elsewhere. */
    public static RetryBudget unlimited() {
        return new RetryBudget();
    }

    /** Counts a call's first attempt. */
    public void onCall() {
        if (depositPerCall > 0) {
            deposit(depositPerCall);
        }
    }

    /** Takes one token for one more attempt; false if there is none, and then the attempt must not be made. */
    public boolean tryRetry() {
        if (ticker == null) {
            return true;
        }
        refill(ticker.nanos());
        for (; ; ) {
            long now = tokens.get();
            if (now < TOKEN) {
                return false;
            }
            if (tokens.compareAndSet(now, now - TOKEN)) {
                return true;
            }
        }
    }

    private void refill(long now) {
        long last = refilledAt.get();
        long elapsed = now - last;
        // One thread per elapsed stretch wins it and deposits; the others find it spent.
        if (perSecond > 0 && elapsed > 0 && refilledAt.compareAndSet(last, now)) {
            long capped = Math.min(elapsed, 10 * TOKEN);
            deposit(capped * perSecond);
        }
    }

    private void deposit(long amount) {
        for (; ; ) {
            long now = tokens.get();
            if (now >= capacity) {
                return;
            }
            if (tokens.compareAndSet(now, Math.min(capacity, now + amount))) {
                return;
            }
        }
    }
}
