package io.lb4j.server;

import io.lb4j.LoadReport;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What the application measures itself. Asked at most once per interval, since reading the processors' load costs more
 * than everything else in a report, and reports are made with every answer. Thread-safe.
 */
final class Gauges {
    private static final System.Logger LOG = System.getLogger(Gauges.class.getName());

    private final List<Gauge> gauges;
    private final long intervalNanos;
    private final AtomicBoolean reading = new AtomicBoolean();

    /** Replaced by the thread that set {@link #reading}; null before the first time. */
    private volatile @Nullable Readings last;

    private record Readings(List<Double> values, long nanos) {}

    Gauges(List<Gauge> gauges, long intervalNanos) {
        this.gauges = new ArrayList<>(gauges);
        this.intervalNanos = intervalNanos;
    }

    void addTo(LoadReport.Builder report, long nowNanos) {
        if (gauges.isEmpty()) {
            return;
        }
        Readings current = current(nowNanos);
        for (int i = 0; current != null && i < current.values.size(); i++) {
            report.set(gauges.get(i).name, current.values.get(i));
        }
    }

    private @Nullable Readings current(long nowNanos) {
        Readings known = last;
        if (known != null && nowNanos - known.nanos < intervalNanos) {
            return known;
        }
        // One thread asks; the others go on with what was known, for whatever is asked may be slow.
        if (!reading.compareAndSet(false, true)) {
            return known;
        }
        try {
            Readings next = new Readings(gauges.stream().map(Gauge::read).toList(), nowNanos);
            last = next;
            return next;
        } finally {
            reading.set(false);
        }
    }

    @Override
    public String toString() {
        Readings known = last;
        return gauges.stream().map(each -> each.name).toList() + (known == null ? "" : "=" + known.values);
    }

    /** One measure of the application's, under the name it has in a report. */
    static final class Gauge {
        final String name;
        private final DoubleSupplier value;
        private final AtomicBoolean complained = new AtomicBoolean();

        Gauge(String name, DoubleSupplier value) {
            this.name = name;
            this.value = value;
        }

        /** The value, or NaN, which no report takes. */
        double read() {
            try {
                double now = value.getAsDouble();
                // The JDK's own measures say -1 or NaN while they know nothing yet; a report is sent without them.
                return now >= 0 || name.startsWith("named_metrics.") ? now : Double.NaN;
            } catch (Throwable e) {
                // Whatever it is, the answer that would have carried the value is not to blame for it.
                if (complained.compareAndSet(false, true)) {
                    LOG.log(
                            System.Logger.Level.WARNING,
                            "load report: the measure " + name
                                    + " threw (expected: never); reports go without it, and this is said once",
                            e);
                }
                return Double.NaN;
            }
        }
    }
}
