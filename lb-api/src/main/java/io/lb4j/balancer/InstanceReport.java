package io.lb4j.balancer;

import io.lb4j.ServiceInstance;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the balancer knows and thinks of one instance at one moment.
 *
 * @param instance what discovery says of it
 * @param state whether it takes calls
 * @param reason why it is in that state, for people; empty if there is nothing to add
 * @param weight its effective weight; 0 unless it is eligible
 * @param inFlight calls in progress
 * @param limit how many it may have in progress at a time; {@code Integer.MAX_VALUE} if it is not limited
 * @param calls calls ended so far
 * @param failures how many of them failed
 * @param ejections how many steps the next ejection is longer than the first
 * @param endpointsOut endpoints whose calls it doesn't get while it gets others, each with the reason
 * @param lastCheck how its last active check ended, or null if it had none
 */
public record InstanceReport(
        ServiceInstance instance,
        State state,
        String reason,
        double weight,
        int inFlight,
        int limit,
        long calls,
        long failures,
        int ejections,
        Map<String, String> endpointsOut,
        @Nullable Check lastCheck) {

    /**
     * How an active check ended.
     *
     * @param healthy whether it passed
     * @param detail what it found, in the probe's words
     * @param age how long ago it ended
     * @param took how long it took
     */
    public record Check(boolean healthy, String detail, Duration age, Duration took) {
        @Override
        public String toString() {
            return (healthy ? "passed" : "failed") + " its check " + age.toMillis() + " ms ago: " + detail;
        }
    }

    /** Whether an instance takes calls, and if not, the first rule that keeps it out. */
    public enum State {
        /** Takes calls. */
        ELIGIBLE,
        /** Would take calls, but has as many as its concurrency limit allows. */
        FULL,
        /** Discovery says so (weight 0), or it said so itself: finishes what it has, gets nothing new. */
        DRAINING,
        /** Taken out by passive health. */
        EJECTED,
        /** Asked to be left alone. */
        OVERLOADED,
        /** Fails its active checks. */
        UNHEALTHY,
        /** Healthy, but more preferred instances suffice. */
        LOWER_PRIORITY,
        /** Not in the subset that the call asks for; only where a call within a subset is explained. */
        OTHER_SUBSET
    }
}
