package io.lb4j.jmh;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Draws picks of one thread as SVG: a line for each library from its time with the fewest instances to that with the
 * most, and a dot at the size in between that a reader may have. Time is on a logarithmic axis.
 */
final class Chart {
    private static final int LABELS = 300;
    private static final int PANEL = 330;
    private static final int GAP = 70;
    private static final int ROW = 15;
    private static final int HEAD = 76;
    private static final int FOOT = 34;
    private static final int WIDTH = LABELS + 2 * PANEL + 2 * GAP;

    /** The size of the dots, or else the next smaller one there is. */
    private static final int TYPICAL = 1_000;

    private static final String STYLE = """
            <style>
              text { font: 11px system-ui, sans-serif; fill: #1f2328 }
              .title { font-size: 15px; font-weight: 600 }
              .policy, .own-name { font-weight: 600 }
              .right { text-anchor: end }
              .middle { text-anchor: middle }
              .range { stroke-width: 2; opacity: 0.55 }
              .back { fill: #ffffff }
              .soft { fill: #59636e }
              .grid { stroke: #d1d9e0 }
              .own { stroke: #0969da; fill: #0969da }
              .peer { stroke: #bc4c00; fill: #bc4c00 }
              .floor { stroke: #59636e; fill: #ffffff }
              @media (prefers-color-scheme: dark) {
                text { fill: #e6edf3 }
                .back { fill: #0d1117 }
                .soft { fill: #9198a1 }
                .grid { stroke: #30363d }
                .own { stroke: #4493f8; fill: #4493f8 }
                .peer { stroke: #f0883e; fill: #f0883e }
                .floor { stroke: #9198a1; fill: #0d1117 }
              }
            </style>
            """;

    private final StringBuilder out = new StringBuilder();
    private final List<Result> results;
    private final double least;
    private final double decades;

    private Chart(List<Result> results) {
        this.results = results;
        double low = results.stream().mapToDouble(Result::score).min().orElse(1);
        double high = results.stream().mapToDouble(Result::score).max().orElse(10);
        least = Math.floor(Math.log10(low));
        decades = Math.max(1, Math.ceil(Math.log10(high)) - least);
    }

    /** The picture, as the text of an SVG file that is readable on light and dark ground. */
    static String of(List<Result> all) {
        return new Chart(all.stream()
                        .filter(r -> r.threads() == 1 && !r.library().equals("lb4j-timed"))
                        .toList())
                .draw();
    }

    private String draw() {
        Map<String, List<Result>> policies = Report.groups(results, Result::policy);
        int rows = policies.values().stream()
                .mapToInt(each -> 1 + Report.groups(each, Result::library).size())
                .sum();
        int height = HEAD + rows * ROW + FOOT;
        line("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\">", WIDTH, height);
        line("<title>Time of a pick, and of a call's bookkeeping, by policy and library</title>");
        out.append(STYLE);
        line("<rect class=\"back\" width=\"%d\" height=\"%d\"/>", WIDTH, height);
        text("title", 16, 24, "Nanoseconds per operation, 1 thread");
        text(
                "soft",
                16,
                42,
                "Line: from the fewest instances to the most (" + sizes() + "). Dot, number: " + count(typical())
                        + " instances, or the most measured below. Logarithmic; left is faster. floor: the cheapest loop written by hand.");
        axis(LABELS, "a pick", height);
        axis(LABELS + PANEL + GAP, "a pick, a start and an end", height);
        int y = HEAD + ROW;
        for (Map.Entry<String, List<Result>> policy : policies.entrySet()) {
            text("policy", 16, y, policy.getKey());
            y += ROW;
            for (Map.Entry<String, List<Result>> library :
                    Report.groups(policy.getValue(), Result::library).entrySet()) {
                text(
                        kind(library.getKey()).equals("own") ? "own-name right" : "right",
                        LABELS - 16,
                        y,
                        library.getKey());
                mark(LABELS, y, "PickBenchmark.pick", library.getValue());
                mark(LABELS + PANEL + GAP, y, "PickBenchmark.call", library.getValue());
                y += ROW;
            }
        }
        line("</svg>");
        return out.toString();
    }

    private void axis(int left, String name, int height) {
        text("policy middle", left + PANEL / 2, HEAD - 18, name);
        for (int decade = 0; decade <= decades; decade++) {
            int x = left + (int) Math.round(decade * PANEL / decades);
            line("<line class=\"grid\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>", x, HEAD, x, height - FOOT + 6);
            String nanos = Report.format(Math.pow(10, least + decade), "").replaceAll("\\.0+$", "");
            text("soft middle", x, HEAD - 4, nanos);
            text("soft middle", x, height - FOOT + 20, nanos);
        }
    }

    private void mark(int left, int y, String benchmark, List<Result> library) {
        TreeMap<Integer, Result> bySize = new TreeMap<>();
        library.stream().filter(r -> r.benchmark().equals(benchmark)).forEach(r -> bySize.put(r.instances(), r));
        if (bySize.isEmpty()) {
            return;
        }
        Map.Entry<Integer, Result> upTo = bySize.floorEntry(typical());
        Result typical = (upTo == null ? bySize.firstEntry() : upTo).getValue();
        double low = bySize.values().stream().mapToDouble(Result::score).min().orElseThrow();
        double high = bySize.values().stream().mapToDouble(Result::score).max().orElseThrow();
        String kind = kind(typical.library());
        int middle = y - 4;
        line(
                "<line class=\"range %s\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>",
                kind, x(left, low), middle, x(left, high), middle);
        line("<circle class=\"%s\" cx=\"%.1f\" cy=\"%d\" r=\"3.5\"/>", kind, x(left, typical.score()), middle);
        line(
                "<text class=\"soft\" x=\"%.1f\" y=\"%d\">%s</text>",
                x(left, high) + 8, y, Report.format(typical.score(), ""));
    }

    private double x(int left, double nanos) {
        return left + (Math.log10(nanos) - least) * PANEL / decades;
    }

    /** The largest size up to the one that is drawn as a dot; the smallest if all are larger. */
    private int typical() {
        return results.stream()
                .mapToInt(Result::instances)
                .filter(size -> size <= TYPICAL)
                .max()
                .orElseGet(
                        () -> results.stream().mapToInt(Result::instances).min().orElse(0));
    }

    private String sizes() {
        List<Integer> sizes = new ArrayList<>(
                results.stream().map(Result::instances).sorted().distinct().toList());
        return sizes.isEmpty() ? "none" : count(sizes.get(0)) + " to " + count(sizes.get(sizes.size() - 1));
    }

    private static String kind(String library) {
        return PickTables.isPeer(library) ? "peer" : library.equals(PickTables.FLOOR) ? "floor" : "own";
    }

    private static String count(int number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    private void text(String style, int x, int y, String text) {
        line("<text class=\"%s\" x=\"%d\" y=\"%d\">%s</text>", style, x, y, text);
    }

    private void line(String format, Object... values) {
        out.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
