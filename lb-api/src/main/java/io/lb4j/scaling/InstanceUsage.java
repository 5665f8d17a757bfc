package io.lb4j.scaling;

import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.Tracker;
import io.lb4j.balancer.InstanceReport;
import java.util.concurrent.TimeUnit;

/** What is gathered of one instance. Not thread-safe but for the {@link Reported}. */
final class InstanceUsage {
    private final ScalingPolicy policy;
    final LevelFilter level;
    private InstanceReport last;
    private Reported reported;
    private long heard;
    private long heardAt;

    private int samples;
    private double inFlightSum;
    private double full;
    private long startedAtBegin;
    private long beginNanos;

    InstanceUsage(ScalingPolicy policy, InstanceReport report, Reported reported, long nowNanos) {
        this.policy = policy;
        this.level = new LevelFilter(policy);
        this.last = report;
        this.reported = reported;
        begin(report, nowNanos);
    }

    /** Whether this is the instance as it was known, and not another under its name. */
    boolean isOf(Reported other) {
        return reported == other;
    }

    private void begin(InstanceReport report, long nowNanos) {
        samples = 0;
        inFlightSum = 0;
        full = 0;
        startedAtBegin = started(report);
        beginNanos = nowNanos;
    }

    private static long started(InstanceReport report) {
        return report.calls() + report.inFlight();
    }

    void sample(InstanceReport report, long nowNanos) {
        last = report;
        samples++;
        inFlightSum += report.inFlight();
        full += report.limit() == Integer.MAX_VALUE ? 0 : (double) report.inFlight() / Math.max(1, report.limit());
        long now = reported.count;
        if (now != heard) {
            heard = now;
            heardAt = nowNanos;
        }
    }

    /** Calls in progress that the instance can have, not a number if nobody knows. */
    double room() {
        if (last.limit() != Integer.MAX_VALUE) {
            return last.limit();
        }
        return policy.callsInFlight() > 0 ? policy.callsInFlight() : Double.NaN;
    }

    long beginNanos() {
        return beginNanos;
    }

    /**
     * What its calls since {@link #beginNanos} are of so much time and so many looks, not a number if nobody knows what it
     * can do. Less than its utilization if it was there for a part of that time only, as the others had its calls before.
     */
    double load(long nanos, int looks, long nowNanos) {
        return withItsWord(measured(nanos, looks), nowNanos);
    }

    /** The same when it has gone; its word on its load no longer counts. */
    double lastLoad(long nanos, int looks, long nowNanos) {
        double load = measured(nanos, looks);
        begin(last, nowNanos);
        return Double.isNaN(load) ? 0 : load;
    }

    /** What it was since the last time this was called. */
    InstanceUtilization end(long nowNanos) {
        double inFlight = samples == 0 ? last.inFlight() : inFlightSum / samples;
        double rate = rate(nowNanos - beginNanos);
        double most = load(nowNanos - beginNanos, samples, nowNanos);
        double said = said(nowNanos);
        begin(last, nowNanos);
        return new InstanceUtilization(last.instance(), most, inFlight, rate, said, level.next(most, nowNanos));
    }

    private double rate(long nanos) {
        double seconds = Math.max(1, nanos) / (double) TimeUnit.SECONDS.toNanos(1);
        return Math.max(0, started(last) - startedAtBegin) / seconds;
    }

    private double said(long nowNanos) {
        return heard > 0 && nowNanos - heardAt <= policy.reportExpiry().toNanos() ? reported.utilization : Double.NaN;
    }

    private double measured(long nanos, int looks) {
        double most = Double.NaN;
        if (last.limit() != Integer.MAX_VALUE && samples > 0) {
            most = larger(most, full / looks);
        }
        if (policy.callsInFlight() > 0) {
            double inFlight = samples == 0 ? 0 : inFlightSum / looks;
            most = larger(most, inFlight / policy.callsInFlight());
        }
        if (policy.callsPerSecond() > 0) {
            most = larger(most, rate(nanos) / policy.callsPerSecond());
        }
        return most;
    }

    private double withItsWord(double measured, long nowNanos) {
        double most = said(nowNanos);
        if (!Double.isNaN(measured)) {
            most = larger(most, measured);
        }
        if (last.state() == InstanceReport.State.OVERLOADED) {
            // It gets nothing because it asked for that: the last thing to make of it is that it is idle.
            most = larger(most, 1);
        }
        return most;
    }

    private static double larger(double most, double other) {
        return Double.isNaN(most) ? other : Math.max(most, other);
    }

    /** The instance's own word on its load, heard with its answers. Thread-safe. */
    static final class Reported implements Tracker {
        private volatile double utilization = Double.NaN;
        private volatile long count;

        @Override
        public boolean timed() {
            return false;
        }

        @Override
        @SuppressWarnings({"NonAtomicVolatileUpdate", "NonAtomicOperationOnVolatileField"})
        public void onLoadReport(LoadReport report, long nowNanos) {
            double said =
                    report.applicationUtilization() > 0 ? report.applicationUtilization() : report.cpuUtilization();
            if (said > 0) {
                utilization = said;
                // Two at a time may count as one: all that matters is that the number changes.
                count++;
            }
        }

        @Override
        public void onEnd(Outcome outcome, long startNanos, long nowNanos) {}
    }
}
