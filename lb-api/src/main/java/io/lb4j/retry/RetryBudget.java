package io.lb4j.retry;

import io.lb4j.Ticker;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/**
 * Caps the retries of a service as a whole, so that a service in trouble is not buried under repeats of its own failed
 * calls: at any moment the retries of the last second are no more than a share of the calls that succeeded in that second, or,
 * with little traffic, than a floor per second. Thread-safe, without locks and without garbage.
 *
 * <p>Only successes count, as for gRPC's throttle of retries (A6): where a few servers fail, nearly every call succeeds in the end
 * and there is leave for all that it takes; where everything fails, a second later there is the floor and no more, as retries
 * there are load that helps nobody.
 *
 * <p>A connection that was refused costs a server nothing, and when half of a large fleet is killed at once, far more than
 * a share of the calls must try elsewhere. So a retry after one is given back by the next success of any call: while
 * somebody answers, such retries are bounded per call only ({@link RetryPolicy#maxUnsent}). When nobody answers any more,
 * nothing is given back, and they count as all others do; so they do for the first second after nobody answered for one, in
 * which instances come back one by one.
 *
 * <p>The other terms are Finagle's (a share of live traffic, a floor per second), which unlike a limit on attempts bound the
 * extra load also when many calls fail. Its bucket of tokens saves up for ten seconds, though, and hands all of that
 * out in the first moment of an outage. Here only live traffic counts: a quiet hour saves up nothing but one retry, and the floor
 * is three seconds' worth at a time. And the floor is the least there is, as in Envoy, not something on top.
 */
public final class RetryBudget {
    private static final long SLICE_NANOS = 100_000_000;
    private static final int SLICES_PER_SECOND = 10;

    /** How many seconds' floor may be spent at once: what it takes to get past a few dead instances at low traffic. */
    private static final int FLOOR_SECONDS = 3;

    /** A power of two, and more slices than anybody looks back. */
    private static final int RING = 32;

    private static final long TOKEN = 1_000_000_000L;
    private static final long COUNT = 0xffff_ffffL;

    private final long depositPerSuccess;
    private final long floor;
    private final @Nullable Ticker ticker;
    private final long startNanos;

    /** Per slice of time its number, in the upper half, and what was counted in it. */
    private final AtomicLongArray successes = new AtomicLongArray(RING);

    private final AtomicLongArray retries = new AtomicLongArray(RING);

    /** Retries after refused connections since the last success. */
    private final AtomicLongArray refusals = new AtomicLongArray(RING);

    /** Whether there may be some of these. */
    private volatile boolean owing;

    /** While there are: the slice of the last success, or of the first of them. */
    private volatile long lastSuccess;

    /** From which slice on successes give back. */
    private volatile long givesBackFrom;

    /** One token at most: what successes deposited since the last retry, for when a second's share is less than one. */
    private final AtomicLong saved = new AtomicLong();

    /**
     * A budget.
     *
     * @param ratio retries per call that succeeds, 0 to 10; default elsewhere 0.2
     * @param minPerSecond retries per second allowed whatever the traffic, 0 to 1,000,000; default elsewhere 10
     * @param ticker the clock
     * @throws IllegalArgumentException if out of range
     */
    public RetryBudget(double ratio, int minPerSecond, Ticker ticker) {
        if (!(ratio >= 0 && ratio <= 10)) {
            throw new IllegalArgumentException("ratio: " + ratio + " (expected: 0 to 10)");
        }
        if (minPerSecond < 0 || minPerSecond > 1_000_000) {
            throw new IllegalArgumentException("minPerSecond: " + minPerSecond + " (expected: 0 to 1000000)");
        }
        this.depositPerSuccess = Math.round(ratio * TOKEN);
        this.floor = (long) minPerSecond * FLOOR_SECONDS;
        this.ticker = ticker;
        this.startNanos = ticker.nanos();
    }

    private RetryBudget() {
        this.depositPerSuccess = 0;
        this.floor = 0;
        this.ticker = null;
        this.startNanos = 0;
    }

    /** A budget that never refuses; for tests and for callers that limit retries elsewhere. */
    public static RetryBudget unlimited() {
        return new RetryBudget();
    }

    private void count(long slice) {
        int at = (int) slice & (RING - 1);
        for (; ; ) {
            long word = successes.get(at);
            int age = (int) slice - (int) (word >>> 32);
            if (age == 0) {
                successes.getAndIncrement(at);
                return;
            }
            // A thread that slept through the whole ring finds a later slice there: its success is history.
            if (age < 0 || successes.compareAndSet(at, word, slice << 32 | 1)) {
                return;
            }
        }
    }

    /**
     * Takes leave for one more attempt; false if there is none, and then the attempt must not be made. Threads that ask at
     * the same moment may get one too many if some of them do so after refused connections.
     */
    public boolean tryRetry() {
        return take(retries);
    }

    /** The same after a connection that was refused: what it takes, the next success gives back. */
    public boolean tryRetryRefused() {
        if (!take(refusals)) {
            return false;
        }
        Ticker clock = ticker;
        if (clock != null && !owing) {
            lastSuccess = slice(clock);
            owing = true;
        }
        return true;
    }

    /** Whether there is leave for one more attempt, without taking it. */
    public boolean hasRetry() {
        Ticker clock = ticker;
        return clock == null || allows(slice(clock));
    }

    /** Counts a call that succeeded, at whichever attempt; what was taken after refused connections is given back. */
    public void onSuccess() {
        Ticker clock = ticker;
        if (clock == null) {
            return;
        }
        long slice = slice(clock);
        if (depositPerSuccess > 0) {
            count(slice);
            if (saved.get() < TOKEN) {
                saved.getAndAdd(depositPerSuccess);
            }
        }
        if (owing) {
            giveBack(slice);
        }
    }

    private void giveBack(long slice) {
        long silent = slice - lastSuccess;
        lastSuccess = slice;
        if (silent > SLICES_PER_SECOND) {
            givesBackFrom = slice + SLICES_PER_SECOND + 1;
        } else if (slice >= givesBackFrom) {
            owing = false;
            for (int i = 0; i < RING; i++) {
                refusals.set(i, 0);
            }
        }
    }

    private boolean take(AtomicLongArray ring) {
        Ticker clock = ticker;
        if (clock == null) {
            return true;
        }
        for (; ; ) {
            long slice = slice(clock);
            int at = (int) slice & (RING - 1);
            long word = ring.get(at);
            if (!allows(slice)) {
                return false;
            }
            long here = (int) (word >>> 32) == (int) slice ? word & COUNT : 0;
            if (ring.compareAndSet(at, word, slice << 32 | (here + 1))) {
                saved.set(0);
                return true;
            }
        }
    }

    private boolean allows(long slice) {
        if (retries(slice, FLOOR_SECONDS * SLICES_PER_SECOND) < floor) {
            return true;
        }
        // A slice more than of successes, lest the end of one second and the begin of the next add up.
        long ofLastSecond = retries(slice, SLICES_PER_SECOND + 1);
        return (ofLastSecond + 1) * TOKEN <= sum(successes, slice, SLICES_PER_SECOND) * depositPerSuccess
                || (ofLastSecond == 0 && saved.get() >= TOKEN);
    }

    private long retries(long slice, int slices) {
        return sum(retries, slice, slices) + sum(refusals, slice, slices);
    }

    private static long sum(AtomicLongArray ring, long slice, int slices) {
        long sum = 0;
        for (long each = slice; each > slice - slices && each >= 0; each--) {
            long word = ring.get((int) each & (RING - 1));
            if ((int) (word >>> 32) == (int) each) {
                sum += word & COUNT;
            }
        }
        return sum;
    }

    private long slice(Ticker clock) {
        return (clock.nanos() - startNanos) / SLICE_NANOS;
    }
}
