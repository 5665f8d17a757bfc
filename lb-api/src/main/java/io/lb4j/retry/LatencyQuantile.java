package io.lb4j.retry;

import io.lb4j.Ticker;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * A percentile of the latencies of the last ten seconds or so, in 16 KB; or an earlier one, if slow calls begin between the two.
 * Thread-safe, without locks and without garbage.
 *
 * <p>A histogram with 32 buckets for each doubling, from a microsecond to more than an hour (the shape of Tene's
 * HdrHistogram), so that the answer is the true percentile or up to 1/32 more. Four of them, each filled for a quarter of
 * the window; the oldest is emptied for reuse. Where calls are few, a quarter lasts until it has enough of them: a
 * percentile of ten calls is a guess.
 */
final class LatencyQuantile {
    /** Fewer latencies than this say nothing about percentiles such as the 95th. */
    static final int ENOUGH = 100;

    static final long WINDOW_NANOS = 10_000_000_000L;

    private static final int SLICES = 4;
    private static final long SLICE_NANOS = WINDOW_NANOS / SLICES;

    /** After one slice is dropped there must be enough left. */
    private static final int ENOUGH_PER_SLICE = ENOUGH / 2;

    /** How old the answer may be: looking through all buckets takes a microsecond or two. */
    static final long REFRESH_NANOS = 100_000_000;

    /**
     * From so many times the earlier percentile on, those beyond it are another kind of call. Between the 95th and the 98th there are 1.3 times
     * in an exponential distribution, 1.5 in a log-normal one of deviation 1, 1.8 in a Pareto one of exponent 1.5.
     */
    private static final int JUMP = 2;

    private static final int SUB_BITS = 5;
    private static final int SUBS = 1 << SUB_BITS;
    private static final int MIN_EXPONENT = 10;
    private static final int MAX_EXPONENT = 42;
    private static final int BUCKETS = (MAX_EXPONENT - MIN_EXPONENT) * SUBS;

    private final double share;
    private final double earlyShare;
    private final Ticker ticker;
    private final AtomicIntegerArray[] slices = new AtomicIntegerArray[SLICES];
    private final AtomicBoolean refreshing = new AtomicBoolean();

    /** Written by the thread that holds {@link #refreshing}, as are the next three. */
    private volatile int current;

    private volatile long sliceStart;
    private volatile long refreshedAt;
    private volatile long value;

    /**
     * An estimate that has seen nothing.
     *
     * @param percentile in percent, above 0 and below 100
     * @param early in percent, up to {@code percentile}
     */
    LatencyQuantile(double percentile, double early, Ticker ticker) {
        this.share = percentile / 100;
        this.earlyShare = early / 100;
        this.ticker = ticker;
        for (int i = 0; i < SLICES; i++) {
            slices[i] = new AtomicIntegerArray(BUCKETS);
        }
        long now = ticker.nanos();
        this.sliceStart = now;
        this.refreshedAt = now;
    }

    /** The percentile in nanoseconds; 0 as long as too few latencies are known. */
    long nanos() {
        return value;
    }

    void record(long nanos) {
        slices[current].getAndIncrement(bucket(nanos));
        long now = ticker.nanos();
        if (now - refreshedAt >= REFRESH_NANOS && refreshing.compareAndSet(false, true)) {
            try {
                refresh(now);
            } finally {
                refreshing.set(false);
            }
        }
    }

    private void refresh(long now) {
        refreshedAt = now;
        int filling = current;
        long inSlice = sum(slices[filling]);
        if (now - sliceStart >= SLICE_NANOS && inSlice >= ENOUGH_PER_SLICE) {
            int next = (filling + 1) % SLICES;
            for (int i = 0; i < BUCKETS; i++) {
                slices[next].setPlain(i, 0);
            }
            sliceStart = now;
            current = next;
        }
        long total = 0;
        for (AtomicIntegerArray slice : slices) {
            total += sum(slice);
        }
        if (total >= ENOUGH) {
            long usual = atRank((long) Math.ceil(share * total));
            long early = share > earlyShare ? atRank((long) Math.ceil(earlyShare * total)) : usual;
            value = usual > JUMP * early ? early : usual;
        }
    }

    private long atRank(long rank) {
        long seen = 0;
        for (int i = 0; i < BUCKETS; i++) {
            for (AtomicIntegerArray slice : slices) {
                seen += slice.getPlain(i);
            }
            if (seen >= rank) {
                return upperEdge(i);
            }
        }
        return upperEdge(BUCKETS - 1);
    }

    private static long sum(AtomicIntegerArray slice) {
        long sum = 0;
        for (int i = 0; i < BUCKETS; i++) {
            sum += slice.getPlain(i);
        }
        return sum;
    }

    private static int bucket(long nanos) {
        long clamped = Math.min(Math.max(nanos, 1L << MIN_EXPONENT), (1L << MAX_EXPONENT) - 1);
        int exponent = Long.SIZE - 1 - Long.numberOfLeadingZeros(clamped);
        int sub = (int) (clamped >>> (exponent - SUB_BITS)) & (SUBS - 1);
        return (exponent - MIN_EXPONENT) * SUBS + sub;
    }

    /** What a bucket's latencies are below. */
    private static long upperEdge(int bucket) {
        return (long) (SUBS + bucket % SUBS + 1) << (MIN_EXPONENT + bucket / SUBS - SUB_BITS);
    }
}
