package io.lb4j.simulator;

import java.time.Duration;
import java.util.function.DoubleUnaryOperator;
import java.util.random.RandomGenerator;

/** When calls come. Immutable. */
public final class Load {
    private final DoubleUnaryOperator rate;
    private final double most;
    private final boolean regular;
    private final int callers;
    private final Duration pause;

    private Load(DoubleUnaryOperator rate, double most, boolean regular, int callers, Duration pause) {
        if (!(most > 0)) {
            throw new IllegalArgumentException("rate: " + most + " (expected: above 0 calls per second)");
        }
        this.rate = rate;
        this.most = most;
        this.regular = regular;
        this.callers = callers;
        this.pause = pause;
    }

    /** Independent calls, so many per second on average (open loop, Poisson). */
    public static Load poisson(double perSecond) {
        return new Load(seconds -> perSecond, perSecond, false, 0, Duration.ZERO);
    }

    /** Independent calls at a rate that changes: bursts, days. */
    public static Load poisson(DoubleUnaryOperator perSecondBySeconds, double most) {
        return new Load(perSecondBySeconds, most, false, 0, Duration.ZERO);
    }

    /** One call after the other at equal distances (open loop). */
    public static Load regular(double perSecond) {
        return new Load(seconds -> perSecond, perSecond, true, 0, Duration.ZERO);
    }

    /** So many callers that wait for their answer and then pause, on average so long, exponentially (closed loop). */
    public static Load closed(int callers, Duration pause) {
        return new Load(seconds -> 1, 1, false, callers, pause);
    }

    /**
     * Independent calls that become more, or fewer, evenly.
     *
     * @param from rate until {@code begin}, in calls per second
     * @param to rate from {@code end} on
     */
    public static Load ramp(double from, double to, Duration begin, Duration end) {
        double start = begin.toNanos() / 1e9;
        double length = end.minus(begin).toNanos() / 1e9;
        return poisson(
                seconds -> from + (to - from) * Math.min(1, Math.max(0, (seconds - start) / length)),
                Math.max(from, to));
    }

    /**
     * Independent calls at another rate for a while.
     *
     * @param usual rate before and after, in calls per second
     * @param meanwhile rate from {@code begin} until {@code end}
     */
    public static Load burst(double usual, double meanwhile, Duration begin, Duration end) {
        double from = begin.toNanos() / 1e9;
        double until = end.toNanos() / 1e9;
        return poisson(seconds -> seconds >= from && seconds < until ? meanwhile : usual, Math.max(usual, meanwhile));
    }

    boolean isClosed() {
        return callers > 0;
    }

    /** Whether calls come at equal distances, the first at once. */
    boolean isRegular() {
        return regular;
    }

    int callers() {
        return callers;
    }

    long pauseNanos(RandomGenerator random) {
        return (long) (pause.toNanos() * random.nextExponential());
    }

    /** Nanoseconds from the call at {@code nanos} to the next one. */
    long nextIn(long nanos, RandomGenerator random) {
        if (regular) {
            return (long) (1e9 / most);
        }
        // Thinning (Lewis and Shedler 1979): candidates at the highest rate, each taken with its share.
        double at = nanos;
        do {
            at += 1e9 / most * random.nextExponential();
        } while (random.nextDouble() * most > rate.applyAsDouble(at / 1e9));
        return (long) (at - nanos);
    }
}
