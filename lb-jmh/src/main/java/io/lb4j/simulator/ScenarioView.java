package io.lb4j.simulator;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiConsumer;

/** What a report shows of one scenario: pictures of those that matter, and a table of all. */
final class ScenarioView {
    private static final List<String> COLOURS =
            List.of("#cf4b00", "#1a7f37", "#a03fa8", "#b08800", "#0e8a9c", "#e0529c");
    private static final String DEFAULT = "default";
    private static final int OTHERS = 3;
    private static final int STRIPS = 3;

    private final String name;
    private final List<Result> all;
    private final League league;
    private final Map<Result, Plot.Pen> drawn = new LinkedHashMap<>();

    ScenarioView(String name, List<Result> all, League league) {
        this.name = name;
        this.all = all;
        this.league = league;
        for (Result result : all) {
            if ((drawn.isEmpty() && !result.bound()) || result.algorithm().equals(DEFAULT)) {
                draw(result);
            }
        }
        all.stream()
                .filter(result -> !result.bound())
                .sorted(Comparator.comparingInt(this::rank).thenComparingDouble(League::time))
                .filter(result -> !drawn.containsKey(result))
                .limit(OTHERS)
                .forEach(this::draw);
        // What a user who thinks nothing of it would have, to tell how much there is to win.
        all.stream()
                .filter(result -> result.algorithm().equals("random") && !drawn.containsKey(result))
                .forEach(this::draw);
        int bounds = 0;
        for (Result result : all) {
            if (result.bound()) {
                drawn.put(result, new Plot.Pen("#57606a", 1.4, bounds++ == 0 ? "6 3" : "2 3"));
            }
        }
    }

    private void draw(Result result) {
        drawn.put(
                result,
                result.algorithm().equals(DEFAULT)
                        ? new Plot.Pen("#0969da", 2.4, "")
                        : new Plot.Pen(COLOURS.get(drawn.size() % COLOURS.size()), 1.6, ""));
    }

    private int rank(Result result) {
        return league.cell(result.algorithm(), name).rank();
    }

    String html(String anchor) {
        StringBuilder out = new StringBuilder();
        out.append("<section id=\"")
                .append(anchor)
                .append("\"><h2>")
                .append(Page.escaped(name))
                .append("</h2><p class=\"soft\">Best: ")
                .append(Page.escaped(String.join(", ", league.winners(name))))
                .append(".</p><p class=\"legend\">");
        drawn.forEach((result, pen) -> out.append("<span>")
                .append(pen.sample())
                .append(Page.escaped(result.algorithm()))
                .append(result.bound() ? " (bound)" : "")
                .append("</span>"));
        out.append("</p><div class=\"grid2\">");
        figure(out, "99th percentile of the calls that start at a time", overTime("99th percentile", Course::p99));
        figure(out, "Median of the calls that start at a time", overTime("median", Course::p50));
        figure(out, "Calls answered within a time, against the bounds", within());
        figure(out, "Share of the attempts that each server gets, a dot per server", shares());
        if (drawn.keySet().stream().anyMatch(result -> result.success() < 0.9999)) {
            figure(out, "Calls that fail, by the time at which they start", failures());
        }
        strips(out);
        out.append("</div>");
        table(out);
        return out.append("</section>").toString();
    }

    private static void figure(StringBuilder out, String caption, String svg) {
        out.append("<figure><figcaption>")
                .append(caption)
                .append("</figcaption>")
                .append(svg)
                .append("</figure>");
    }

    private interface OverTime {
        double at(Course course, int slice);
    }

    private Axis clock() {
        Course any = all.get(0).course();
        return Axis.seconds("time since the start", any.sliceSeconds() * Course.SLICES);
    }

    /** From the least to the most of what is drawn. */
    private Axis latencies(String label, List<Double> values) {
        double least =
                values.stream().filter(value -> value > 0).min(Double::compare).orElse(0.001);
        double most =
                values.stream().filter(value -> value > 0).max(Double::compare).orElse(1.0);
        return Axis.times(label, least, most);
    }

    private String overTime(String what, OverTime value) {
        List<Double> values = new ArrayList<>();
        for (Result result : drawn.keySet()) {
            for (int i = 0; i < Course.SLICES; i++) {
                values.add(value.at(result.course(), i));
            }
        }
        Plot plot = new Plot(what + " over time", clock(), latencies("latency, " + what, values), 250);
        shadeWarmUp(plot);
        last((pen, result) -> plot.line(
                pen,
                result.algorithm(),
                Course.SLICES,
                i -> (i + 0.5) * result.course().sliceSeconds(),
                i -> value.at(result.course(), i)));
        return plot.svg();
    }

    private void shadeWarmUp(Plot plot) {
        plot.shade(0, all.get(0).course().warmUpSeconds(), "warming up, not counted");
    }

    /** Bounds first and the default last, on top of the others. */
    private void last(BiConsumer<Plot.Pen, Result> each) {
        drawn.entrySet().stream()
                .sorted(Comparator.comparingInt((Map.Entry<Result, Plot.Pen> entry) ->
                        entry.getKey().bound() ? 0 : entry.getKey().algorithm().equals(DEFAULT) ? 2 : 1))
                .forEach(entry -> each.accept(entry.getValue(), entry.getKey()));
    }

    private String failures() {
        double most = 0.001;
        for (Result result : drawn.keySet()) {
            for (int i = 0; i < Course.SLICES; i++) {
                most = Math.max(most, result.course().failed(i));
            }
        }
        double step = Math.pow(10, Math.floor(Math.log10(most)));
        step = most / step > 5 ? step * 2 : most / step > 2 ? step : step / 2;
        List<Double> ticks = new ArrayList<>();
        for (int i = 0; i * step < most + step; i++) {
            ticks.add(i * step);
        }
        Axis share = new Axis(
                "failed calls",
                Axis.Scale.LINEAR,
                0,
                ticks.get(ticks.size() - 1),
                ticks,
                value -> Axis.number(100 * value) + " %");
        Plot plot = new Plot("failed calls over time", clock(), share, 220);
        shadeWarmUp(plot);
        last((pen, result) -> plot.line(
                pen,
                result.algorithm(),
                Course.SLICES,
                i -> (i + 0.5) * result.course().sliceSeconds(),
                i -> result.course().failed(i)));
        return plot.svg();
    }

    private String within() {
        List<Double> values = new ArrayList<>();
        int shares = Course.SHARES.size();
        for (Result result : drawn.keySet()) {
            for (int i = 0; i < shares; i++) {
                values.add(result.course().within(i));
            }
        }
        Plot plot = new Plot(
                "share of calls answered within a time",
                latencies("latency", values),
                Axis.shares("share of calls within"),
                250);
        last((pen, result) ->
                plot.line(pen, result.algorithm(), shares, i -> result.course().within(i), Course.SHARES::get));
        return plot.svg();
    }

    /** A row for each algorithm, a dot for each server. */
    private String shares() {
        double most = 2;
        for (Result result : drawn.keySet()) {
            for (Course.Crowd crowd : result.course().crowds()) {
                most = Math.max(most, share(result, crowd));
            }
        }
        List<Double> ticks = new ArrayList<>();
        double step = most > 20 ? 10 : most > 10 ? 5 : most > 5 ? 2 : most > 3 ? 1 : 0.5;
        for (int i = 0; i * step < most + step; i++) {
            ticks.add(i * step);
        }
        List<Map.Entry<Result, Plot.Pen>> rows = new ArrayList<>(drawn.entrySet());
        List<Double> places = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            places.add((double) rows.size() - i);
        }
        Axis names = new Axis("", Axis.Scale.LINEAR, 0.3, rows.size() + 0.7, places, value -> "");
        Plot plot = new Plot(
                "share of attempts per server",
                new Axis(
                        "share of the attempts, in terms of an equal share",
                        Axis.Scale.LINEAR,
                        0,
                        ticks.get(ticks.size() - 1),
                        ticks,
                        value -> Axis.number(value) + "×"),
                names,
                250,
                180);
        for (int i = 0; i < rows.size(); i++) {
            Result result = rows.get(i).getKey();
            String colour = rows.get(i).getValue().colour();
            double row = places.get(i);
            Map<Double, List<String>> dots = new LinkedHashMap<>();
            for (Course.Crowd crowd : result.course().crowds()) {
                dots.computeIfAbsent(Math.round(share(result, crowd) * 100) / 100.0, at -> new ArrayList<>())
                        .add(crowd.id());
            }
            plot.label(row, result.algorithm());
            dots.forEach((at, ids) -> plot.dot(
                    colour + (ids.size() > 2 ? "" : "b0"),
                    at,
                    row,
                    (ids.size() > 3 ? ids.size() + " servers" : String.join(", ", ids)) + ": " + Axis.number(at)
                            + "×"));
        }
        return plot.svg();
    }

    private static double share(Result result, Course.Crowd crowd) {
        long sum = result.course().crowds().stream()
                .mapToLong(Course.Crowd::attempts)
                .sum();
        return sum == 0
                ? 0
                : (double) crowd.attempts() * result.course().crowds().size() / sum;
    }

    /** Of the first ones drawn, and of the bound for whoever decides at once. */
    private void strips(StringBuilder out) {
        List<Result> some = new ArrayList<>(drawn.keySet().stream()
                .filter(result -> !result.bound())
                .limit(STRIPS)
                .toList());
        drawn.keySet().stream().filter(Result::bound).findFirst().ifPresent(some::add);
        // The most crowded cells all get the darkest colour, lest one of them make all others pale.
        double[] sorted = some.stream()
                .flatMap(result -> result.course().crowds().stream())
                .flatMap(crowd -> crowd.inFlight().stream())
                .mapToDouble(value -> value)
                .filter(value -> !Double.isNaN(value))
                .sorted()
                .toArray();
        double top = sorted.length == 0 ? 1 : Math.max(1, sorted[(int) (0.995 * (sorted.length - 1))]);
        for (Result result : some) {
            int servers = result.course().crowds().size();
            figure(
                    out,
                    "Calls in flight per server: " + Page.escaped(result.algorithm())
                            + (servers > HeatStrip.MOST_ROWS
                                    ? ", the " + HeatStrip.MOST_ROWS + " of " + servers + " that change most"
                                    : "")
                            + HeatStrip.legend(top),
                    HeatStrip.svg(result.course(), top));
        }
    }

    private void table(StringBuilder out) {
        out.append("<details><summary>All ")
                .append(all.size())
                .append(" in figures</summary><table><tr><th>algorithm</th><th>rank</th><th>success</th><th>mean</th>")
                .append("<th>p50</th><th>p99</th><th>p99.9</th><th>attempts per call</th><th>busiest / mean</th></tr>");
        for (Result result : all) {
            int rank = rank(result);
            out.append(String.format(
                    Locale.ROOT,
                    "<tr%s><td>%s</td><td>%s</td><td>%.2f %%</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td>"
                            + "<td>%.3f</td><td>%.2f</td></tr>",
                    Page.rowClass(result.algorithm(), result.bound()),
                    Page.escaped(result.algorithm()),
                    rank == 0 ? "bound" : Integer.toString(rank),
                    100 * result.success(),
                    Axis.time(result.mean().toNanos() / 1e9),
                    Axis.time(result.p50().toNanos() / 1e9),
                    Axis.time(result.p99().toNanos() / 1e9),
                    Axis.time(result.p999().toNanos() / 1e9),
                    result.attemptsPerCall(),
                    result.imbalance()));
        }
        out.append("</table></details>");
    }
}
