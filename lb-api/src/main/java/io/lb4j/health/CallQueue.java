package io.lb4j.health;

import io.lb4j.internal.Settings;
import java.time.Duration;

/**
 * Where calls wait when every instance is at its {@link ConcurrencyLimit}. One queue per service, for first attempts only:
 * a further attempt is never made to wait, as it would take the place of a call that had none yet.
 *
 * <p>Calls are served in turn for as long as the queue runs empty now and then: a burst. When it has not been empty for
 * longer than {@code target}, more comes than can be served, and then the newest call is served first and the oldest
 * makes room for it, since the oldest are those whose callers are about to give up, or have. (Facebook's adaptive LIFO
 * with CoDel's rule for when a queue stands, "Fail at Scale", ACM Queue 2015.)
 *
 * @param capacity calls that wait at a time, at least 1; default 100
 * @param maxWait how long a call waits at most; default 1 s
 * @param target for how long the queue may stand before the newest goes first; default 100 ms
 */
public record CallQueue(int capacity, Duration maxWait, Duration target) {

    /** Every component at its default. */
    public static final CallQueue DEFAULT = new CallQueue(100, Duration.ofSeconds(1), Duration.ofMillis(100));

    /**
     * Checks every component.
     *
     * @throws IllegalArgumentException naming the component, its value and the rule it broke
     */
    public CallQueue {
        Settings.check(capacity >= 1, "capacity", capacity, ">= 1");
        Settings.positive(maxWait, "maxWait");
        Settings.notNegative(target, "target");
    }
}
