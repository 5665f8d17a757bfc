package io.lb4j.simulator;

/**
 * How busy a server was and how many calls it ended, over the last whole second. Of a server that may use more cores than
 * are its own, more than 1.
 */
final class Usage {
    private static final long WINDOW = 1_000_000_000;

    private final double allocated;
    private double cores;
    private long windowAt;
    private long changedAt;
    private int inFlight;
    private double busy;
    private long ended;
    private double lastUtilization;
    private double lastPerSecond;

    Usage(double cores) {
        this.allocated = cores;
        this.cores = cores;
    }

    /** @param others calls that were there already */
    void began(long now, int others) {
        advance(now);
        inFlight = others + 1;
    }

    /** @param others calls that are still there */
    void ended(long now, int others) {
        advance(now);
        ended++;
        inFlight = others;
    }

    /** From now on it has as many cores. */
    void cores(long now, double value) {
        advance(now);
        cores = value;
    }

    private void advance(long now) {
        while (now - windowAt >= WINDOW) {
            add(windowAt + WINDOW);
            lastUtilization = busy / WINDOW;
            lastPerSecond = ended;
            busy = 0;
            ended = 0;
            windowAt += WINDOW;
        }
        add(now);
    }

    private void add(long until) {
        busy += (until - changedAt) * Math.min(inFlight, cores) / allocated;
        changedAt = until;
    }

    double utilization(long now) {
        advance(now);
        return lastUtilization;
    }

    double perSecond() {
        return lastPerSecond;
    }
}
