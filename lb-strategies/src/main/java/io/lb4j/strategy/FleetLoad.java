package io.lb4j.strategy;

import java.util.concurrent.TimeUnit;

/** What is known of a service's load as a whole: what an instance is taken for that says nothing, or said it long ago. */
final class FleetLoad {
    private static final double SHORTEST_MEMORY = TimeUnit.MICROSECONDS.toNanos(100);
    private static final double LONGEST_MEMORY = TimeUnit.SECONDS.toNanos(10);
    private static final double FIRST_MEMORY = TimeUnit.MILLISECONDS.toNanos(100);

    /** Calls in flight of other clients, per weight. */
    final RunningMean others = new RunningMean();

    /** Calls in flight of all clients, per weight. */
    final RunningMean inFlight = new RunningMean();

    /** Reported latencies, in nanoseconds. */
    final RunningMean latency = new RunningMean();

    private final RunningMean responseTime = new RunningMean();

    void served(long nanos) {
        responseTime.add((double) nanos);
    }

    boolean reports() {
        return responseTime.orElse(0) > 0;
    }

    /** How many calls per weight are in flight where one takes that long, by what those that report tell. */
    double inFlight(long nanos) {
        return nanos * inFlight.orElse(0) / responseTime.orElse(1);
    }

    /**
     * For how long what an instance said of itself means something, in nanoseconds: the mean response time, in which
     * about as many calls come and go as are there; within bounds, since streams last for hours.
     */
    double memoryNanos() {
        return Math.min(LONGEST_MEMORY, Math.max(SHORTEST_MEMORY, responseTime.orElse(FIRST_MEMORY)));
    }
}
