package io.lb4j;

/**
 * How instances are chosen. Given the eligible candidates it makes a {@link Picker}; the balancer calls it on every
 * change of the set, off the call path, so that whatever can be computed once (a ring, a table, prefix sums) is.
 *
 * <pre>{@code
 * Strategy uniform = eligible -> request -> eligible.get(eligible.random().nextInt(eligible.size()));
 * }</pre>
 *
 * <p>A strategy is immutable and may serve any number of services at once; what it must remember lives in
 * {@link Eligible#state} and {@link Candidate#tracker}. The picker-per-snapshot shape is gRPC's.
 */
@FunctionalInterface
public interface Strategy {

    /**
     * Makes the picker for one set of candidates. Called serially for one service, possibly at the same time for
     * different ones. If it throws, the balancer reports it and rotates through the candidates until the next change.
     *
     * @param eligible the candidates; at least one
     */
    Picker newPicker(Eligible eligible);
}
