package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.Strategy;
import java.util.Objects;

/** The least busy of two or more drawn at random, by any measure. */
final class MeasuredChoices implements Strategy {
    private final int choices;
    private final LoadMeasure measure;

    MeasuredChoices(int choices, LoadMeasure measure) {
        if (choices < 2) {
            throw new IllegalArgumentException("choices: " + choices + " (expected: >= 2)");
        }
        this.choices = choices;
        this.measure = Objects.requireNonNull(measure, "measure");
    }

    @Override
    public Picker newPicker(Eligible eligible) {
        Measured measured = new Measured(eligible, measure);
        Candidate only = measured.candidates[0];
        if (measured.candidates.length == 1) {
            return request -> only;
        }
        if (choices == 2) {
            return new Two(measured);
        }
        return choices < measured.candidates.length ? new Few(measured, choices) : new MeasuredScan(measured, null);
    }

    @Override
    public String toString() {
        String what = choices == 2
                ? "power of two choices"
                : choices == LeastRequest.ALL ? "least busy" : "least busy of " + choices;
        return what + " by " + measure;
    }

    /** Whether the second is less busy for its weight; two idle ones are alike, see {@link Load}. */
    private static boolean less(Measured measured, int other, int best, long now) {
        if (measured.idle(best) && measured.idle(other)) {
            return false;
        }
        return measured.load(other, now) * measured.weights[best] < measured.load(best, now) * measured.weights[other];
    }

    private static final class Two implements Picker {
        private final Measured measured;
        private final PairSampler pairs;

        Two(Measured measured) {
            this.measured = measured;
            this.pairs = new PairSampler(measured.members);
        }

        @Override
        public Candidate pick(PickRequest request) {
            long pair = pairs.draw();
            long now = measured.now();
            int first = PairSampler.first(pair);
            int second = PairSampler.second(pair);
            // An idle one that was drawn by its weight competes without it: if it counted once more, a newcomer in slow
            // start would get no call at all while the others have a few each.
            boolean less = measured.idle(first)
                    ? !measured.idle(second) && measured.load(second, now) < measured.load(first, now)
                    : less(measured, second, first, now);
            return measured.candidates[less ? second : first];
        }
    }

    private static final class Few implements Picker {
        private final Measured measured;
        private final StrideSampler sampler;
        private final int choices;

        Few(Measured measured, int choices) {
            this.measured = measured;
            this.sampler = new StrideSampler(measured.members);
            this.choices = choices;
        }

        @Override
        public Candidate pick(PickRequest request) {
            long now = measured.now();
            int index = sampler.first();
            int stride = sampler.stride();
            int best = index;
            for (int i = 1; i < choices; i++) {
                index += stride;
                index = index >= measured.candidates.length ? index - measured.candidates.length : index;
                if (less(measured, index, best, now)) {
                    best = index;
                }
            }
            return measured.candidates[best];
        }
    }
}
