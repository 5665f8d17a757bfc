package io.lb4j.faults;

/**
 * One attempt as the client's own sockets saw it: a request that was begun, or a connection that was not to be had.
 *
 * @param id of the call
 * @param atNanos when, by {@link System#nanoTime()}
 * @param server the name of the one it was made on
 */
record Attempted(String id, long atNanos, String server) {}
