package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.Outcome;
import io.lb4j.StateKey;
import io.lb4j.Tracker;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;

/** The calls in flight on all candidates together, counted as they start and end instead of summed for every pick. */
final class CallTally {
    private final LongAdder open = new LongAdder();
    private final StateKey<Tracker> counting = StateKey.create("calls in flight");

    /** Candidates of the last set, and earlier ones that still had calls then. */
    private List<Candidate> counted = List.of();

    /** The total over the candidates of a new set. */
    synchronized Total over(Eligible eligible) {
        Candidate[] candidates = new Candidate[eligible.size()];
        Set<Candidate> members = Collections.newSetFromMap(new IdentityHashMap<>(candidates.length));
        for (int i = 0; i < candidates.length; i++) {
            candidates[i] = eligible.get(i);
            candidates[i].tracker(counting, () -> new Counting(open));
            members.add(candidates[i]);
        }
        List<Candidate> gone = new ArrayList<>();
        for (Candidate each : counted) {
            if (!members.contains(each) && each.inFlight() > 0) {
                gone.add(each);
            }
        }
        counted = new ArrayList<>(List.of(candidates));
        counted.addAll(gone);
        return new Total(open, candidates, gone.toArray(new Candidate[0]));
    }

    private static final class Counting implements Tracker {
        private final LongAdder open;

        Counting(LongAdder open) {
            this.open = open;
        }

        @Override
        public boolean timed() {
            return false;
        }

        @Override
        public void onStart(long nowNanos) {
            open.increment();
        }

        @Override
        public void onEnd(Outcome outcome, long startNanos, long nowNanos) {
            open.decrement();
        }
    }

    /** The calls in flight on the candidates of one set. */
    static final class Total {
        private final LongAdder open;
        private final Candidate[] candidates;

        /** Candidates no more; calls that are left there count for nobody's share. */
        private final Candidate[] gone;

        /** Whether calls are in flight that began before they were counted; they are summed until those have ended. */
        private boolean uncounted;

        private Total(LongAdder open, Candidate[] candidates, Candidate[] gone) {
            this.open = open;
            this.candidates = candidates;
            this.gone = gone;
            this.uncounted = true;
        }

        long get() {
            long total = open.sum();
            for (Candidate each : gone) {
                total -= each.inFlight();
            }
            return uncounted ? compared(total) : total;
        }

        private long compared(long total) {
            long sum = 0;
            for (Candidate each : candidates) {
                sum += each.inFlight();
            }
            uncounted = sum > total;
            return Math.max(sum, total);
        }
    }
}
