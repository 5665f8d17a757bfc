package io.lb4j.faults;

/**
 * One call as its caller saw it.
 *
 * @param id sent along, and written down by each server that processed it
 * @param idempotent whether it was a GET, not a POST
 * @param atMillis when it was due, since the first measured call
 * @param latencyNanos from when it was due, not from when it got its turn, to the end of the body
 * @param problem why it failed; empty if it was answered with 200 and a whole body
 */
record Sample(String id, boolean idempotent, long atMillis, long latencyNanos, String problem) {
    boolean failed() {
        return !problem.isEmpty();
    }
}
