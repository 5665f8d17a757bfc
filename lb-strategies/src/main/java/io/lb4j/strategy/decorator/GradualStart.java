package io.lb4j.strategy.decorator;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Ticker;
import io.lb4j.health.SlowStart;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.random.RandomGenerator;

/** Takes calls away from instances that have just begun, whatever the strategy. */
final class GradualStart implements Strategy {
    private final StateKey<Starts> starts = StateKey.create("gradual starts");
    private final SlowStart ramp;
    private final Strategy strategy;

    GradualStart(SlowStart ramp, Strategy strategy) {
        this.ramp = Objects.requireNonNull(ramp, "ramp");
        this.strategy = Objects.requireNonNull(strategy, "strategy");
    }

    @Override
    public Picker newPicker(Eligible eligible) {
        int n = eligible.size();
        List<Candidate> all = new ArrayList<>(n);
        double[] weights = new double[n];
        for (int i = 0; i < n; i++) {
            Candidate candidate = eligible.get(i);
            all.add(candidate);
            // The ramp is this decorator's; the balancer's own, which is in the weights, would come on top of it.
            double own = candidate.instance().weight();
            weights[i] = own > 0 ? own : eligible.weight(i);
        }
        Starts seen = eligible.state(starts, Starts::new);
        IdentityHashMap<Candidate, Long> ramping =
                seen.update(all, eligible.ticker().nanos(), ramp.window().toNanos());
        Picker whole = strategy.newPicker(eligible.select(all, weights));
        if (ramping.isEmpty() || Starts.allAlike(ramping, n)) {
            return whole;
        }
        Picker settled = strategy.newPicker(settled(eligible, all, weights, ramping));
        return new Thinned(whole, settled, new RampShares(ramp, all, weights, ramping), eligible);
    }

    /** Those that have all of their weight; if there are none, those that have most of it. */
    private static Eligible settled(
            Eligible eligible, List<Candidate> all, double[] weights, IdentityHashMap<Candidate, Long> ramping) {
        Long oldest = ramping.size() < all.size() ? null : Starts.oldest(ramping);
        List<Candidate> chosen = new ArrayList<>();
        double[] theirs = new double[weights.length];
        for (int i = 0; i < weights.length; i++) {
            if (Objects.equals(ramping.get(all.get(i)), oldest)) {
                theirs[chosen.size()] = weights[i];
                chosen.add(all.get(i));
            }
        }
        return eligible.select("settled", chosen, Arrays.copyOf(theirs, chosen.size()));
    }

    @Override
    public String toString() {
        return strategy + " with a ramp of " + ramp.window();
    }

    private static final class Thinned implements Picker {
        /*
         * The strategy chooses among all, and a choice that falls on a new instance is taken or handed to those that are
         * settled. That needs no weights, so it works where a strategy does not follow them; and a key whose instance is
         * new goes, until its own moment in the ramp, where it would go without that instance, and then moves once.
         */
        private static final long TAKE = 0x5261_6d70_0001L;

        private final Picker whole;
        private final Picker settled;
        private final RampShares shares;
        private final Ticker ticker;
        private final RandomGenerator random;

        /** Set by any pick, once: the clock need not be read any more. */
        private boolean over;

        Thinned(Picker whole, Picker settled, RampShares shares, Eligible eligible) {
            this.whole = whole;
            this.settled = settled;
            this.shares = shares;
            this.ticker = eligible.ticker();
            this.random = eligible.random();
        }

        @Override
        public Candidate pick(PickRequest request) {
            Candidate picked = whole.pick(request);
            if (over || !shares.isRamping(picked)) {
                return picked;
            }
            long now = ticker.nanos();
            if (shares.over(now)) {
                over = true;
                return picked;
            }
            if (Draw.unit(request, random, TAKE) < shares.taken(picked, now)) {
                return picked;
            }
            Candidate instead = settled.pick(request);
            return request.excludedCount() > 0 && request.excludes(instead) ? picked : instead;
        }
    }
}
