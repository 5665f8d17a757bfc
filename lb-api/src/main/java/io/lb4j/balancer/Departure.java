package io.lb4j.balancer;

import java.util.concurrent.TimeUnit;

/**
 * What an instance's goodbyes (an HTTP/2 GOAWAY, {@code Connection: close} on a connection that was kept) are taken for.
 * Lane only.
 *
 * <p>Most say that it is about to stop, and then new calls are better off elsewhere for a moment: it may close its kept
 * connections with a request on the way, or accept connections that nobody will ever serve. But some servers say
 * goodbye to each connection after a number of requests, and go on serving. So a goodbye counts only after a minute
 * without any: who says it more often has it for a habit.
 */
final class Departure {
    /** About what it takes to stop, or to say so to discovery; what is refused later is refused unprocessed. */
    static final long AWAY_NANOS = TimeUnit.SECONDS.toNanos(2);

    static final long HABIT_NANOS = TimeUnit.SECONDS.toNanos(60);

    private long lastNanos;
    private long countedNanos;

    Departure(long nowNanos) {
        lastNanos = nowNanos;
        countedNanos = nowNanos;
    }

    /** One more goodbye; returns whether it counts. */
    boolean again(long nowNanos) {
        boolean counts = nowNanos - lastNanos >= HABIT_NANOS;
        lastNanos = nowNanos;
        if (counts) {
            countedNanos = nowNanos;
        }
        return counts;
    }

    boolean isAway(long nowNanos) {
        return nowNanos - countedNanos < AWAY_NANOS;
    }
}
