package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Ticker;
import java.time.Duration;

/** The one of two drawn at random that is expected to answer first. */
final class PeakEwma implements Strategy {
    static final Duration DEFAULT_DECAY = Duration.ofSeconds(10);

    private final StateKey<PeakResponseTime> key = StateKey.create("peak response time");
    private final Duration decayTime;
    private final Decay decay;

    PeakEwma(Duration decayTime) {
        this.decayTime = Durations.positive("decay", decayTime);
        this.decay = ResponseTime.decay(decayTime);
    }

    @Override
    public Picker newPicker(Eligible eligible) {
        Members members = Members.of(eligible);
        PeakResponseTime[] times = new PeakResponseTime[members.size];
        for (int i = 0; i < times.length; i++) {
            times[i] = members.candidates[i].tracker(key, () -> new PeakResponseTime(decay));
        }
        Candidate only = members.candidates[0];
        return times.length == 1 ? request -> only : new TwoChoices(members, times, eligible.ticker());
    }

    @Override
    public String toString() {
        return "peak EWMA over " + decayTime;
    }

    private static final class TwoChoices implements Picker {
        /*
         * Finagle's p2c with Peak EWMA (Twitter, com.twitter.finagle.loadbalancer.PeakEwma): cost is the response time
         * times the calls in flight, the one to be made included. From ServiceTalk (DefaultRequestTracker) come the
         * age of an unfinished call, which shows a stall before it ends, and a penalty for failures, without which an
         * instance that fails at once attracts all calls.
         *
         * If the first is idle the weights do not count again: it was drawn by them, and the response time has their effect
         * in it. If they did, a newcomer in slow start would get no call at all while the others have a few each.
         */
        private final Candidate[] candidates;
        private final double[] weights;
        private final boolean equalWeights;
        private final PeakResponseTime[] times;
        private final PairSampler pairs;
        private final Ticker ticker;

        TwoChoices(Members members, PeakResponseTime[] times, Ticker ticker) {
            this.candidates = members.candidates;
            this.weights = members.weights;
            this.equalWeights = members.equalWeights();
            this.times = times;
            this.pairs = new PairSampler(members);
            this.ticker = ticker;
        }

        @Override
        public Candidate pick(PickRequest request) {
            long pair = pairs.draw();
            long now = ticker.nanos();
            int i = PairSampler.first(pair);
            int j = PairSampler.second(pair);
            int first = candidates[i].inFlight();
            int second = candidates[j].inFlight();
            double firstCost = times[i].cost(first, now);
            double secondCost = times[j].cost(second, now);
            firstCost *= first + 1.0;
            secondCost *= second + 1.0;
            if (!equalWeights && first != 0) {
                firstCost *= weights[j];
                secondCost *= weights[i];
            }
            return candidates[secondCost < firstCost ? j : i];
        }
    }
}
