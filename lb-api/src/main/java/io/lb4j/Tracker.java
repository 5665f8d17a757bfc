package io.lb4j;

/**
 * A strategy's own memory of one instance, told of every call that starts and ends there: a learning strategy is a
 * tracker plus a picker that reads trackers. Created once per instance by {@link Candidate#tracker}, and kept across
 * snapshots, ejections and weight changes.
 *
 * <p>Both methods run on the calling threads, concurrently, on every call: they must be thread-safe, quick and without
 * garbage, and must not throw. Times are of the balancer's {@link Ticker}.
 */
public interface Tracker {

    /**
     * A call to this instance starts.
     *
     * @param nowNanos the time it starts
     */
    default void onStart(long nowNanos) {}

    /**
     * A call to this instance ended. Called exactly once for each {@link #onStart} seen.
     *
     * @param outcome what it meant for the instance
     * @param startNanos the time it started
     * @param nowNanos the time it ended
     */
    void onEnd(Outcome outcome, long startNanos, long nowNanos);
}
