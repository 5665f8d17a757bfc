package io.lb4j.faults;

/**
 * An attempt that failed.
 *
 * @param id of the call
 * @param server the name of the one it was made on
 * @param connection which one it had, by number, or 0 if it got none
 * @param sinceNanos when it began, by {@link System#nanoTime()}
 * @param nanos how long it lasted
 */
record Waited(String id, String server, int connection, long sinceNanos, long nanos) {}
