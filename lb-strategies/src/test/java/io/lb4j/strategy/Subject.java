package io.lb4j.strategy;

import io.lb4j.Strategy;
import java.util.List;
import java.util.function.Supplier;

/** A strategy under the contract, and what it promises. */
record Subject(String name, Supplier<Strategy> maker, Shares keyless, boolean keyed) {

    /** How calls without a key are spread over idle instances. */
    enum Shares {
        EVEN,
        WEIGHTED,
        ONE
    }

    static final List<Subject> ALL = List.of(
            keyless("defaultStrategy", Strategies::defaultStrategy, Shares.WEIGHTED),
            keyless("roundRobin", Strategies::roundRobin, Shares.EVEN),
            keyless("weightedRoundRobin", Strategies::weightedRoundRobin, Shares.WEIGHTED),
            keyless("random", Strategies::random, Shares.EVEN),
            keyless("weightedRandom", Strategies::weightedRandom, Shares.WEIGHTED),
            keyless("powerOfTwoChoices", Strategies::powerOfTwoChoices, Shares.WEIGHTED),
            keyless("leastRequest", Strategies::leastRequest, Shares.WEIGHTED),
            keyless("leastRequest(3)", () -> Strategies.leastRequest(3), Shares.WEIGHTED),
            keyless("leastRequestRoundRobin", Strategies::leastRequestRoundRobin, Shares.WEIGHTED),
            keyless("peakEwma", Strategies::peakEwma, Shares.WEIGHTED),
            keyless("weightedByResponseTime", Strategies::weightedByResponseTime, Shares.WEIGHTED),
            keyed("ringHash", Strategies::ringHash),
            keyed("maglev", Strategies::maglev),
            keyed("rendezvous", Strategies::rendezvous),
            keyed("multiProbe", Strategies::multiProbe),
            keyed("boundedLoad", Strategies::boundedLoad),
            keyed("boundedLoad(ringHash)", () -> Strategies.boundedLoad(Strategies.ringHash(), 1.5)),
            keyed("boundedLoad(rendezvous)", () -> Strategies.boundedLoad(Strategies.rendezvous(), 2)),
            keyed("boundedLoad(multiProbe)", () -> Strategies.boundedLoad(Strategies.multiProbe(), 1.5)),
            keyed("boundedLoad(jumpHash)", () -> Strategies.boundedLoad(Strategies.jumpHash(), 1.5)),
            keyed("jumpHash", Strategies::jumpHash),
            new Subject("stickyUntilFailure", Strategies::stickyUntilFailure, Shares.ONE, true));

    static List<Subject> all() {
        return ALL;
    }

    static List<Subject> allKeyed() {
        return ALL.stream().filter(Subject::keyed).toList();
    }

    private static Subject keyless(String name, Supplier<Strategy> maker, Shares shares) {
        return new Subject(name, maker, shares, false);
    }

    private static Subject keyed(String name, Supplier<Strategy> maker) {
        return new Subject(name, maker, Shares.WEIGHTED, true);
    }

    Rig rig(long seed) {
        return new Rig(maker.get(), seed);
    }

    @Override
    public String toString() {
        return name;
    }
}
