package io.lb4j.simulator;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.LongStream;

/** Runs what is asked for, each run once, and averages over seeds. Thread-safe. */
final class Bench {
    private final long[] seeds;
    private final Map<String, Result> results = new ConcurrentHashMap<>();

    Bench(long... seeds) {
        this.seeds = seeds;
    }

    /** A figure of an algorithm in a scenario; both are known by their names. */
    double figure(Scenario scenario, Algorithm algorithm, ToDoubleFunction<Result> of) {
        return LongStream.of(seeds)
                .mapToObj(seed -> result(scenario, algorithm, seed))
                .mapToDouble(of)
                .average()
                .orElseThrow();
    }

    private Result result(Scenario scenario, Algorithm algorithm, long seed) {
        String key = seed + " " + algorithm.name() + " in " + scenario.name();
        return results.computeIfAbsent(key, unknown -> Run.of(scenario, algorithm, seed));
    }
}
