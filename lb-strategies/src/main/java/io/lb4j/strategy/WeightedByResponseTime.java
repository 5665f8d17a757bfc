package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Ticker;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/** A weighted rotation whose weights follow response times. */
final class WeightedByResponseTime implements Strategy {
    static final Duration DEFAULT_UPDATE_PERIOD = Duration.ofSeconds(1);
    private static final Decay DECAY = ResponseTime.decay(Duration.ofSeconds(10));

    private final StateKey<Phase> phase = StateKey.create("response-time rotation's phase");
    private final StateKey<UpdateClock> clock = StateKey.create("response-time rotation's clock");
    private final StateKey<MeanResponseTime> time = StateKey.create("mean response time");
    private final Duration updatePeriod;

    WeightedByResponseTime(Duration updatePeriod) {
        this.updatePeriod = Durations.positive("updatePeriod", updatePeriod);
    }

    @Override
    public Picker newPicker(Eligible eligible) {
        Members members = Members.of(eligible);
        Ticker ticker = eligible.ticker();
        UpdateClock updates = eligible.state(clock, () -> new UpdateClock(updatePeriod.toNanos(), ticker.nanos()));
        MeanResponseTime[] times = new MeanResponseTime[members.size];
        for (int i = 0; i < times.length; i++) {
            times[i] = members.candidates[i].tracker(time, () -> new MeanResponseTime(DECAY, updates));
        }
        return new Adaptive(
                members,
                times,
                updates,
                ticker,
                eligible.state(phase, () -> new Phase(eligible.random().nextLong())));
    }

    @Override
    public String toString() {
        return "weighted by response time, updated every " + updatePeriod;
    }

    private static final class Adaptive implements Picker {
        /*
         * The weight of an instance is its own, times how many times faster than the mean it answers (speed is 1/time),
         * within bounds: the slowest must get some calls, or it could never show that it has recovered, and the fastest
         * must not be drowned. One that was not measured yet counts as the mean, as in gRPC's weighted round robin (A58),
         * whose update period this is, too. The first pick of a period computes the weights while others go on with the
         * old ones.
         */
        private static final double MIN_FACTOR = 0.1;
        private static final double MAX_FACTOR = 10;

        private final Candidate[] candidates;
        private final double[] weights;
        private final MeanResponseTime[] times;
        private final UpdateClock updates;
        private final Ticker ticker;
        private final Phase phase;
        private final AtomicInteger updated;

        /** Written by the first pick of a period. */
        private volatile WeightedTurn turn;

        Adaptive(Members members, MeanResponseTime[] times, UpdateClock updates, Ticker ticker, Phase phase) {
            this.candidates = members.candidates;
            this.weights = members.weights;
            this.times = times;
            this.updates = updates;
            this.ticker = ticker;
            this.phase = phase;
            this.updated = new AtomicInteger(updates.period());
            this.turn = new WeightedTurn(adapted());
        }

        @Override
        public Candidate pick(PickRequest request) {
            int seen = updated.getOpaque();
            int period = updates.period();
            if (seen != period && updated.compareAndSet(seen, period)) {
                turn = new WeightedTurn(adapted());
            }
            WeightedTurn current = turn;
            return candidates[current.at(phase.next(current.step))];
        }

        private double[] adapted() {
            long now = ticker.nanos();
            double[] adapted = new double[weights.length];
            double total = 0;
            int measured = 0;
            for (int i = 0; i < adapted.length; i++) {
                adapted[i] = times[i].speed(now);
                if (adapted[i] > 0) {
                    total += adapted[i];
                    measured++;
                }
            }
            double mean = total / Math.max(1, measured);
            for (int i = 0; i < adapted.length; i++) {
                double factor = (adapted[i] > 0 ? adapted[i] / mean : 1) * times[i].reliability();
                adapted[i] = weights[i] * Math.min(MAX_FACTOR, Math.max(MIN_FACTOR, factor));
            }
            return adapted;
        }
    }
}
