package io.lb4j.strategy;

import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.XxHash64;
import org.jspecify.annotations.Nullable;

/** Affinity by the highest score. */
final class Rendezvous extends AffinityStrategy {
    Rendezvous(@Nullable String hashKey) {
        super(hashKey);
    }

    @Override
    AffinityStrategy withHashKey(String metadataEntry) {
        return new Rendezvous(metadataEntry);
    }

    @Override
    KeyOrder order(Sorted members, Eligible eligible) {
        long[] seeds = new long[members.keys().length];
        for (int i = 0; i < seeds.length; i++) {
            seeds[i] = XxHash64.hash(members.keys()[i]);
        }
        return new Scores(seeds, members.weights());
    }

    @Override
    public String toString() {
        return named("rendezvous");
    }

    static final class Scores implements KeyOrder {
        /*
         * David G. Thaler, Chinya V. Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", IEEE/ACM
         * Transactions on Networking 6(1), 1998. Weights: Jason Resch, "New Hashing Algorithms for Data Storage", SNIA
         * Storage Developer Conference 2015: the score is weight / -ln(u), u in (0, 1) being the hash of key and
         * instance: the sum of the key's hash and the XXH64 of the instance's hash key, mixed. The shares are exactly
         * proportional to the weights.
         */
        private static final double TWO_TO_MINUS_53 = 0x1p-53;
        private static final Gate ALL = (index, request, calls) -> true;

        private final long[] seeds;
        private final double[] weights;
        private final boolean equalWeights;

        Scores(long[] seeds, double[] weights) {
            this.seeds = seeds;
            this.weights = weights;
            this.equalWeights = Members.equal(weights);
        }

        @Override
        public int first(long hash) {
            return equalWeights ? highest(hash) : first(hash, ALL, PickRequest.plain(), 0);
        }

        /** With equal weights the score rises with the hash, so the hashes' order is the scores'. */
        private int highest(long hash) {
            int best = 0;
            long highest = -1;
            for (int i = 0; i < seeds.length; i++) {
                long bits = Numbers.mix(hash + seeds[i]) >>> 11;
                if (bits > highest) {
                    best = i;
                    highest = bits;
                }
            }
            return best;
        }

        @Override
        public int first(long hash, Gate gate, PickRequest request, long calls) {
            int best = -1;
            double highest = 0;
            for (int i = 0; i < seeds.length; i++) {
                double u = ((Numbers.mix(hash + seeds[i]) >>> 11) + 0.5) * TWO_TO_MINUS_53;
                // -ln(u) >= 1 - u, so that most logarithms need not be taken.
                if (weights[i] > highest * (1 - u)) {
                    double score = weights[i] / -Math.log(u);
                    if (score > highest && gate.admits(i, request, calls)) {
                        best = i;
                        highest = score;
                    }
                }
            }
            return best;
        }
    }
}
