package io.lb4j.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A report as one HTML file that needs nothing else. */
final class Page {
    private static final String HEAD = """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <title>Simulation</title>
            <style>
              body { font: 14px/1.45 system-ui, sans-serif; color: #1f2328; background: #fff; margin: 0 auto; max-width: 1240px; padding: 0 20px 60px }
              h1 { font-size: 24px; margin: 28px 0 4px } h2 { font-size: 19px; margin: 44px 0 2px; border-top: 1px solid #d1d9e0; padding-top: 18px }
              .soft { color: #59636e } p { margin: 4px 0 } a { color: #0969da; text-decoration: none }
              table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 10px 0 }
              th, td { padding: 3px 9px; text-align: right; border-bottom: 1px solid #eaeef2; white-space: nowrap }
              th { font-weight: 600; color: #59636e; vertical-align: bottom; white-space: normal; max-width: 170px } th:first-child, td:first-child, .left { text-align: left } td.left { white-space: normal; min-width: 130px }
              tr.own td { background: #eef6ff; font-weight: 600 } tr.bound td { color: #59636e; font-style: italic }
              .scroll { overflow-x: auto } .matrix td { padding: 2px 6px; font-size: 12px } .matrix th.up { height: 190px; padding: 0 }
              .matrix th.up div { width: 30px; text-align: left; writing-mode: vertical-rl; transform: rotate(180deg); font-size: 12px; font-weight: 400 }
              .grid2 { display: grid; grid-template-columns: repeat(auto-fit, minmax(440px, 1fr)); gap: 12px 28px }
              figure { margin: 10px 0 0 } figcaption { font-weight: 600; font-size: 13px } figure > svg { width: 100%; display: block }
              svg text { font: 11px system-ui, sans-serif; fill: #1f2328 } svg text.soft { fill: #59636e }
              text.m { text-anchor: middle } text.e { text-anchor: end } path.grid { stroke: #e4e8ec; fill: none } rect.shade { fill: #afb8c1; opacity: .18 }
              .legend { margin: 8px 0; position: sticky; top: 0; background: #fffffff0; padding: 5px 0; z-index: 1 } .legend span { margin-right: 18px; white-space: nowrap }
              svg.pen { width: 28px; height: 10px; margin-right: 5px } svg.scale { height: 28px; display: block; margin-left: 76px }
              details { margin-top: 10px } summary { cursor: pointer; color: #0969da } ol.toc { columns: 3; padding-left: 26px }
            </style></head><body>
            """;

    private final Map<String, List<Result>> byScenario;
    private final League league;

    private Page(Map<String, List<Result>> byScenario) {
        this.byScenario = byScenario;
        this.league = League.of(byScenario);
    }

    static String of(Map<String, List<Result>> byScenario) {
        return new Page(byScenario).html();
    }

    static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    static String rowClass(String algorithm, boolean bound) {
        return bound ? " class=\"bound\"" : algorithm.equals("default") ? " class=\"own\"" : "";
    }

    private String html() {
        StringBuilder out = new StringBuilder(HEAD);
        List<String> scenarios = new ArrayList<>(byScenario.keySet());
        out.append("<h1>Simulation</h1><p class=\"soft\">Every algorithm met the same calls. ")
                .append("Lower is better everywhere; bounds, dashed, know what no balancer can know.</p>");
        table(out);
        matrix(out, scenarios);
        for (int i = 0; i < scenarios.size(); i++) {
            String name = scenarios.get(i);
            out.append(new ScenarioView(name, byScenario.getOrDefault(name, List.of()), league).html("s" + i));
        }
        return out.append("</body></html>\n").toString();
    }

    private void table(StringBuilder out) {
        out.append("<h2>League over ")
                .append(byScenario.size())
                .append(byScenario.size() == 1 ? " scenario" : " scenarios")
                .append("</h2><p class=\"soft\">")
                .append(League.RULES)
                .append("</p><div class=\"scroll\"><table><tr>")
                .append("<th>algorithm</th><th>rank, average</th><th>wins</th><th>time / best</th>")
                .append(
                        "<th>worst</th><th class=\"left\">in</th><th>loses calls</th><th class=\"left\">most in</th></tr>");
        for (League.Row row : league.rows()) {
            boolean bound = row.rank() == 0;
            out.append(String.format(
                    Locale.ROOT,
                    "<tr%s><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td class=\"left\">%s</td>"
                            + "<td>%s</td><td class=\"left\">%s</td></tr>",
                    rowClass(row.algorithm(), bound),
                    escaped(row.algorithm()),
                    bound ? "bound" : String.format(Locale.ROOT, "%.1f", row.rank()),
                    bound ? "" : Integer.toString(row.wins()),
                    ratio(row.ratio()),
                    ratio(row.worst()),
                    escaped(row.worstIn()),
                    row.losses() == 0 ? "" : row.losses() + "×",
                    row.losses() == 0
                            ? ""
                            : escaped(row.lostIn()) + ", " + lost(row.lost()).replace(" ", "&nbsp;")));
        }
        out.append("</table></div>");
    }

    static String ratio(double ratio) {
        return Double.isNaN(ratio)
                ? "–"
                : String.format(Locale.ROOT, ratio < 9.995 ? "%.2f" : ratio < 99.95 ? "%.1f" : "%.0f", ratio);
    }

    static String lost(double share) {
        return "−" + Axis.number(100 * share) + " %";
    }

    private void matrix(StringBuilder out, List<String> scenarios) {
        out.append(
                        "<h2>Time in terms of the best one's</h2><p class=\"soft\">Where calls are lost that others don't lose, ")
                .append("how many. A scenario's name leads to its pictures.</p>")
                .append("<div class=\"scroll\"><table class=\"matrix\"><tr><th></th>");
        for (int i = 0; i < scenarios.size(); i++) {
            out.append("<th class=\"up\"><div><a href=\"#s")
                    .append(i)
                    .append("\">")
                    .append(escaped(scenarios.get(i)))
                    .append("</a></div></th>");
        }
        out.append("</tr>");
        for (League.Row row : league.rows()) {
            out.append("<tr")
                    .append(rowClass(row.algorithm(), row.rank() == 0))
                    .append("><td>")
                    .append(escaped(row.algorithm()))
                    .append("</td>");
            for (String scenario : scenarios) {
                out.append(cell(league.cell(row.algorithm(), scenario)));
            }
            out.append("</tr>");
        }
        out.append("</table></div>");
    }

    /** The redder the further from the best, by the logarithm: 1.1 can be seen, and 10 is as red as it gets. */
    private static String cell(League.Cell cell) {
        if (Double.isNaN(cell.ratio())) {
            return "<td></td>";
        }
        if (cell.lost() > 0) {
            return "<td style=\"background:#cfd6dd\">" + lost(cell.lost()) + "</td>";
        }
        double heat = Math.max(0, Math.min(1, Math.log10(cell.ratio())));
        String colour = cell.rank() == 1
                ? "#aceebb"
                : String.format(Locale.ROOT, "#ff%02x%02x", Math.round(250 - 120 * heat), Math.round(240 - 145 * heat));
        return cell.rank() == 0
                ? "<td>" + ratio(cell.ratio()) + "</td>"
                : "<td style=\"background:" + colour + "\">" + ratio(cell.ratio()) + "</td>";
    }
}
