package io.lb4j;

import java.util.function.Supplier;

/**
 * The balancer's live view of one instance. There is one candidate object per instance and service, the same in every
 * picker for as long as the instance stays at its address. Implemented by the balancer; thread-safe.
 */
public interface Candidate {

    /** What discovery says of the instance now. */
    ServiceInstance instance();

    /** Calls leased to this instance by this balancer and not yet ended, at this moment; never negative. */
    int inFlight();

    /**
     * The state kept for this instance under {@code key}, created by {@code factory} on the first call. For
     * {@link Strategy#newPicker}; pickers should hold what it returns.
     *
     * @throws IllegalStateException if the factory returns null
     */
    <T extends Tracker> T tracker(StateKey<T> key, Supplier<? extends T> factory);
}
