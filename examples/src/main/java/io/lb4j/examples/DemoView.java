package io.lb4j.examples;

import io.lb4j.balancer.InstanceReport;
import io.lb4j.balancer.LoadBalancer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * What the {@link Demo} shows: how the calls of the last two seconds were shared, and what is happening. Knows nothing
 * of terminals. Used by one thread.
 */
final class DemoView {
    /** How far back shares and latencies look, in samples. */
    private static final int SAMPLES = 8;

    private static final int BAR = 14;
    private static final int WIDTH = 79;

    /** What had been counted of one instance at one moment. */
    private record Count(long attempts, Latencies.Snapshot times) {
        static final Count NONE = new Count(0, new Latencies().snapshot());
    }

    /** One line of the table. */
    private record Row(String name, double share, int inFlight, Latencies.Snapshot times, String state, Style style) {}

    private final LoadBalancer balancer;
    private final Meter meter;
    private final Set<String> everSeen = new LinkedHashSet<>();
    private final ArrayDeque<Map<String, Count>> samples = new ArrayDeque<>();
    private List<Row> rows = List.of();

    DemoView(LoadBalancer balancer, Meter meter) {
        this.balancer = balancer;
        this.meter = meter;
    }

    /** Looks again; to be called four times a second. */
    void sample() {
        Map<String, InstanceReport> present = new HashMap<>();
        for (InstanceReport each : balancer.instances()) {
            present.put(each.instance().id(), each);
            everSeen.add(each.instance().id());
        }
        Map<String, Count> now = new HashMap<>();
        for (String name : everSeen) {
            Meter.Gauge gauge = meter.gauge(name);
            now.put(name, new Count(gauge.attempts(), gauge.latencies()));
        }
        samples.addLast(now);
        if (samples.size() > SAMPLES + 1) {
            samples.removeFirst();
        }
        Map<String, Count> then = samples.getFirst();
        long all = everSeen.stream()
                .mapToLong(name -> attempts(now, name) - attempts(then, name))
                .sum();
        List<Row> next = new ArrayList<>();
        for (String name : everSeen) {
            InstanceReport report = present.get(name);
            next.add(new Row(
                    name,
                    (attempts(now, name) - attempts(then, name)) / (double) Math.max(1, all),
                    report == null ? 0 : report.inFlight(),
                    count(now, name).times().since(count(then, name).times()),
                    report == null ? "gone: its lease ran out" : state(report),
                    report == null ? Style.DIM : style(report)));
        }
        rows = next;
    }

    private static Count count(Map<String, Count> sample, String name) {
        return sample.getOrDefault(name, Count.NONE);
    }

    private static long attempts(Map<String, Count> sample, String name) {
        return count(sample, name).attempts();
    }

    /** The share of the attempts of the last two seconds that went to this instance, 0 to 1. */
    double share(String name) {
        return rows.stream()
                .filter(row -> row.name().equals(name))
                .mapToDouble(Row::share)
                .findFirst()
                .orElse(0);
    }

    private static String state(InstanceReport report) {
        return switch (report.state()) {
            case ELIGIBLE -> {
                double ramp = report.weight() / report.instance().weight();
                yield ramp < 0.995 ? String.format(Locale.ROOT, "warming up, %.0f %%", 100 * ramp) : "in rotation";
            }
            case EJECTED -> "ejected: " + report.reason();
            case UNHEALTHY -> "unhealthy: " + report.reason();
            default -> report.state().name().toLowerCase(Locale.ROOT).replace('_', ' ');
        };
    }

    private static Style style(InstanceReport report) {
        return switch (report.state()) {
            case ELIGIBLE -> report.weight() < report.instance().weight() ? Style.YELLOW : Style.GREEN;
            case EJECTED, UNHEALTHY -> Style.RED;
            default -> Style.DIM;
        };
    }

    /** The table, at most 79 columns wide. */
    List<String> table(boolean colours) {
        List<String> lines = new ArrayList<>();
        String head = String.format(
                "  %-8s %-" + BAR + "s %4s %9s %6s %6s  %s",
                "instance",
                "share of calls",
                "",
                "in flight",
                "p50 ms",
                "p99 ms",
                "state");
        lines.add(Style.DIM.of(head, colours));
        for (Row row : rows) {
            int filled = (int) Math.round(BAR * row.share());
            String name = String.format("  %-8s ", cut(row.name(), 8));
            String bar = row.style().of("█".repeat(filled), colours) + Style.DIM.of("░".repeat(BAR - filled), colours);
            String numbers = String.format(
                    Locale.ROOT,
                    " %3.0f%% %9d %6s %6s  ",
                    100 * row.share(),
                    row.inFlight(),
                    millis(row.times(), 50),
                    millis(row.times(), 99));
            String state = cut(row.state(), WIDTH - name.length() - BAR - numbers.length());
            lines.add(name + bar + numbers + row.style().of(state, colours));
        }
        return lines;
    }

    /** The table in one line, for where it can't be redrawn. */
    String oneLine() {
        StringBuilder text = new StringBuilder(80);
        for (Row row : rows) {
            boolean plain = row.state().equals("in rotation");
            text.append(String.format(
                    Locale.ROOT,
                    "%s%s %.0f%%%s",
                    text.isEmpty() ? "" : ", ",
                    row.name(),
                    100 * row.share(),
                    plain ? "" : " (" + row.state().replaceFirst(":.*", "") + ")"));
        }
        return text.toString();
    }

    private static String millis(Latencies.Snapshot times, double percent) {
        return times.count() == 0 ? "-" : String.format(Locale.ROOT, "%.0f", times.percentileMillis(percent));
    }

    private static String cut(String text, int columns) {
        return text.length() <= columns ? text : text.substring(0, columns - 1) + "…";
    }

    /** How text stands out on a terminal. */
    enum Style {
        GREEN(32),
        YELLOW(33),
        RED(31),
        BOLD(1),
        DIM(2);

        private final int code;

        Style(int code) {
            this.code = code;
        }

        /** The text in this style, or as it is if there are to be no colours. */
        String of(String text, boolean colours) {
            return colours && !text.isEmpty() ? "\033[" + code + "m" + text + "\033[0m" : text;
        }
    }
}
