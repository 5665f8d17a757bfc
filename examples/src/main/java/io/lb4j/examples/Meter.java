package io.lb4j.examples;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.Outcome;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Tracker;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * A strategy that leaves every pick to another and measures: attempts, failures and latencies for each instance. What
 * it measured outlives the instance, so that one removed half-way is still in the final count. Thread-safe.
 */
final class Meter implements Strategy {
    private final Strategy measured;
    private final StateKey<Gauge> key = StateKey.create("meter");
    private final Map<String, Gauge> gauges = new ConcurrentHashMap<>();

    Meter(Strategy measured) {
        this.measured = measured;
    }

    @Override
    public Picker newPicker(Eligible eligible) {
        for (int i = 0; i < eligible.size(); i++) {
            Candidate candidate = eligible.get(i);
            candidate.tracker(key, () -> gauge(candidate.instance().id()));
        }
        return measured.newPicker(eligible);
    }

    /** What is measured of the instance with this id; all zero if it had no call. */
    Gauge gauge(String id) {
        return gauges.computeIfAbsent(id, any -> new Gauge());
    }

    /** What is measured of every instance that ever was eligible, by id. */
    Map<String, Gauge> gauges() {
        return Map.copyOf(gauges);
    }

    @Override
    public String toString() {
        return measured.toString();
    }

    /** Measures one instance. Thread-safe. */
    static final class Gauge implements Tracker {
        private final LongAdder started = new LongAdder();
        private final LongAdder failed = new LongAdder();
        private final Latencies latencies = new Latencies();

        @Override
        public void onStart(long nowNanos) {
            started.increment();
        }

        @Override
        public void onEnd(Outcome outcome, long startNanos, long nowNanos) {
            if (outcome.isFailure()) {
                failed.increment();
            }
            latencies.record(nowNanos - startNanos);
        }

        /** Attempts that began here. */
        long attempts() {
            return started.sum();
        }

        /** Attempts that ended badly for the instance. */
        long failures() {
            return failed.sum();
        }

        /** How long the attempts that ended took. */
        Latencies.Snapshot latencies() {
            return latencies.snapshot();
        }
    }
}
