package io.lb4j.strategy;

import io.lb4j.LoadProbe;
import io.lb4j.Strategy;
import io.lb4j.testing.StrategyCheck;
import io.lb4j.testing.StrategyVerifier;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * A strategy under the contract, and what it promises.
 *
 * @param keyless how calls without a key are spread over idle instances
 * @param strays share of the other instances' keys that may move when one goes; negative if it keeps no keys
 */
record Subject(String name, Supplier<Strategy> maker, Shares keyless, double strays) {

    /** How calls without a key are spread over idle instances. */
    enum Shares {
        EVEN,
        WEIGHTED,
        ONE
    }

    private static final LoadProbe NO_PROBE =
            (instance, timeout) -> CompletableFuture.failedFuture(new IllegalStateException("no probe"));

    static final List<Subject> ALL = List.of(
            keyless("defaultStrategy", Strategies::defaultStrategy, Shares.WEIGHTED),
            keyless("adaptive", Strategies::adaptive, Shares.WEIGHTED),
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
            keyless("weightedByUtilization", Strategies::weightedByUtilization, Shares.WEIGHTED),
            keyless("weightedByInFlight", Strategies::weightedByInFlight, Shares.WEIGHTED),
            keyless(
                    "weightedByLoad(inFlight)",
                    () -> Strategies.weightedByLoad(LoadMeasure.inFlight()),
                    Shares.WEIGHTED),
            keyless("weightedByLoad(blended)", () -> Strategies.weightedByLoad(LoadMeasure.blended()), Shares.WEIGHTED),
            keyless(
                    "weightedByLoad(responseTime)",
                    () -> Strategies.weightedByLoad(LoadMeasure.responseTime()),
                    Shares.WEIGHTED),
            keyless(
                    "weightedByLoad(reportedLatency)",
                    () -> Strategies.weightedByLoad(LoadMeasure.reportedLatency()),
                    Shares.WEIGHTED),
            keyless("prequal", Strategies::prequal, Shares.WEIGHTED),
            keyless("prequal(probe)", () -> Strategies.prequal(NO_PROBE), Shares.WEIGHTED),
            keyless(
                    "powerOfTwoChoices(blended)",
                    () -> Strategies.powerOfTwoChoices(LoadMeasure.blended()),
                    Shares.WEIGHTED),
            keyless(
                    "powerOfTwoChoices(responseTime)",
                    () -> Strategies.powerOfTwoChoices(LoadMeasure.responseTime()),
                    Shares.WEIGHTED),
            keyless(
                    "leastRequest(3, reportedLatency)",
                    () -> Strategies.leastRequest(3, LoadMeasure.reportedLatency()),
                    Shares.WEIGHTED),
            keyless("leastRequest(reported)", () -> Strategies.leastRequest(LoadMeasure.reported()), Shares.WEIGHTED),
            keyless("leastRequest(blended)", () -> Strategies.leastRequest(LoadMeasure.blended()), Shares.WEIGHTED),
            keyless(
                    "leastRequestRoundRobin(inFlight)",
                    () -> Strategies.leastRequestRoundRobin(LoadMeasure.inFlight()),
                    Shares.WEIGHTED),
            keyed("ringHash", Strategies::ringHash, 0.15),
            keyed("maglev", Strategies::maglev, 0.05),
            keyed("rendezvous", Strategies::rendezvous),
            keyed("multiProbe", Strategies::multiProbe),
            keyed("boundedLoad", Strategies::boundedLoad, 0.05),
            keyed("boundedLoad(ringHash)", () -> Strategies.boundedLoad(Strategies.ringHash(), 1.5), 0.15),
            keyed("boundedLoad(rendezvous)", () -> Strategies.boundedLoad(Strategies.rendezvous(), 2)),
            keyed("boundedLoad(multiProbe)", () -> Strategies.boundedLoad(Strategies.multiProbe(), 1.5)),
            keyed("boundedLoad(jumpHash)", () -> Strategies.boundedLoad(Strategies.jumpHash(), 1.5), 1),
            keyed("jumpHash", Strategies::jumpHash, 1),
            new Subject("stickyUntilFailure", Strategies::stickyUntilFailure, Shares.ONE, 0));

    static List<Subject> all() {
        return ALL;
    }

    private static Subject keyless(String name, Supplier<Strategy> maker, Shares shares) {
        return new Subject(name, maker, shares, -1);
    }

    private static Subject keyed(String name, Supplier<Strategy> maker) {
        return keyed(name, maker, 0);
    }

    private static Subject keyed(String name, Supplier<Strategy> maker, double strays) {
        return new Subject(name, maker, Shares.WEIGHTED, strays);
    }

    StrategyVerifier verifier() {
        StrategyVerifier plain = StrategyVerifier.of(maker);
        StrategyVerifier keyed = strays < 0 ? plain : plain.keepsKeys(strays);
        return switch (keyless) {
            case EVEN -> keyed.spreadsEvenly();
            case WEIGHTED -> keyed.followsWeights();
            // Keys and calls stay where they went, even when the instance they came from is back.
            case ONE -> keyed.without(StrategyCheck.KEYS_RETURN);
        };
    }

    Rig rig(long seed) {
        return new Rig(maker.get(), seed);
    }

    @Override
    public String toString() {
        return name;
    }
}
