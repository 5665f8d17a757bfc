package io.lb4j.balancer;

import java.time.Duration;

/**
 * An empty list that discovery delivered and that is not believed yet. Immutable.
 *
 * @param sinceNanos when it came first, by the balancer's clock
 * @param grace how long the instances before it stay in force
 * @param kept how many they are
 */
record EmptyList(long sinceNanos, Duration grace, int kept) {

    /** What an operator must know, with the age of what is in force. */
    String describe(String service, String source, long nowNanos) {
        Duration age = Duration.ofMillis(Math.max(0, (nowNanos - sinceNanos) / 1_000_000));
        return source + " lists no instance of service " + service + ", since " + age + "; the " + kept
                + " it had stay in force until it has done so for " + grace + " (emptyListGrace)";
    }
}
