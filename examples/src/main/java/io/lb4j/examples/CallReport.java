package io.lb4j.examples;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.lb4j.balancer.InstanceReport;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/** What {@link Call} saw: written by the calling threads, read after {@link #finish}. */
final class CallReport {
    /** Different error messages to keep; the rest are counted as "other". */
    private static final int MAX_ERRORS = 20;

    /** One instance's part: what it is, {@code state} "GONE" once discovery has dropped it, and what it got. */
    private record Row(String id, String address, String state, String reason, Meter.Gauge gauge) {}

    private final Meter meter;
    private final Latencies latencies = new Latencies();
    private final Map<Integer, LongAdder> statuses = new ConcurrentHashMap<>();
    private final Map<String, LongAdder> errors = new ConcurrentHashMap<>();
    private volatile String lastBody = "";
    private long startNanos;
    private long endNanos;
    private String service = "";
    private Map<String, Row> rows = Map.of();

    CallReport(Meter meter) {
        this.meter = meter;
    }

    /** The calls begin. */
    void start() {
        startNanos = System.nanoTime();
    }

    /** Waits until this long after {@link #start}. */
    void awaitNanos(long nanos) {
        long left = startNanos + nanos - System.nanoTime();
        while (left > 0) {
            LockSupport.parkNanos(left);
            left = startNanos + nanos - System.nanoTime();
        }
    }

    /** A call was answered, with whatever status. */
    void answered(int status, String body, long nanos) {
        lastBody = body;
        statuses.computeIfAbsent(status, any -> new LongAdder()).increment();
        latencies.record(nanos);
    }

    /** A call ended without an answer. */
    void failed(Exception error, long nanos) {
        String text = error.getClass().getSimpleName() + ": " + error.getMessage();
        errors.computeIfAbsent(errors.size() < MAX_ERRORS ? text : "other", any -> new LongAdder())
                .increment();
        latencies.record(nanos);
    }

    /** The calls are over, and this is how the balancer sees its instances. */
    void finish(String name, List<InstanceReport> instances) {
        endNanos = System.nanoTime();
        service = name;
        rows = new TreeMap<>();
        meter.gauges().forEach((id, gauge) -> rows.put(id, new Row(id, "", "GONE", "", gauge)));
        for (InstanceReport each : instances) {
            String id = each.instance().id();
            rows.put(id, new Row(id, each.instance().authority(), each.state().name(), each.reason(), meter.gauge(id)));
        }
    }

    /** Calls without an answer or with a 5xx one. */
    long failedCalls() {
        return sum(errors)
                + statuses.entrySet().stream()
                        .filter(each -> each.getKey() >= 500)
                        .mapToLong(each -> each.getValue().sum())
                        .sum();
    }

    String lastBody() {
        return lastBody;
    }

    /** For a single call. */
    String oneLine() {
        String ending = statuses.isEmpty() ? String.join("", errors.keySet()) : "status " + keys(statuses);
        String where = rows.values().stream()
                .filter(row -> row.gauge().attempts() > 0)
                .map(Row::id)
                .collect(Collectors.joining(", "));
        return String.format(
                Locale.ROOT,
                "%s, by %s, in %.1f ms",
                ending,
                where.isEmpty() ? "no instance" : where,
                latencies.snapshot().percentileMillis(100));
    }

    /** For people. */
    String text() {
        Latencies.Snapshot times = latencies.snapshot();
        double seconds = (endNanos - startNanos) / 1e9;
        StringBuilder text = new StringBuilder(1024);
        line(
                text,
                "%d calls to %s in %.1f s (%.0f/s) by %s",
                times.count(),
                service,
                seconds,
                times.count() / seconds,
                meter);
        line(text, "%d failed calls", failedCalls());
        line(
                text,
                "p50 %.1f ms, p99 %.1f ms, longest %.1f ms",
                times.percentileMillis(50),
                times.percentileMillis(99),
                times.percentileMillis(100));
        new TreeMap<>(statuses).forEach((status, count) -> line(text, "  status %-40d %8d", status, count.sum()));
        new TreeMap<>(errors).forEach((error, count) -> line(text, "  %-47s %8d", error, count.sum()));
        long attempts =
                rows.values().stream().mapToLong(row -> row.gauge().attempts()).sum();
        line(text, "");
        line(
                text,
                "%-22s %9s %6s %9s %9s %9s  %s",
                "instance",
                "attempts",
                "share",
                "failures",
                "p50 ms",
                "p99 ms",
                "state");
        for (Row row : rows.values()) {
            Latencies.Snapshot own = row.gauge().latencies();
            line(
                    text,
                    "%-22s %9d %5.1f%% %9d %9.1f %9.1f  %s",
                    row.id(),
                    row.gauge().attempts(),
                    100.0 * row.gauge().attempts() / Math.max(1, attempts),
                    row.gauge().failures(),
                    own.percentileMillis(50),
                    own.percentileMillis(99),
                    row.state() + (row.reason().isEmpty() ? "" : ": " + row.reason()));
        }
        return text.toString();
    }

    /** For programs: times in milliseconds. */
    String json() {
        Latencies.Snapshot times = latencies.snapshot();
        ObjectNode root = new ObjectMapper().createObjectNode();
        root.put("service", service)
                .put("strategy", meter.toString())
                .put("calls", times.count())
                .put("failedCalls", failedCalls())
                .put("seconds", (endNanos - startNanos) / 1e9);
        percentiles(root, times);
        ObjectNode byStatus = root.putObject("statuses");
        new TreeMap<>(statuses).forEach((status, count) -> byStatus.put(String.valueOf(status), count.sum()));
        ObjectNode byError = root.putObject("errors");
        new TreeMap<>(errors).forEach((error, count) -> byError.put(error, count.sum()));
        ArrayNode instances = root.putArray("instances");
        for (Row row : rows.values()) {
            ObjectNode each = instances
                    .addObject()
                    .put("id", row.id())
                    .put("address", row.address())
                    .put("state", row.state())
                    .put("reason", row.reason())
                    .put("attempts", row.gauge().attempts())
                    .put("failures", row.gauge().failures());
            percentiles(each, row.gauge().latencies());
        }
        return root.toPrettyString() + System.lineSeparator();
    }

    private static void percentiles(ObjectNode node, Latencies.Snapshot times) {
        node.put("p50", times.percentileMillis(50)).put("p99", times.percentileMillis(99));
    }

    private static long sum(Map<?, LongAdder> counts) {
        return counts.values().stream().mapToLong(LongAdder::sum).sum();
    }

    private static String keys(Map<?, LongAdder> counts) {
        return counts.keySet().stream().map(String::valueOf).collect(Collectors.joining(", "));
    }

    private static void line(StringBuilder text, String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values)).append(System.lineSeparator());
    }
}
