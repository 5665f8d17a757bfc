package io.lb4j.server;

import io.lb4j.LoadReport;
import io.lb4j.Ticker;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.DoubleSupplier;

/**
 * How busy this server is: calls in flight, the median latency of recent calls that arrived when about as many were in
 * flight, and calls and errors per second; and whatever else the application measures. With many clients none of them can
 * know that by itself. One for all entrances of a server.
 *
 * <p>{@link LoadReportingFilter} and {@link LoadReportingServletFilter} count the calls of an HTTP server and add the
 * report to every answer, {@link LoadProbeHandler} gives it to whoever asks. Any other server does the same with
 * {@link #start}, {@link Call#end} and {@link #report}.
 *
 * <p>Thread-safe and lock-free; a call costs one small object and two looks at the clock, a report about a microsecond.
 * Algorithm: Wydrowski et al., "Load is not what you should balance: introducing Prequal", NSDI 2024.
 */
public final class LoadReporter {
    /** The header that carries a report, as Envoy and gRPC know it. */
    public static final String HEADER = "endpoint-load-metrics";

    private static final Duration GAUGE_INTERVAL = Duration.ofMillis(100);

    private final Ticker ticker;
    private final Format format;
    private final Gauges gauges;
    private final Latencies latencies;
    private final Rates rates;
    private final AtomicInteger inFlight = new AtomicInteger();

    /** How a report is spelled in a header. Clients of this library read both, and so does Envoy. */
    public enum Format {
        /** {@code TEXT cpu_utilization=0.3,named_metrics.in_flight=4}. */
        TEXT,
        /** <code>JSON {"cpu_utilization":0.3,"named_metrics":{"in_flight":4}}</code>. */
        JSON
    }

    private LoadReporter(Builder builder) {
        this.ticker = builder.ticker;
        this.format = builder.format;
        this.gauges = new Gauges(builder.gauges, builder.gaugeInterval.toNanos());
        long now = ticker.nanos();
        this.latencies = new Latencies(now);
        this.rates = new Rates(now);
    }

    /** A reporter that reports calls, errors and latency, as text. */
    public static LoadReporter create() {
        return builder().build();
    }

    /** A builder with every setting at its default. */
    public static Builder builder() {
        return new Builder();
    }

    /** A call arrives. Whoever starts it has to {@linkplain Call#end end} it. */
    public Call start() {
        return new Call(this, inFlight.getAndIncrement(), ticker.nanos());
    }

    /** How many calls have started and not ended. */
    public int inFlight() {
        return inFlight.get();
    }

    /** How busy this server is now. */
    public LoadReport report() {
        return report(inFlight.get());
    }

    /** The report as the value of a {@value #HEADER} header. */
    public String header() {
        return text(report());
    }

    private LoadReport report(int others) {
        long now = ticker.nanos();
        LoadReport.Builder report = LoadReport.builder();
        gauges.addTo(report, now);
        Rates.Reading rate = rates.read(now);
        report.rpsFractional(rounded(rate.calls(), 1e3)).eps(rounded(rate.errors(), 1e3));
        report.inFlight(others);
        double latency = latencies.median(others, now);
        if (!Double.isNaN(latency)) {
            report.namedMetric(LoadReport.LATENCY_MS, rounded(latency / 1e6, 1e4));
        }
        return report.build();
    }

    private String text(LoadReport report) {
        return format == Format.TEXT ? "TEXT " + report.toText() : "JSON " + JsonReport.write(report);
    }

    /** Digits that mean nothing would make half of the header. */
    private static double rounded(double value, double scale) {
        return Math.round(value * scale) / scale;
    }

    private void ended(Call call, boolean ok) {
        long now = ticker.nanos();
        // Its place is free before its latency is known: a report in between is right about both.
        inFlight.getAndDecrement();
        latencies.record(call.others, now - call.startNanos, now);
        rates.count(ok, now);
    }

    @Override
    public String toString() {
        return "LoadReporter[" + inFlight + " in flight, " + format + ", gauges " + gauges + "]";
    }

    /** One call that the server is working on. Thread-safe. */
    public static final class Call {
        private static final VarHandle ENDED;

        static {
            try {
                ENDED = MethodHandles.lookup().findVarHandle(Call.class, "ended", boolean.class);
            } catch (ReflectiveOperationException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        private final LoadReporter reporter;
        private final int others;
        private final long startNanos;

        @SuppressWarnings("unused") // by VarHandle
        private boolean ended;

        private Call(LoadReporter reporter, int others, long startNanos) {
            this.reporter = reporter;
            this.others = others;
            this.startNanos = startNanos;
        }

        /**
         * The server is done with the call. Counts once; later ends do nothing.
         *
         * @param ok false if the server failed, and not if the caller was told that it asked for something wrong
         * @return whether this was the end that counted
         */
        public boolean end(boolean ok) {
            if (!ENDED.compareAndSet(this, false, true)) {
                return false;
            }
            reporter.ended(this, ok);
            return true;
        }

        /** How busy the server is beside this call, which is about to be answered: what the next one would find. */
        public LoadReport report() {
            int all = reporter.inFlight.get();
            return reporter.report(Math.max(0, (boolean) ENDED.getVolatile(this) ? all : all - 1));
        }

        /** That report as the value of a {@value LoadReporter#HEADER} header. */
        public String header() {
            return reporter.text(report());
        }

        @Override
        public String toString() {
            return "Call[" + others + " others at its arrival, "
                    + ((boolean) ENDED.getVolatile(this) ? "ended" : "in flight") + "]";
        }
    }

    /** Collects the settings of a {@link LoadReporter}. Not thread-safe. */
    public static final class Builder {
        private final List<Gauges.Gauge> gauges = new ArrayList<>();
        private Format format = Format.TEXT;
        private Duration gaugeInterval = GAUGE_INTERVAL;
        private Ticker ticker = Ticker.system();

        private Builder() {}

        /**
         * Sets where the share of the processors in use comes from, 0 to 1 or more; default nowhere. This and the other
         * measures are asked on the threads that make reports, at most once per {@link #gaugeInterval}; one that throws,
         * or returns NaN or less than 0, is left out.
         */
        public Builder cpuUtilization(DoubleSupplier value) {
            return gauge("cpu_utilization", value);
        }

        /** Sets where the share of the memory in use comes from; default nowhere. */
        public Builder memUtilization(DoubleSupplier value) {
            return gauge("mem_utilization", value);
        }

        /**
         * Sets where the share of whatever limits the application comes from, for example of its worker threads; default
         * nowhere. Clients that weigh servers by utilisation prefer it to that of the processors.
         */
        public Builder applicationUtilization(DoubleSupplier value) {
            return gauge("application_utilization", value);
        }

        /**
         * Adds the share of a further resource in use.
         *
         * @throws IllegalArgumentException if the name is empty or not of visible ASCII characters other than comma and
         *     equals sign
         */
        public Builder utilization(String name, DoubleSupplier value) {
            return gauge("utilization." + name, value);
        }

        /**
         * Adds any other measure, which may be negative.
         *
         * @throws IllegalArgumentException if the name is empty, not of visible ASCII characters other than comma and
         *     equals sign, or one of those that are reported anyway
         */
        public Builder namedMetric(String name, DoubleSupplier value) {
            if (name.equals(LoadReport.IN_FLIGHT) || name.equals(LoadReport.LATENCY_MS)) {
                throw new IllegalArgumentException("name: " + name + " (expected: one that the reporter does not use)");
            }
            return gauge("named_metrics." + name, value);
        }

        private Builder gauge(String name, DoubleSupplier value) {
            Objects.requireNonNull(value, name);
            if (!LoadReport.builder().set(name, 0)) {
                throw new IllegalArgumentException(
                        "name: '" + name + "' (expected: visible ASCII characters but comma and equals sign)");
            }
            gauges.removeIf(each -> each.name.equals(name));
            gauges.add(new Gauges.Gauge(name, value));
            return this;
        }

        /**
         * Sets how old the application's own measures may be before they are asked again; default 100 ms.
         *
         * @throws IllegalArgumentException if negative
         */
        public Builder gaugeInterval(Duration value) {
            if (value.isNegative()) {
                throw new IllegalArgumentException("gaugeInterval: " + value + " (expected: >= 0)");
            }
            this.gaugeInterval = value;
            return this;
        }

        /** Sets how reports are spelled; default {@link Format#TEXT}. */
        public Builder format(Format value) {
            this.format = Objects.requireNonNull(value, "format");
            return this;
        }

        /** Sets the clock; default the system's. */
        public Builder ticker(Ticker value) {
            this.ticker = Objects.requireNonNull(value, "ticker");
            return this;
        }

        /** Makes the reporter. */
        public LoadReporter build() {
            return new LoadReporter(this);
        }
    }
}
