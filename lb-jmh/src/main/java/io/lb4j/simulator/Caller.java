package io.lb4j.simulator;

/** One client: takes calls and sees to it that they are answered. */
interface Caller {
    void call(SimulatedCall call);

    /** Ends what goes on without calls. */
    default void close() {}
}
