package io.lb4j.simulator;

import io.lb4j.Strategy;
import java.util.Locale;
import java.util.function.Function;

/**
 * Something that a strategy is to attain.
 *
 * @param what in few words
 * @param scenario the name of the scenario to rerun
 * @param unit how figures are written
 * @param atMost whether the figure is to be small; else it is to be great
 * @param needed what is needed, in the same unit
 * @param attained what a subject attains
 */
record Target(
        String what, String scenario, Unit unit, boolean atMost, Function<Bench, Double> needed, Attained attained) {

    /** What is judged, with settings that a target may change. */
    record Subject(String name, Strategy strategy) {
        Algorithm plain() {
            return Algorithm.of(name, strategy);
        }

        Algorithm with(String how, Algorithm.Settings settings) {
            return Algorithm.of(name + ", " + how, strategy, settings);
        }
    }

    /** Measures a subject. */
    @FunctionalInterface
    interface Attained {
        double by(Bench bench, Subject subject);
    }

    /** How a figure is written. */
    enum Unit {
        MILLIS("%.1f ms", 1),
        PERCENT("%.2f %%", 100),
        TIMES("%.3f", 1),
        COUNT("%.0f", 1);

        private final String format;
        private final double factor;

        Unit(String format, double factor) {
            this.format = format;
            this.factor = factor;
        }

        String of(double value) {
            return String.format(Locale.ROOT, format, factor * value);
        }
    }

    /**
     * What came of it.
     *
     * @param text the figure
     */
    record Verdict(boolean met, String text) {}

    Verdict judge(Bench bench, Subject subject) {
        double figure = attained.by(bench, subject);
        double limit = needed.apply(bench);
        return new Verdict(atMost ? figure <= limit : figure >= limit, unit.of(figure));
    }

    String limit(Bench bench) {
        return (atMost ? "≤ " : "≥ ") + unit.of(needed.apply(bench));
    }
}
