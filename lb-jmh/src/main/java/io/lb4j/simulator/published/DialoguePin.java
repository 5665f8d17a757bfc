package io.lb4j.simulator.published;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.Outcome;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Tracker;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * Dialogue's PIN_UNTIL_ERROR ({@code PinUntilErrorNodeSelectionStrategyChannel}): all calls to one node until it fails,
 * then to the next in a shuffled order. Left out: the reshuffling every ten minutes.
 */
final class DialoguePin implements Strategy {
    private static final StateKey<Pin> PIN = StateKey.create("pin");
    private static final StateKey<Failures> FAILURES = StateKey.create("failures since the pin moved");

    /** A client's order of nodes, and where it is in it. */
    private static final class Pin {
        private final Map<String, Long> places = new HashMap<>();
        private int at;

        long place(String id, RandomGenerator random) {
            return places.computeIfAbsent(id, each -> random.nextLong());
        }
    }

    private static final class Failures implements Tracker {
        private boolean failed;

        @Override
        public boolean timed() {
            return false;
        }

        @Override
        public void onEnd(Outcome outcome, long startNanos, long nowNanos) {
            failed |= outcome.isFailure();
        }
    }

    @Override
    public Picker newPicker(Eligible eligible) {
        Pin pin = eligible.state(PIN, Pin::new);
        List<Candidate> order = new ArrayList<>();
        for (int i = 0; i < eligible.size(); i++) {
            order.add(eligible.get(i));
        }
        order.sort(Comparator.comparingLong(each -> pin.place(each.instance().id(), eligible.random())));
        List<Failures> failures = order.stream()
                .map(each -> each.tracker(FAILURES, Failures::new))
                .toList();
        return request -> {
            int at = Math.floorMod(pin.at, order.size());
            if (failures.get(at).failed) {
                failures.get(at).failed = false;
                at = (at + 1) % order.size();
                failures.get(at).failed = false;
            }
            pin.at = at;
            return order.get(at);
        };
    }

    @Override
    public String toString() {
        return "Dialogue PIN_UNTIL_ERROR";
    }
}
