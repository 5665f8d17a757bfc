package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.Strategy;
import java.util.random.RandomGenerator;

/** The least busy of all, or of a few drawn at random. */
final class LeastRequest implements Strategy {
    static final int ALL = Integer.MAX_VALUE;

    private static final long LCG_MULTIPLIER = 0xD1342543DE82EF95L;

    private final int choices;

    LeastRequest(int choices) {
        if (choices < 2) {
            throw new IllegalArgumentException("choices: " + choices + " (expected: >= 2)");
        }
        this.choices = choices;
    }

    static Strategy biased(int choices, double bias) {
        LeastRequest plain = new LeastRequest(choices);
        if (!(bias >= 0) || bias == Double.POSITIVE_INFINITY) {
            throw new IllegalArgumentException("activeRequestBias: " + bias + " (expected: 0 or more, and finite)");
        }
        if (bias == 0) {
            return new RandomChoice(true);
        }
        return bias == 1 ? plain : new MeasuredChoices(choices, OwnLoad.biased(bias));
    }

    @Override
    public Picker newPicker(Eligible eligible) {
        Members members = Members.of(eligible);
        if (choices < members.size) {
            return new FewChoices(members, choices);
        }
        return members.equalWeights() ? new EqualScan(members) : new FullScan(members);
    }

    @Override
    public String toString() {
        return "least request" + (choices == ALL ? "" : " of " + choices);
    }

    /** {@link FullScan} where all weights are equal: calls are compared as they are, and the k-th tie wins one time in k. */
    private static final class EqualScan implements Picker {
        private final Candidate[] candidates;
        private final RandomGenerator random;

        EqualScan(Members members) {
            this.candidates = members.candidates;
            this.random = members.random;
        }

        @Override
        public Candidate pick(PickRequest request) {
            int best = scan(request);
            return candidates[best >= 0 ? best : scan(PickRequest.plain())];
        }

        private int scan(PickRequest request) {
            long bits = random.nextLong();
            boolean retry = request.excludedCount() > 0;
            int best = -1;
            int least = Integer.MAX_VALUE;
            int ties = 0;
            for (int i = 0; i < candidates.length; i++) {
                Candidate candidate = candidates[i];
                if (retry && request.excludes(candidate)) {
                    continue;
                }
                int inFlight = candidate.inFlight();
                if (inFlight < least) {
                    least = inFlight;
                    best = i;
                    ties = 1;
                } else if (inFlight == least) {
                    ties++;
                    bits = bits * LCG_MULTIPLIER + 1;
                    if (((bits >>> 32) * ties) >>> 32 == 0) {
                        best = i;
                    }
                }
            }
            return best;
        }
    }

    private static final class FullScan implements Picker {
        /*
         * Join the shortest queue. Ties are broken by weighted reservoir sampling (the k-th is taken with the
         * probability of its share of the k: M. T. Chao, "A General Purpose Unequal Probability Sampling Plan",
         * Biometrika 69(3), 1982). The idle are one tie of their own, see Load; the one drawn from it is then compared
         * with the least busy of the others.
         */
        private static final double TWO_TO_MINUS_53 = 0x1p-53;

        private final Candidate[] candidates;
        private final double[] weights;
        private final RandomGenerator random;

        FullScan(Members members) {
            this.candidates = members.candidates;
            this.weights = members.weights;
            this.random = members.random;
        }

        @Override
        public Candidate pick(PickRequest request) {
            int best = scan(request);
            return candidates[best >= 0 ? best : scan(PickRequest.plain())];
        }

        private int scan(PickRequest request) {
            // One draw seeds a generator for the ties of this pick, of which there may be as many as candidates.
            long bits = random.nextLong();
            boolean retry = request.excludedCount() > 0;
            int idle = -1;
            double idleWeight = 0;
            int busy = -1;
            double busyWeight = 0;
            double least = Double.POSITIVE_INFINITY;
            for (int i = 0; i < candidates.length; i++) {
                Candidate candidate = candidates[i];
                if (retry && request.excludes(candidate)) {
                    continue;
                }
                double weight = weights[i];
                int inFlight = candidate.inFlight();
                if (inFlight == 0) {
                    idleWeight += weight;
                    bits = bits * LCG_MULTIPLIER + 1;
                    if (uniform(bits) * idleWeight < weight) {
                        idle = i;
                    }
                    continue;
                }
                double load = (inFlight + 1.0) / weight;
                if (load < least) {
                    least = load;
                    busy = i;
                    busyWeight = weight;
                } else if (load == least) {
                    busyWeight += weight;
                    bits = bits * LCG_MULTIPLIER + 1;
                    if (uniform(bits) * busyWeight < weight) {
                        busy = i;
                    }
                }
            }
            return busy >= 0 && (idle < 0 || least * weights[idle] < 1) ? busy : idle;
        }

        private static double uniform(long bits) {
            return ((bits ^ (bits >>> 32)) >>> 11) * TWO_TO_MINUS_53;
        }
    }

    private static final class FewChoices implements Picker {
        private final Candidate[] candidates;
        private final double[] weights;
        private final StrideSampler sampler;
        private final int choices;

        FewChoices(Members members, int choices) {
            this.candidates = members.candidates;
            this.weights = members.weights;
            this.sampler = new StrideSampler(members);
            this.choices = choices;
        }

        @Override
        public Candidate pick(PickRequest request) {
            int index = sampler.first();
            int stride = sampler.stride();
            int best = index;
            int least = candidates[best].inFlight();
            for (int i = 1; i < choices; i++) {
                index += stride;
                index = index >= candidates.length ? index - candidates.length : index;
                int inFlight = candidates[index].inFlight();
                if (Load.less(inFlight, weights[index], least, weights[best])) {
                    best = index;
                    least = inFlight;
                }
            }
            return candidates[best];
        }
    }
}
