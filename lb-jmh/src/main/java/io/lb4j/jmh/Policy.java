package io.lb4j.jmh;

import io.lb4j.Strategy;
import io.lb4j.strategy.Strategies;

/** The policies measured; each is named as its factory in {@link Strategies} is. */
public enum Policy {
    /** {@link Strategies#adaptive()}. */
    ADAPTIVE(Trait.NONE),
    /** {@link Strategies#roundRobin()}. */
    ROUND_ROBIN(Trait.NONE),
    /** {@link Strategies#weightedRoundRobin()}. */
    WEIGHTED_ROUND_ROBIN(Trait.WEIGHTED),
    /** {@link Strategies#random()}. */
    RANDOM(Trait.NONE),
    /** {@link Strategies#weightedRandom()}. */
    WEIGHTED_RANDOM(Trait.WEIGHTED),
    /** {@link Strategies#powerOfTwoChoices()}. */
    POWER_OF_TWO_CHOICES(Trait.NONE),
    /** {@link Strategies#leastRequest()}. */
    LEAST_REQUEST(Trait.NONE),
    /** {@link Strategies#leastRequestRoundRobin()}. */
    LEAST_REQUEST_ROUND_ROBIN(Trait.NONE),
    /** {@link Strategies#peakEwma()}. */
    PEAK_EWMA(Trait.NONE),
    /** {@link Strategies#weightedByResponseTime()}. */
    WEIGHTED_BY_RESPONSE_TIME(Trait.NONE),
    /** {@link Strategies#weightedByUtilization()}. */
    WEIGHTED_BY_UTILIZATION(Trait.NONE),
    /** {@link Strategies#weightedByInFlight()}. */
    WEIGHTED_BY_IN_FLIGHT(Trait.NONE),
    /** {@link Strategies#prequal()}. */
    PREQUAL(Trait.NONE),
    /** {@link Strategies#ringHash()}. */
    RING_HASH(Trait.KEYED),
    /** {@link Strategies#maglev()}. */
    MAGLEV(Trait.KEYED),
    /** {@link Strategies#rendezvous()}. */
    RENDEZVOUS(Trait.KEYED),
    /** {@link Strategies#multiProbe()}. */
    MULTI_PROBE(Trait.KEYED),
    /** {@link Strategies#boundedLoad()}, which is over Maglev. */
    BOUNDED_LOAD(Trait.KEYED),
    /** {@link Strategies#jumpHash()}. */
    JUMP_HASH(Trait.KEYED),
    /** {@link Strategies#stickyUntilFailure()}. */
    STICKY_UNTIL_FAILURE(Trait.NONE);

    private enum Trait {
        NONE,
        WEIGHTED,
        KEYED
    }

    private final Trait trait;

    Policy(Trait trait) {
        this.trait = trait;
    }

    /** A fresh strategy. */
    Strategy strategy() {
        return switch (this) {
            case ADAPTIVE -> Strategies.adaptive();
            case ROUND_ROBIN -> Strategies.roundRobin();
            case WEIGHTED_ROUND_ROBIN -> Strategies.weightedRoundRobin();
            case RANDOM -> Strategies.random();
            case WEIGHTED_RANDOM -> Strategies.weightedRandom();
            case POWER_OF_TWO_CHOICES -> Strategies.powerOfTwoChoices();
            case LEAST_REQUEST -> Strategies.leastRequest();
            case LEAST_REQUEST_ROUND_ROBIN -> Strategies.leastRequestRoundRobin();
            case PEAK_EWMA -> Strategies.peakEwma();
            case WEIGHTED_BY_RESPONSE_TIME -> Strategies.weightedByResponseTime();
            case WEIGHTED_BY_UTILIZATION -> Strategies.weightedByUtilization();
            case WEIGHTED_BY_IN_FLIGHT -> Strategies.weightedByInFlight();
            case PREQUAL -> Strategies.prequal();
            case RING_HASH -> Strategies.ringHash();
            case MAGLEV -> Strategies.maglev();
            case RENDEZVOUS -> Strategies.rendezvous();
            case MULTI_PROBE -> Strategies.multiProbe();
            case BOUNDED_LOAD -> Strategies.boundedLoad();
            case JUMP_HASH -> Strategies.jumpHash();
            case STICKY_UNTIL_FAILURE -> Strategies.stickyUntilFailure();
        };
    }

    /** Whether it is measured with weights that differ; otherwise all are 1. */
    boolean weighted() {
        return trait == Trait.WEIGHTED;
    }

    /** Whether it is measured with keys. */
    boolean keyed() {
        return trait == Trait.KEYED;
    }
}
