package io.lb4j.strategy;

import io.lb4j.Eligible;

/** A measure that comes with the library: a name and what makes its gauges. */
record Measure(String name, boolean timed, LoadMeasure gauges) implements LoadMeasure {
    static LoadMeasure of(String name, boolean timed, LoadMeasure gauges) {
        return new Measure(name, timed, gauges);
    }

    @Override
    public Gauge gauge(Eligible eligible, int index) {
        return gauges.gauge(eligible, index);
    }

    @Override
    public String toString() {
        return name;
    }
}
