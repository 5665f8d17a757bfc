package io.lb4j.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;

/**
 * One axis of a picture: where a value is on it, from 0 to 1, and what is written beside it.
 *
 * @param scale what is drawn at equal distances
 */
record Axis(String label, Scale scale, double from, double to, List<Double> ticks, DoubleFunction<String> text) {
    enum Scale {
        LINEAR,
        LOG,
        /** Of shares: the distance to 1 is logarithmic, so that each further nine is as wide. */
        NINES
    }

    double at(double value) {
        double place = (scaled(value) - scaled(from)) / (scaled(to) - scaled(from));
        return Math.max(0, Math.min(1, place));
    }

    private double scaled(double value) {
        return switch (scale) {
            case LINEAR -> value;
            case LOG -> Math.log10(value);
            case NINES -> -Math.log10(1 - value);
        };
    }

    static Axis seconds(String label, double to) {
        double step = Math.pow(10, Math.floor(Math.log10(to / 4)));
        step *= to / step > 20 ? 5 : to / step > 8 ? 2 : 1;
        List<Double> ticks = new ArrayList<>();
        for (int i = 0; i * step <= to * 1.0001; i++) {
            ticks.add(i * step);
        }
        return new Axis(label, Scale.LINEAR, 0, to, ticks, value -> value == 0 ? "0" : time(value));
    }

    /** Times, logarithmic; the range is widened to what is marked: 1, 2 and 5 in each decade, or 1 alone if they are many. */
    static Axis times(String label, double least, double most) {
        double low = least > 0 ? least : 1e-6;
        double high = Math.max(most, low * 1.5);
        int decades = (int) Math.ceil(Math.log10(high / low));
        double[] steps = decades > 3 ? new double[] {1} : new double[] {1, 2, 5};
        List<Double> all = new ArrayList<>();
        for (int power = (int) Math.floor(Math.log10(low)) - 1; power <= Math.log10(high) + 1; power++) {
            for (double step : steps) {
                all.add(step * Math.pow(10, power));
            }
        }
        double from = all.stream().filter(tick -> tick <= low * 1.001).reduce(all.get(0), (a, b) -> b);
        double to =
                all.stream().filter(tick -> tick >= high * 0.999).findFirst().orElse(high);
        return new Axis(
                label,
                Scale.LOG,
                from,
                to,
                all.stream().filter(tick -> tick >= from && tick <= to).toList(),
                Axis::time);
    }

    static Axis shares(String label) {
        return new Axis(
                label,
                Scale.NINES,
                0,
                0.9999,
                List.of(0.0, 0.5, 0.9, 0.99, 0.999, 0.9999),
                value -> number(100 * value) + " %");
    }

    /** A time in seconds with its unit. */
    static String time(double seconds) {
        if (Double.isNaN(seconds)) {
            return "–";
        }
        return seconds < 0.9995e-3
                ? number(seconds * 1e6) + " µs"
                : seconds < 0.9995 ? number(seconds * 1e3) + " ms" : number(seconds) + " s";
    }

    /** Three digits that count, and no zeros after them; of more than three before the point, all. */
    static String number(double value) {
        double most = Math.abs(value);
        if (most >= 99.99 && most < 100 && value != 100) {
            return "99.99";
        }
        int places = most >= 99.95 || most == 0 ? 0 : most >= 9.995 ? 1 : most >= 0.9995 ? 2 : 3;
        if (most > 99 && most < 100) {
            places = 2;
        }
        String text = String.format(Locale.ROOT, "%." + places + "f", value);
        return text.contains(".") ? text.replaceAll("\\.?0+$", "") : text;
    }
}
