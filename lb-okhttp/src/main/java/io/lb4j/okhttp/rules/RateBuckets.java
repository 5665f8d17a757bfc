package io.lb4j.okhttp.rules;

import io.lb4j.Ticker;
import io.lb4j.XxHash64;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The buckets of one {@link RateLimit}. Keys are hashed to a fixed number of them, by a secret seed: memory is bounded and nothing is ever evicted, so that
 * no flood of made-up keys gives anybody a fresh bucket. Two keys in one bucket share its limit; with 10,000 active keys one in seven does.
 *
 * <p>The algorithm is GCRA (ITU-T I.371), a token bucket in one number: when the bucket will be full again. Thread-safe, without locks.
 */
final class RateBuckets {
    static final int BUCKETS = 1 << 16;

    private final long intervalNanos;
    private final long toleranceNanos;
    private final Ticker ticker;
    private final long origin;
    private final long seed;
    private final AtomicLongArray fullAt;

    RateBuckets(RateLimit limit, Ticker ticker, long seed) {
        long per = limit.per().toNanos();
        // Rounded up: rather one call too few in a day than one too many.
        this.intervalNanos = (per + limit.calls() - 1) / limit.calls();
        this.toleranceNanos = intervalNanos * (limit.burst() - 1);
        this.ticker = ticker;
        this.origin = ticker.nanos();
        this.seed = seed;
        this.fullAt = new AtomicLongArray(limit.header() == null && limit.cookie() == null ? 1 : BUCKETS);
    }

    /** Takes a token of this key's bucket, if there is one. */
    boolean tryTake(String key) {
        int bucket = fullAt.length() == 1 ? 0 : (int) (XxHash64.hash(key, seed) >>> (Long.SIZE - 16));
        while (true) {
            long now = ticker.nanos() - origin;
            long seen = fullAt.get(bucket);
            long full = Math.max(seen, now);
            if (full - now > toleranceNanos) {
                return false;
            }
            if (fullAt.compareAndSet(bucket, seen, full + intervalNanos)) {
                return true;
            }
        }
    }
}
