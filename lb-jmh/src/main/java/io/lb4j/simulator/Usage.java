package io.lb4j.simulator;

/** How busy a server's cores were and how many calls it ended, over the last whole second. */
final class Usage {
    private static final long WINDOW = 1_000_000_000;

    private final int cores;
    private long windowAt;
    private long changedAt;
    private int inFlight;
    private double busy;
    private long ended;
    private double lastUtilization;
    private double lastPerSecond;

    Usage(int cores) {
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
        busy += (until - changedAt) * Math.min(1, (double) inFlight / cores);
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
