package io.lb4j.simulator;

import org.jspecify.annotations.Nullable;

/** One call from its start to its end. */
final class SimulatedCall {
    final long work;
    final long started;
    final long key;

    /** The first of the servers that hold what it asks for; of no use where all do. */
    final int group;

    /** Which of the endpoints it is for; of no use where there are none. */
    final int endpoint;

    private final Statistics statistics;
    private boolean over;

    /** Runs when it has ended; null for nothing. */
    @Nullable
    Runnable onEnd;

    SimulatedCall(long work, long started, long key, int group, int endpoint, Statistics statistics) {
        this.work = work;
        this.started = started;
        this.key = key;
        this.group = group;
        this.endpoint = endpoint;
        this.statistics = statistics;
    }

    boolean isOver() {
        return over;
    }

    void attempted() {
        statistics.attempted(this);
    }

    /** Its caller has an answer, or will have none. */
    void end(boolean success) {
        if (!over) {
            over = true;
            statistics.ended(this, success);
            if (onEnd != null) {
                onEnd.run();
            }
        }
    }
}
