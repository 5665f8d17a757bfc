package io.lb4j.strategy;

import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.Tracker;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How many calls one instance serves for its utilisation, by what it reports. */
final class ReportedUtilization implements Tracker, AdaptiveRotation.Pace {
    private static final List<String> FIELDS =
            List.of("cpu_utilization", "mem_utilization", "application_utilization", "rps_fractional", "eps");

    private final UtilizationWeights settings;
    private final UpdateClocks clocks;

    /** All written by calls that end, and by the computation of weights. */
    private volatile double speed;

    private volatile long updated;
    private volatile long since;
    private volatile boolean known;

    /** @param clock told of the time whenever a call ends */
    ReportedUtilization(UtilizationWeights settings, UpdateClock clock) {
        this.settings = settings;
        this.clocks = new UpdateClocks(clock);
    }

    @Override
    public void moves(UpdateClock clock) {
        clocks.add(clock);
    }

    static void check(String name) {
        if (!FIELDS.contains(name) && map(LoadReport.builder().build(), name) == null) {
            throw new IllegalArgumentException("metric: '" + name + "' (expected: one of " + FIELDS
                    + ", or named_metrics., utilization. or request_cost. with a name)");
        }
    }

    @Override
    public void onLoadReport(LoadReport report, long nowNanos) {
        double utilization = utilization(report);
        double calls = report.rpsFractional();
        // As gRPC does: what a server says that takes no calls, or says nothing of either, is no basis for a weight.
        double now = calls / (utilization + report.eps() / calls * settings.errorPenalty());
        // Tiny numbers that a server makes up would have an infinite quotient, of which there is no mean.
        if (utilization > 0 && calls > 0 && now < Double.POSITIVE_INFINITY) {
            speed = now;
            if (!known) {
                since = nowNanos;
                known = true;
            }
            updated = nowNanos;
        }
        clocks.tick(nowNanos);
    }

    @Override
    public void onEnd(Outcome outcome, long startNanos, long nowNanos) {
        clocks.tick(nowNanos);
    }

    private double utilization(LoadReport report) {
        double most = 0;
        for (String name : settings.metrics()) {
            // Not Math.max, which would let NaN through.
            double value = value(report, name);
            if (value > most) {
                most = value;
            }
        }
        if (most > 0) {
            return most;
        }
        return report.applicationUtilization() > 0 ? report.applicationUtilization() : report.cpuUtilization();
    }

    private static double value(LoadReport report, String name) {
        return switch (name) {
            case "cpu_utilization" -> report.cpuUtilization();
            case "mem_utilization" -> report.memUtilization();
            case "application_utilization" -> report.applicationUtilization();
            case "rps_fractional" -> report.rpsFractional();
            case "eps" -> report.eps();
            default -> {
                Map<String, Double> values = map(report, name);
                yield values == null ? 0 : values.getOrDefault(name.substring(name.indexOf('.') + 1), 0.0);
            }
        };
    }

    /** What the part before the first dot stands for; null if nothing. */
    private static @Nullable Map<String, Double> map(LoadReport report, String name) {
        int dot = name.indexOf('.');
        if (dot < 0 || dot == name.length() - 1) {
            return null;
        }
        return switch (name.substring(0, dot)) {
            case "named_metrics" -> report.namedMetrics();
            case "utilization" -> report.utilization();
            case "request_cost" -> report.requestCost();
            default -> null;
        };
    }

    @Override
    public double speed(long nowNanos) {
        if (!known) {
            return 0;
        }
        if (nowNanos - updated >= settings.expiration().toNanos()) {
            // The next report begins a new blackout.
            known = false;
            return 0;
        }
        return nowNanos - since < settings.blackout().toNanos() ? 0 : speed;
    }
}
