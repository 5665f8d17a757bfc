package io.lb4j.strategy;

import io.lb4j.Strategy;

/** The strategies that come with the library. */
public final class Strategies {
    private Strategies() {}

    /** See {@link #powerOfTwoChoices()}. */
    public static Strategy defaultStrategy() {
        return powerOfTwoChoices();
    }

    /** One after the other, in discovery's order and from a random start; ignores weights. */
    public static Strategy roundRobin() {
        return new RoundRobin();
    }

    /** In turn, as often as weights say, evenly spread. */
    public static Strategy weightedRoundRobin() {
        return new WeightedRoundRobin();
    }

    /** At random; ignores weights. */
    public static Strategy random() {
        return new RandomChoice(false);
    }

    /** At random, in proportion to weights. */
    public static Strategy weightedRandom() {
        return new RandomChoice(true);
    }

    /** The less busy of two drawn at random by weight. */
    public static Strategy powerOfTwoChoices() {
        return new PowerOfTwoChoices();
    }

    /** Affinity by a ring of hashes, Envoy's; 1024 hashes or more. */
    public static AffinityStrategy ringHash() {
        return ringHash(RingHash.DEFAULT_MIN_SIZE, RingHash.MAX_SIZE);
    }

    /** Affinity by a ring of so many hashes. */
    public static AffinityStrategy ringHash(int minSize, int maxSize) {
        return new RingHash(minSize, maxSize, null);
    }

    /** Affinity by Maglev's table, Envoy's; 65,537 slots. */
    public static AffinityStrategy maglev() {
        return maglev(Maglev.DEFAULT_SIZE);
    }

    /** Affinity by Maglev's table of so many slots, a prime. */
    public static AffinityStrategy maglev(int tableSize) {
        return new Maglev(tableSize, null);
    }

    /** Affinity by the highest score. */
    public static AffinityStrategy rendezvous() {
        return new Rendezvous(null);
    }
}
