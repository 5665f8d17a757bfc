package io.lb4j.simulator;

import java.util.Locale;
import java.util.function.IntToDoubleFunction;

/** One picture with two axes, as SVG. Points are rounded to tenths of a pixel. */
final class Plot {
    static final int WIDTH = 560;
    private static final int RIGHT = 26;
    private static final int TOP = 12;
    private static final int BOTTOM = 40;

    private final StringBuilder out = new StringBuilder();
    private final Axis x;
    private final Axis y;
    private final int height;
    private final int left;

    Plot(String title, Axis x, Axis y, int height) {
        this(title, x, y, height, 74);
    }

    /**
     * A picture.
     *
     * @param left room for what is written at the y axis
     */
    Plot(String title, Axis x, Axis y, int height, int left) {
        this.left = left;
        this.x = x;
        this.y = y;
        this.height = height;
        out.append(String.format(
                Locale.ROOT,
                "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">",
                WIDTH,
                height,
                Page.escaped(title)));
        for (double tick : x.ticks()) {
            double at = right(tick);
            add("<path class=\"grid\" d=\"M%s %dV%d\"/>", px(at), TOP, height - BOTTOM);
            add(
                    "<text class=\"m\" x=\"%s\" y=\"%d\">%s</text>",
                    px(at), height - BOTTOM + 18, x.text().apply(tick));
        }
        for (double tick : y.ticks()) {
            double at = down(tick);
            add("<path class=\"grid\" d=\"M%d %sH%d\"/>", left, px(at), WIDTH - RIGHT);
            add(
                    "<text class=\"e\" x=\"%d\" y=\"%s\">%s</text>",
                    left - 6, px(at + 4), y.text().apply(tick));
        }
        add(
                "<text class=\"m soft\" x=\"%d\" y=\"%d\">%s</text>",
                (left + WIDTH - RIGHT) / 2, height - 6, Page.escaped(x.label()));
        add(
                "<text class=\"m soft\" transform=\"translate(13 %d) rotate(-90)\">%s</text>",
                (TOP + height - BOTTOM) / 2, Page.escaped(y.label()));
    }

    private void add(String format, Object... values) {
        out.append(String.format(Locale.ROOT, format, values));
    }

    static String px(double value) {
        long tenths = Math.round(value * 10);
        return tenths % 10 == 0 ? Long.toString(tenths / 10) : String.format(Locale.ROOT, "%.1f", tenths / 10.0);
    }

    private double right(double value) {
        return left + x.at(value) * (WIDTH - left - RIGHT);
    }

    private double down(double value) {
        return height - BOTTOM - y.at(value) * (height - BOTTOM - TOP);
    }

    /** A stretch of the x axis that is marked, as what doesn't count. */
    void shade(double from, double to, String text) {
        if (to > from) {
            add(
                    "<rect class=\"shade\" x=\"%s\" y=\"%d\" width=\"%s\" height=\"%d\"><title>%s</title></rect>",
                    px(right(from)), TOP, px(right(to) - right(from)), height - BOTTOM - TOP, text);
        }
    }

    /** A line through points; where a value is no number it is broken. */
    void line(Pen pen, String name, int points, IntToDoubleFunction xs, IntToDoubleFunction ys) {
        StringBuilder path = new StringBuilder();
        boolean down = false;
        for (int i = 0; i < points; i++) {
            double value = ys.applyAsDouble(i);
            if (Double.isNaN(value)) {
                down = false;
                continue;
            }
            path.append(down ? 'L' : 'M')
                    .append(px(right(xs.applyAsDouble(i))))
                    .append(' ')
                    .append(px(down(value)));
            down = true;
        }
        add("<path %s d=\"%s\"><title>%s</title></path>", pen.attributes(), path, Page.escaped(name));
    }

    /** A name for a place on the y axis. */
    void label(double at, String text) {
        add("<text class=\"e\" x=\"%d\" y=\"%s\">%s</text>", left - 6, px(down(at) + 4), Page.escaped(text));
    }

    /** A dot. */
    void dot(String colour, double atX, double atY, String name) {
        add(
                "<circle cx=\"%s\" cy=\"%s\" r=\"3.2\" fill=\"%s\"><title>%s</title></circle>",
                px(right(atX)), px(down(atY)), colour, Page.escaped(name));
    }

    String svg() {
        return out + "</svg>";
    }

    /** How a line looks. */
    record Pen(String colour, double width, String dashes) {
        String attributes() {
            return "fill=\"none\" stroke=\"" + colour + "\" stroke-width=\"" + px(width) + "\""
                    + (dashes.isEmpty() ? "" : " stroke-dasharray=\"" + dashes + "\"");
        }

        /** As a legend has it. */
        String sample() {
            return "<svg class=\"pen\" viewBox=\"0 0 28 10\"><path d=\"M1 5H27\" " + attributes() + "/></svg>";
        }
    }
}
