package io.lb4j.balancer;

import io.lb4j.Candidate;
import io.lb4j.health.GradientLimit;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.random.RandomGenerator;

/**
 * See {@link GradientLimit}. Calls only note how long they took; the one that completes a round works out the next limit.
 */
final class GradientLimiter extends AdaptiveLimiter {
    /**
     * Of a few calls the median is chance, and of many it comes too late: of twenty clients at a thousand calls a second
     * in all each gets five from one of ten instances.
     */
    private static final int SMALLEST_ROUND = 4;

    private static final int LARGEST_ROUND = 64;

    /** Calls that make a baseline, and how many may be in flight meanwhile: Envoy's numbers. */
    private static final int BASELINE_CALLS = 50;

    private static final int BASELINE_LIMIT = 3;

    /** The first one must do with less, or else there is none for long. */
    private static final int FIRST_BASELINE_CALLS = 24;

    private static final double BACKOFF = 0.8;
    private static final double STEEPEST = 0.5;
    private static final double REMEASURE_JITTER = 0.15;

    private final GradientLimit settings;
    private final RandomGenerator random;
    private final int quiet;

    private final AtomicLongArray samples = new AtomicLongArray(LARGEST_ROUND);
    private final AtomicInteger count = new AtomicInteger();
    private final AtomicBoolean busy = new AtomicBoolean();

    /** Written by whoever is busy; that it is written orders what it reads after. */
    private final long[] sorted = new long[LARGEST_ROUND];

    private volatile long roundBegan;
    private volatile int peak;

    /** Whether this round makes a baseline, as the first one does; and whether calls are held back for it. */
    private volatile boolean measuring = true;

    private volatile boolean quietly;
    private long baseline;
    private long baselineEnds;

    GradientLimiter(GradientLimit settings, Candidate instance, long nowNanos, RandomGenerator random) {
        super(instance, settings.initial(), settings.min(), settings.max(), BACKOFF, nowNanos);
        this.settings = settings;
        this.random = random;
        this.quiet = Math.max(settings.min(), BASELINE_LIMIT);
        this.roundBegan = nowNanos;
    }

    @Override
    public int limit() {
        return quietly ? Math.min(quiet, super.limit()) : super.limit();
    }

    @Override
    void succeeded(int inFlight, long startNanos, long nowNanos) {
        // A call from before the last change tells of the limit before it.
        if (startNanos - roundBegan < 0) {
            return;
        }
        if (inFlight > peak) {
            peak = inFlight;
        }
        int at = count.getAndIncrement();
        if (at < LARGEST_ROUND) {
            samples.set(at, Math.max(1, nowNanos - startNanos));
        }
        if (at + 1 >= round() && busy.compareAndSet(false, true)) {
            try {
                // Another one may have completed the round between the two.
                if (count.get() >= round()) {
                    completeRound(nowNanos);
                }
            } finally {
                busy.set(false);
            }
        }
    }

    private int round() {
        if (measuring) {
            return baseline == 0 ? FIRST_BASELINE_CALLS : BASELINE_CALLS;
        }
        return Math.max(SMALLEST_ROUND, Math.min(LARGEST_ROUND, Math.min(peak, super.limit())));
    }

    private void completeRound(long now) {
        long median = median();
        int most = peak;
        if (measuring) {
            rebase(median, now);
        } else if (median < baseline / 2) {
            measuring = true;
        } else if (now - baselineEnds < 0) {
            change(limit -> next(limit, median, most));
        } else if (median <= settings.tolerance() * baseline) {
            // Still true. To hold calls back for it would fail some of a service that is well.
            renew(now);
        } else {
            measuring = true;
            quietly = true;
        }
        peak = 0;
        roundBegan = now;
        count.set(0);
    }

    private void rebase(long median, long now) {
        baseline = baseline == 0 ? median : Math.min(median, 2 * baseline);
        measuring = false;
        quietly = false;
        renew(now);
    }

    private void renew(long now) {
        double jitter = 1 + REMEASURE_JITTER * random.nextDouble();
        baselineEnds = now + (long) (settings.remeasure().toNanos() * jitter);
    }

    private double next(double limit, long median, int most) {
        double gradient = settings.tolerance() * baseline / median;
        if (gradient < 1) {
            return Math.max(STEEPEST, gradient) * inUse(limit, most);
        }
        return most * 2L < limit ? limit : limit + settings.smoothing() * Math.sqrt(limit);
    }

    private long median() {
        int known = Math.min(LARGEST_ROUND, count.get());
        for (int i = 0; i < known; i++) {
            sorted[i] = samples.get(i);
        }
        Arrays.sort(sorted, 0, known);
        return sorted[known / 2];
    }
}
