package io.lb4j.simulator;

/** One try of a call at one server: what the server tells of it comes here, after the way back. */
abstract class Attempt {
    /** No connection: the server is down. */
    static final int REFUSED = 0;

    /** The answer has left the server. */
    abstract void answered(int status);
}
