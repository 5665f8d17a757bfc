package io.lb4j.simulator.published;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.LoadProbe;
import io.lb4j.Outcome;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Tracker;
import java.time.Duration;
import java.util.random.RandomGenerator;

/** The lesser of two by what servers say of their calls in flight, asked every 500 ms (YARP's rule in Prequal's Figure 7). */
final class Yarp implements Strategy {
    private static final Duration INTERVAL = Duration.ofMillis(500);
    private static final StateKey<Polled> POLLED = StateKey.create("polled calls in flight");

    private final LoadProbe probe;

    Yarp(LoadProbe probe) {
        this.probe = probe;
    }

    private static final class Polled implements Tracker {
        private double inFlight;
        private boolean polling;

        @Override
        public boolean timed() {
            return false;
        }

        @Override
        public void onEnd(Outcome outcome, long startNanos, long nowNanos) {}
    }

    @Override
    public Picker newPicker(Eligible eligible) {
        int size = eligible.size();
        Polled[] polled = new Polled[size];
        RandomGenerator random = eligible.random();
        for (int i = 0; i < size; i++) {
            polled[i] = eligible.get(i).tracker(POLLED, Polled::new);
            if (!polled[i].polling) {
                polled[i].polling = true;
                // Each at a moment of its own.
                Duration first = Duration.ofNanos(random.nextLong(INTERVAL.toNanos()));
                Candidate candidate = eligible.get(i);
                Polled known = polled[i];
                eligible.scheduler().schedule(() -> poll(eligible, candidate, known), first);
            }
        }
        return request -> {
            int a = random.nextInt(size);
            int b = random.nextInt(size);
            return eligible.get(polled[b].inFlight < polled[a].inFlight ? b : a);
        };
    }

    private void poll(Eligible eligible, Candidate candidate, Polled known) {
        probe.probe(candidate.instance(), INTERVAL).whenComplete((report, error) -> {
            if (report != null) {
                known.inFlight = report.inFlight();
            }
        });
        eligible.scheduler().schedule(() -> poll(eligible, candidate, known), INTERVAL);
    }

    @Override
    public String toString() {
        return "YARP two choices";
    }
}
