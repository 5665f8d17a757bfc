package io.lb4j.strategy;

import java.util.concurrent.atomic.AtomicLong;

/** How far a rotation has come, as an unsigned fraction of a turn; outlives pickers and wraps by itself. */
final class Phase extends AtomicLong {
    private static final long serialVersionUID = 1;

    /** Far from every simple fraction, so that a start of 0 is not between two candidates, where rounding decides. */
    private static final long OFFSET = 0x9E3779B97F4A7C15L;

    /** @param start random, so that many clients that start at once do not all begin with the same instance */
    Phase(long start) {
        super(start + OFFSET);
    }
}
