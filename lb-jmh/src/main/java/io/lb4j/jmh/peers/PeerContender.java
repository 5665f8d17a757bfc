package io.lb4j.jmh.peers;

import io.lb4j.jmh.Contender;

/** A peer that is ready to be measured, and can be asked afterwards whether it did what it is measured for. */
interface PeerContender extends Contender {

    /** The number an instance has that counts no calls in flight, or tells nobody. */
    int UNKNOWN = -1;

    /** Which instance an answer of {@link #pick} or {@link #call} stands for. */
    int indexOf(Object answer);

    /** How many calls are in flight to an instance, or {@link #UNKNOWN}. */
    default int inFlight(int index) {
        return UNKNOWN;
    }
}
