package io.lb4j.strategy.decorator;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.Strategy;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.random.RandomGenerator;

/** Divides calls among the zones by given weights. */
final class LocalityWeighted implements Strategy {
    private final Map<String, Double> weights;
    private final double overprovisioning;
    private final Strategy strategy;

    LocalityWeighted(Map<String, Double> weights, double overprovisioning, Strategy strategy) {
        this.weights = Map.copyOf(weights);
        this.weights.forEach((zone, weight) -> {
            if (!(weight >= 0 && weight < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(
                        "weight of " + zone + ": " + weight + " (expected: >= 0 and finite)");
            }
        });
        if (!(overprovisioning >= 1 && overprovisioning <= 100)) {
            throw new IllegalArgumentException("overprovisioning: " + overprovisioning + " (expected: 1 to 100)");
        }
        this.overprovisioning = overprovisioning;
        this.strategy = Objects.requireNonNull(strategy, "strategy");
    }

    @Override
    public Picker newPicker(Eligible eligible) {
        SortedMap<String, Integer> counts = Zones.eligible(eligible);
        if (eligible.panic()) {
            return strategy.newPicker(eligible);
        }
        SortedMap<String, Integer> known = Zones.known(eligible);
        LocalityShares shares = LocalityShares.of(
                counts.keySet().stream()
                        .mapToDouble(zone -> weights.getOrDefault(zone, 0.0))
                        .toArray(),
                counts.values().stream().mapToInt(Integer::intValue).toArray(),
                counts.keySet().stream()
                        .mapToInt(zone -> known.getOrDefault(zone, 0))
                        .toArray(),
                overprovisioning);
        return shares.none()
                ? strategy.newPicker(eligible)
                : new Weighted(Zones.of(eligible, counts.keySet(), strategy), shares, eligible.random());
    }

    @Override
    public String toString() {
        return strategy + " by zone " + weights;
    }

    private static final class Weighted implements Picker {
        private static final long ZONE = 0x4c6f_6361_6c01L;

        private final Zones zones;
        private final LocalityShares shares;
        private final RandomGenerator random;

        Weighted(Zones zones, LocalityShares shares, RandomGenerator random) {
            this.zones = zones;
            this.shares = shares;
            this.random = random;
        }

        @Override
        public Candidate pick(PickRequest request) {
            int zone = shares.at(Draw.unit(request, random, ZONE));
            return zones.pick(zone, zone, request);
        }
    }
}
