package io.lb4j;

/**
 * A strategy's own memory of one instance, told of every call that starts and ends there: a learning strategy is a
 * tracker plus a picker that reads trackers. Created once per instance by {@link Candidate#tracker}, and kept across
 * snapshots, ejections and weight changes.
 *
 * <p>All methods run on the calling threads, concurrently, on every call: they must be thread-safe, quick and without
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
     * Whether this tracker needs to know the time. If none of an instance's trackers does, calls are spared the two
     * looks at the clock that cost more than everything else in a pick, and all times are 0. Must always return the same.
     */
    default boolean timed() {
        return true;
    }

    /**
     * The instance said this of its load, with an answer to a call of this client.
     *
     * @param nowNanos the time at which it came
     */
    default void onLoadReport(LoadReport report, long nowNanos) {}

    /**
     * A call to this instance ended. Called exactly once for each {@link #onStart} seen.
     *
     * @param outcome what it meant for the instance
     * @param startNanos the time it started
     * @param nowNanos the time it ended
     */
    void onEnd(Outcome outcome, long startNanos, long nowNanos);
}
