package io.lb4j.strategy;

import io.lb4j.PickRequest;

/** For each key, the candidates in that key's own order of preference. Immutable. */
interface KeyOrder {

    /** Decides whether a candidate may be taken. */
    interface Gate {
        boolean admits(int index, PickRequest request);
    }

    /** The index of the candidate that comes first for a key with this hash. */
    int first(long hash);

    /** The index of the first candidate in the key's order that the gate admits, or -1 if it admits none. */
    int first(long hash, Gate gate, PickRequest request);
}
