package io.lb4j.scaling;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.ToDoubleFunction;

/**
 * How busy a service was during one interval, and how many instances it should have.
 *
 * @param service its name
 * @param utilization that of its serving instances, on average, with the calls that waited for one; not a number if it
 *     is of none known
 * @param level whether that is too much or too little
 * @param serving instances that take calls, or would if they were not overloaded
 * @param instances those and the ones that are out of order; not those that drain or stand by at a lower priority
 * @param desired how many instances there should be, in place of {@code instances}
 * @param waiting calls that waited in the queue, on average
 * @param details of each serving instance
 */
public record ScalingReport(
        String service,
        double utilization,
        UtilizationLevel level,
        int serving,
        int instances,
        int desired,
        double waiting,
        List<InstanceUtilization> details) {

    /** The list is copied. */
    public ScalingReport {
        Objects.requireNonNull(service, "service");
        Objects.requireNonNull(level, "level");
        details = List.copyOf(details);
    }

    /**
     * The reports as OpenMetrics text, which Prometheus reads and autoscalers read from there: gauges
     * {@code lb4j_scaling_desired_instances}, {@code …_instances}, {@code …_serving_instances}, {@code …_utilization_ratio},
     * {@code …_waiting_calls} by {@code service}, and {@code lb4j_scaling_instance_utilization_ratio} by {@code service}
     * and {@code instance}. Answer with it as {@code application/openmetrics-text; version=1.0.0; charset=utf-8}.
     *
     * @param reports one for each service
     */
    public static String toOpenMetrics(Collection<ScalingReport> reports) {
        StringBuilder text = new StringBuilder();
        gauge(text, "desired_instances", "Instances there should be.", reports, ScalingReport::desired);
        gauge(text, "instances", "Instances there are.", reports, ScalingReport::instances);
        gauge(text, "serving_instances", "Instances that take calls.", reports, ScalingReport::serving);
        gauge(text, "utilization_ratio", "Share of what they can do.", reports, ScalingReport::utilization);
        gauge(text, "waiting_calls", "Calls that wait for an instance.", reports, ScalingReport::waiting);
        head(text, "instance_utilization_ratio", "Share of what the instance can do.");
        for (ScalingReport report : reports) {
            for (InstanceUtilization each : report.details) {
                line(text, "instance_utilization_ratio", report.service)
                        .append(",instance=\"")
                        .append(escaped(each.instance().id()))
                        .append("\"} ")
                        .append(each.utilization())
                        .append('\n');
            }
        }
        return text.append("# EOF\n").toString();
    }

    private static void gauge(
            StringBuilder text,
            String name,
            String help,
            Collection<ScalingReport> reports,
            ToDoubleFunction<ScalingReport> value) {
        head(text, name, help);
        for (ScalingReport report : reports) {
            line(text, name, report.service)
                    .append("} ")
                    .append(value.applyAsDouble(report))
                    .append('\n');
        }
    }

    private static void head(StringBuilder text, String name, String help) {
        text.append("# TYPE lb4j_scaling_").append(name).append(" gauge\n");
        text.append("# HELP lb4j_scaling_")
                .append(name)
                .append(' ')
                .append(help)
                .append('\n');
    }

    private static StringBuilder line(StringBuilder text, String name, String service) {
        return text.append("lb4j_scaling_")
                .append(name)
                .append("{service=\"")
                .append(escaped(service))
                .append('"');
    }

    private static String escaped(String label) {
        return label.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }

    @Override
    public String toString() {
        return service + ": " + instances + " instances, " + serving + " serving, desired " + desired + "; utilization "
                + (Double.isNaN(utilization) ? "unknown" : String.format(Locale.ROOT, "%.2f", utilization))
                + (level == UtilizationLevel.NORMAL ? "" : " (" + level + ")");
    }
}
