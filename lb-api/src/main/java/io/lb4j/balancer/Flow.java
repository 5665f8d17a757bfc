package io.lb4j.balancer;

/** What the lane makes of an instance's counters, tick by tick. Lane only. */
final class Flow {
    /** Successes seen by the last tick; by the last whole stretch of ticks, and by the one that runs. */
    long seenGood;

    int calmBefore;
    int calmNow;

    /** Calls within about one window, and how many of them failed, both fading; without runs of failures. */
    double ends;

    double failures;

    /** Calls answered as of the last look for black holes; see {@link Stalls}. */
    long seenAnswered;

    void fade(double fading, long newEnds, long newFailures) {
        ends = ends * fading + newEnds;
        failures = failures * fading + newFailures;
    }
}
