package io.lb4j.health;

/**
 * How many calls one instance may have in flight at a time from this balancer. An instance at its limit is passed over;
 * when all are, calls wait in a {@link CallQueue} or fail at once. Limits are kept for each instance by its id, so that
 * one slow instance doesn't throttle the others.
 */
public sealed interface ConcurrencyLimit permits FixedLimit, AimdLimit, GradientLimit {

    /**
     * The same for every instance, whatever happens.
     *
     * @param calls at a time, at least 1
     * @throws IllegalArgumentException if less
     */
    static ConcurrencyLimit fixed(int calls) {
        return new FixedLimit(calls);
    }

    /** Learnt from what instances drop: {@link AimdLimit#DEFAULT}. */
    static ConcurrencyLimit aimd() {
        return AimdLimit.DEFAULT;
    }

    /** Learnt from latency, and from what instances drop: {@link GradientLimit#DEFAULT}. */
    static ConcurrencyLimit gradient() {
        return GradientLimit.DEFAULT;
    }
}
