package io.lb4j;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an instance says of its own load, with an answer or when it is {@linkplain LoadProbe probed}. One client among
 * many sees only its own few calls; what the instance itself sees is worth a multiple of that.
 *
 * <p>The fields are those of ORCA (Open Request Cost Aggregation, {@code xds.data.orca.v3.OrcaLoadReport}), as gRPC and
 * Envoy read them; 0 stands for "not reported", as it does there. Calls in flight and their latency have no field in it
 * and are named metrics: {@value #IN_FLIGHT} and {@value #LATENCY_MS}. Immutable and thread-safe.
 */
public final class LoadReport {
    /** The named metric that says how many calls the instance is working on, queued ones included. */
    public static final String IN_FLIGHT = "in_flight";

    /**
     * The named metric that says how long calls take, in milliseconds: the median of recent ones that arrived when about
     * as many were in flight as now.
     */
    public static final String LATENCY_MS = "latency_ms";

    private static final double NANOS_PER_MILLI = 1e6;

    /** About 300 years, which is all that the clock can measure. */
    private static final double MAX_LATENCY_MS = Long.MAX_VALUE / NANOS_PER_MILLI;

    /** A report has a handful of entries; one with more is no report. */
    private static final int MAX_ENTRIES = 256;

    private final double cpuUtilization;
    private final double memUtilization;
    private final double applicationUtilization;
    private final double rpsFractional;
    private final double eps;
    private final Map<String, Double> utilization;
    private final Map<String, Double> requestCost;
    private final Map<String, Double> namedMetrics;
    private final double inFlight;
    private final double latencyNanos;

    private LoadReport(Builder builder) {
        this.cpuUtilization = builder.cpuUtilization;
        this.memUtilization = builder.memUtilization;
        this.applicationUtilization = builder.applicationUtilization;
        this.rpsFractional = builder.rpsFractional;
        this.eps = builder.eps;
        this.utilization = copy(builder.utilization);
        this.requestCost = copy(builder.requestCost);
        this.namedMetrics = copy(builder.namedMetrics);
        this.inFlight = possible(namedMetrics.get(IN_FLIGHT), Integer.MAX_VALUE);
        this.latencyNanos = possible(namedMetrics.get(LATENCY_MS), MAX_LATENCY_MS) * NANOS_PER_MILLI;
    }

    /** There is nothing in most of them. */
    private static Map<String, Double> copy(Map<String, Double> values) {
        return values.isEmpty() ? Map.of() : Map.copyOf(values);
    }

    /** One value beyond all bounds would spoil the mean over a service for a long time, or for ever if it overflows. */
    private static double possible(@Nullable Double value, double most) {
        return value != null && value >= 0 && value <= most ? value : Double.NaN;
    }

    /** A builder of a report in which nothing is reported. */
    public static Builder builder() {
        return new Builder();
    }

    /** Share of the processors in use; more than 1 beyond what the instance considers its limit; 0 if not reported. */
    public double cpuUtilization() {
        return cpuUtilization;
    }

    /** Share of the memory in use; 0 if not reported. */
    public double memUtilization() {
        return memUtilization;
    }

    /** Share of whatever limits the application in use, as the application sees it; 0 if not reported. */
    public double applicationUtilization() {
        return applicationUtilization;
    }

    /** Calls per second that the instance serves, for all its clients; 0 if not reported. */
    public double rpsFractional() {
        return rpsFractional;
    }

    /** Errors per second among them; 0 if not reported. */
    public double eps() {
        return eps;
    }

    /** Shares of further resources in use, by name; never null. */
    public Map<String, Double> utilization() {
        return utilization;
    }

    /** What this call cost, by resource; never null. */
    public Map<String, Double> requestCost() {
        return requestCost;
    }

    /** Whatever else the instance reports, by name; never null. */
    public Map<String, Double> namedMetrics() {
        return namedMetrics;
    }

    /** How many calls the instance is working on, for all its clients; NaN if not reported, or impossible. */
    public double inFlight() {
        return inFlight;
    }

    /** How long its calls take at about this many in flight, in nanoseconds; NaN if not reported, or impossible. */
    public double latencyNanos() {
        return latencyNanos;
    }

    /**
     * The report as text in the form that follows {@code TEXT} in an {@code endpoint-load-metrics} header:
     * {@code cpu_utilization=0.3,named_metrics.in_flight=4}. Empty if nothing is reported.
     */
    public String toText() {
        StringBuilder text = new StringBuilder(64);
        append(text, "cpu_utilization", cpuUtilization);
        append(text, "mem_utilization", memUtilization);
        append(text, "application_utilization", applicationUtilization);
        append(text, "rps_fractional", rpsFractional);
        append(text, "eps", eps);
        appendAll(text, "utilization.", utilization);
        appendAll(text, "request_cost.", requestCost);
        appendAll(text, "named_metrics.", namedMetrics);
        return text.toString();
    }

    private static void appendAll(StringBuilder text, String prefix, Map<String, Double> values) {
        values.forEach((name, value) ->
                separated(text).append(prefix).append(name).append('=').append(number(value)));
    }

    private static void append(StringBuilder text, String name, double value) {
        if (value != 0) {
            separated(text).append(name).append('=').append(number(value));
        }
    }

    private static StringBuilder separated(StringBuilder text) {
        return text.length() == 0 ? text : text.append(',');
    }

    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? Long.toString((long) value)
                : Double.toString(value);
    }

    /**
     * Reads what {@link #toText} writes. Spaces around entries are allowed, and a colon in place of the equals sign, as
     * servers wrote it for older Envoys; unknown names are skipped: a newer server may report more.
     *
     * @throws IllegalArgumentException if an entry is not {@code name=number}, or there are more than 256
     */
    public static LoadReport parseText(String text) {
        Builder builder = builder();
        int entries = 0;
        int at = 0;
        while (at < text.length()) {
            int comma = text.indexOf(',', at);
            int end = comma < 0 ? text.length() : comma;
            String entry = text.substring(at, end).trim();
            at = end + 1;
            if (entry.isEmpty()) {
                continue;
            }
            if (++entries > MAX_ENTRIES) {
                throw new IllegalArgumentException("load report: more than " + MAX_ENTRIES + " entries");
            }
            int equals = entry.indexOf('=');
            if (equals < 0) {
                equals = entry.indexOf(':');
            }
            if (equals <= 0) {
                throw malformed(entry, null);
            }
            try {
                builder.set(
                        entry.substring(0, equals).trim(),
                        Double.parseDouble(entry.substring(equals + 1).trim()));
            } catch (NumberFormatException e) {
                throw malformed(entry, e);
            }
        }
        return builder.build();
    }

    private static IllegalArgumentException malformed(String entry, @Nullable Throwable cause) {
        String shown = entry.length() > 80 ? entry.substring(0, 80) + "..." : entry;
        return new IllegalArgumentException("load report entry: '" + shown + "' (expected: name=number)", cause);
    }

    @Override
    public String toString() {
        return "LoadReport[" + toText() + "]";
    }

    /** Collects what is reported. Not thread-safe. */
    public static final class Builder {
        private double cpuUtilization;
        private double memUtilization;
        private double applicationUtilization;
        private double rpsFractional;
        private double eps;
        private final Map<String, Double> utilization = new LinkedHashMap<>();
        private final Map<String, Double> requestCost = new LinkedHashMap<>();
        private final Map<String, Double> namedMetrics = new LinkedHashMap<>();

        private Builder() {}

        /** Sets the share of the processors in use; default 0, not reported. */
        public Builder cpuUtilization(double value) {
            this.cpuUtilization = checked("cpuUtilization", value);
            return this;
        }

        /** Sets the share of the memory in use; default 0, not reported. */
        public Builder memUtilization(double value) {
            this.memUtilization = checked("memUtilization", value);
            return this;
        }

        /** Sets the share of the application's own limit in use; default 0, not reported. */
        public Builder applicationUtilization(double value) {
            this.applicationUtilization = checked("applicationUtilization", value);
            return this;
        }

        /** Sets the calls per second; default 0, not reported. */
        public Builder rpsFractional(double value) {
            this.rpsFractional = checked("rpsFractional", value);
            return this;
        }

        /** Sets the errors per second; default 0, not reported. */
        public Builder eps(double value) {
            this.eps = checked("eps", value);
            return this;
        }

        /** Adds the share of a further resource in use. */
        public Builder utilization(String name, double value) {
            utilization.put(named(name), checked("utilization." + name, value));
            return this;
        }

        /** Adds what this call cost of a resource. */
        public Builder requestCost(String name, double value) {
            requestCost.put(named(name), checked("requestCost." + name, value));
            return this;
        }

        /** Adds a named metric. */
        public Builder namedMetric(String name, double value) {
            if (!Double.isFinite(value)) {
                throw new IllegalArgumentException("namedMetrics." + name + ": " + value + " (expected: finite)");
            }
            namedMetrics.put(named(name), value);
            return this;
        }

        /** Sets how many calls the instance is working on; default not reported. */
        public Builder inFlight(double value) {
            namedMetrics.put(IN_FLIGHT, checked(IN_FLIGHT, value));
            return this;
        }

        /** Sets how long calls take at about this many in flight, in nanoseconds; default not reported. */
        public Builder latencyNanos(double value) {
            namedMetrics.put(LATENCY_MS, checked(LATENCY_MS, value) / NANOS_PER_MILLI);
            return this;
        }

        /**
         * Sets the field of this name as it is on the wire: {@code cpu_utilization}, {@code named_metrics.queue} and so
         * on. An unknown name, or a value that a field can't have, is skipped: whoever sent it is not at our mercy.
         *
         * @return whether it was taken
         */
        public boolean set(String name, double value) {
            if (!Double.isFinite(value)) {
                return false;
            }
            int dot = name.indexOf('.');
            if (dot >= 0) {
                return setEntry(name.substring(0, dot), name.substring(dot + 1), value);
            }
            if (value < 0) {
                return false;
            }
            switch (name) {
                case "cpu_utilization" -> cpuUtilization = value;
                case "mem_utilization" -> memUtilization = value;
                case "application_utilization" -> applicationUtilization = value;
                case "rps_fractional" -> rpsFractional = value;
                case "eps" -> eps = value;
                default -> {
                    return false;
                }
            }
            return true;
        }

        private boolean setEntry(String field, String name, double value) {
            if (!isName(name)) {
                return false;
            }
            switch (field) {
                case "named_metrics" -> namedMetrics.put(name, value);
                case "utilization" -> utilization.put(name, value);
                case "request_cost" -> requestCost.put(name, value);
                default -> {
                    return false;
                }
            }
            return true;
        }

        /** Builds the report. */
        public LoadReport build() {
            return new LoadReport(this);
        }

        private static double checked(String name, double value) {
            if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(name + ": " + value + " (expected: >= 0 and finite)");
            }
            return value;
        }

        private static String named(String name) {
            if (!isName(name)) {
                throw new IllegalArgumentException("load report name: '" + name
                        + "' (expected: visible ASCII characters but comma and equals sign)");
            }
            return name;
        }

        /** What a header can carry and the text form can tell apart. */
        private static boolean isName(String name) {
            for (int i = 0; i < name.length(); i++) {
                char c = name.charAt(i);
                if (c <= ' ' || c >= 0x7f || c == ',' || c == '=') {
                    return false;
                }
            }
            return !name.isEmpty();
        }
    }
}
