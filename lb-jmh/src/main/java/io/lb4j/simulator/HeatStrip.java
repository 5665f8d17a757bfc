package io.lb4j.simulator;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;

/**
 * Calls at each server over time as colours: a row for each server, a column for each slice. The cells are a small picture
 * inside the SVG, since as many rectangles would be a hundred times as big.
 */
final class HeatStrip {
    /** More would be too thin to see. */
    static final int MOST_ROWS = 48;

    /** So far apart are the names of rows at least. */
    private static final int NAME_HEIGHT = 11;

    private static final int LEFT = 96;
    private static final int RIGHT = 26;
    private static final int TOP = 6;
    private static final int BOTTOM = 38;
    private static final int COLOURS = 64;
    private static final IndexColorModel PALETTE = palette();

    private HeatStrip() {}

    /** From nearly white by yellow, orange and red to nearly black; the last one is for servers that aren't there. */
    private static IndexColorModel palette() {
        int[][] stops = {{0xff, 0xfb, 0xe6}, {0xfe, 0xd9, 0x76}, {0xfd, 0x8d, 0x3c}, {0xd7, 0x30, 0x27}, {0x4d, 0, 0x26}
        };
        byte[][] rgb = new byte[3][COLOURS + 1];
        for (int i = 0; i < COLOURS; i++) {
            double at = (double) i / (COLOURS - 1) * (stops.length - 1);
            int stop = Math.min(stops.length - 2, (int) at);
            for (int c = 0; c < 3; c++) {
                rgb[c][i] = (byte) Math.round(stops[stop][c] + (at - stop) * (stops[stop + 1][c] - stops[stop][c]));
            }
        }
        for (int c = 0; c < 3; c++) {
            rgb[c][COLOURS] = (byte) 0xd8;
        }
        return new IndexColorModel(8, COLOURS + 1, rgb[0], rgb[1], rgb[2]);
    }

    /** Square roots, so that few and many can both be told apart. */
    private static int colour(double inFlight, double most) {
        return Double.isNaN(inFlight)
                ? COLOURS
                : (int) Math.min(COLOURS - 1, Math.round(Math.sqrt(inFlight / most) * (COLOURS - 1)));
    }

    /** The rows to draw, in the order of the fleet: all, or those whose load changes most. */
    static List<Integer> rows(List<Course.Crowd> crowds) {
        List<Integer> all = IntStream.range(0, crowds.size()).boxed().toList();
        return crowds.size() <= MOST_ROWS
                ? all
                : all.stream()
                        .sorted(Comparator.comparingDouble(
                                (Integer place) -> -unrest(crowds.get(place).inFlight())))
                        .limit(MOST_ROWS)
                        .sorted()
                        .toList();
    }

    private static double unrest(List<Double> values) {
        double sum = 0;
        double squares = 0;
        for (double value : values) {
            double known = Double.isNaN(value) ? 0 : value;
            sum += known;
            squares += known * known;
        }
        return squares - sum * sum / Math.max(1, values.size());
    }

    /**
     * The strip.
     *
     * @param most the load that gets the darkest colour
     */
    static String svg(Course course, double most) {
        List<Course.Crowd> crowds = course.crowds();
        List<Integer> rows = rows(crowds);
        int row = Math.max(4, Math.min(16, 190 / rows.size()));
        int height = row * rows.size();
        int named = (NAME_HEIGHT + row - 1) / row;
        BufferedImage cells = new BufferedImage(Course.SLICES, rows.size(), BufferedImage.TYPE_BYTE_INDEXED, PALETTE);
        StringBuilder names = new StringBuilder();
        for (int i = 0; i < rows.size(); i++) {
            Course.Crowd crowd = crowds.get(rows.get(i));
            for (int slice = 0; slice < Course.SLICES; slice++) {
                double value =
                        slice < crowd.inFlight().size() ? crowd.inFlight().get(slice) : Double.NaN;
                cells.getRaster().setSample(slice, i, 0, colour(value, most));
            }
            if (i % named == 0) {
                names.append(String.format(
                        Locale.ROOT,
                        "<text class=\"e\" x=\"%d\" y=\"%s\">%s</text>",
                        LEFT - 6,
                        Plot.px(TOP + (i + 0.5) * row + 4),
                        Page.escaped(crowd.id())));
            }
        }
        Axis time = Axis.seconds("time", course.sliceSeconds() * Course.SLICES);
        StringBuilder ticks = new StringBuilder();
        for (double tick : time.ticks()) {
            ticks.append(String.format(
                    Locale.ROOT,
                    "<text class=\"m\" x=\"%s\" y=\"%d\">%s</text>",
                    Plot.px(LEFT + time.at(tick) * (Plot.WIDTH - LEFT - RIGHT)),
                    TOP + height + 15,
                    time.text().apply(tick)));
        }
        return String.format(
                Locale.ROOT,
                "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"calls in flight per server over time\">%s"
                        + "<image x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" preserveAspectRatio=\"none\" "
                        + "style=\"image-rendering:pixelated\" href=\"data:image/png;base64,%s\"/>%s"
                        + "<text class=\"m soft\" x=\"%d\" y=\"%d\">time since the start</text></svg>",
                Plot.WIDTH,
                TOP + height + BOTTOM,
                names,
                LEFT,
                TOP,
                Plot.WIDTH - LEFT - RIGHT,
                height,
                png(cells),
                ticks,
                (LEFT + Plot.WIDTH - RIGHT) / 2,
                TOP + height + 31);
    }

    /** What the colours mean. */
    static String legend(double most) {
        BufferedImage all = new BufferedImage(COLOURS, 1, BufferedImage.TYPE_BYTE_INDEXED, PALETTE);
        StringBuilder texts = new StringBuilder();
        for (int i = 0; i < COLOURS; i++) {
            all.getRaster().setSample(i, 0, 0, i);
        }
        for (double part : new double[] {0, 0.5, 1}) {
            texts.append(String.format(
                    Locale.ROOT,
                    "<text class=\"m\" x=\"%s\" y=\"28\">%s</text>",
                    Plot.px(20 + 240 * part),
                    (part == 1 ? "≥ " : "") + Axis.number(part * part * most)));
        }
        return String.format(
                Locale.ROOT,
                "<svg class=\"scale\" viewBox=\"0 0 280 32\"><image x=\"20\" y=\"2\" width=\"240\" height=\"12\" "
                        + "preserveAspectRatio=\"none\" href=\"data:image/png;base64,%s\"/>%s</svg>",
                png(all),
                texts);
    }

    private static String png(BufferedImage image) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ImageIO.setUseCache(false);
            ImageIO.write(image, "png", bytes);
        } catch (IOException e) {
            throw new UncheckedIOException("picture: memory refused to be written to", e);
        }
        return Base64.getEncoder().encodeToString(bytes.toByteArray());
    }
}
