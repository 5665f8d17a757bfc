package io.lb4j.strategy;

import io.lb4j.PickRequest;

/** For each key, the candidates in that key's own order of preference. Immutable. */
interface KeyOrder {

    /** Decides whether a candidate may be taken. */
    interface Gate {
        /**
         * Whether it may.
         *
         * @param calls as handed to {@link KeyOrder#first(long, Gate, PickRequest, long)}
         */
        boolean admits(int index, PickRequest request, long calls);
    }

    /** The index of the candidate that comes first for a key with this hash. */
    int first(long hash);

    /**
     * The index of the first candidate in the key's order that the gate admits, or -1 if it admits none.
     *
     * @param calls for the gate, so that one which goes by it need not be made anew for each pick
     */
    int first(long hash, Gate gate, PickRequest request, long calls);
}
