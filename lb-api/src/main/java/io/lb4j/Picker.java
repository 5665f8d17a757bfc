package io.lb4j;

/**
 * Chooses a candidate for each call. Called concurrently on every call, so it takes no lock and makes no garbage.
 *
 * <p>It must return one of the candidates it was made with. If it throws, or returns null or a stranger, the balancer
 * serves the call by a pick of its own and reports the fault once.
 */
@FunctionalInterface
public interface Picker {

    /**
     * Returns one of the candidates.
     *
     * @param request what is known of the call. A candidate it {@linkplain PickRequest#excludes excludes} has just
     *     failed this very call; a picker with an order of preference should return the next in that order, any other
     *     may ignore it, as the balancer then picks again.
     */
    Candidate pick(PickRequest request);
}
