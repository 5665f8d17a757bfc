package io.lb4j.strategy.decorator;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.Strategy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.random.RandomGenerator;

/** Keeps calls in their zone as far as its instances can take them. */
final class ZoneAware implements Strategy {
    private final ZoneAwareness settings;
    private final Strategy strategy;

    ZoneAware(ZoneAwareness settings, Strategy strategy) {
        this.settings = Objects.requireNonNull(settings, "settings");
        this.strategy = Objects.requireNonNull(strategy, "strategy");
    }

    @Override
    public Picker newPicker(Eligible eligible) {
        SortedMap<String, Integer> instances = Zones.eligible(eligible);
        int local = instances.getOrDefault(settings.localZone(), 0);
        // In panic nobody knows who is well, so neither what a zone can take.
        if (instances.size() < 2 || eligible.panic()) {
            return strategy.newPicker(eligible);
        }
        List<String> names = new ArrayList<>(instances.keySet());
        if (settings.forces(local)) {
            ZoneShares all = ZoneShares.allLocal(names.indexOf(settings.localZone()));
            return new Zoned(Zones.of(eligible, names, strategy), all, eligible.random());
        }
        Map<String, Integer> clients = clients(eligible);
        if (eligible.size() < settings.minInstances() || clients.size() < 2) {
            return strategy.newPicker(eligible);
        }
        ZoneShares shares = ZoneShares.of(settings.localZone(), instances, clients);
        return new Zoned(Zones.of(eligible, names, strategy), shares, eligible.random());
    }

    private Map<String, Integer> clients(Eligible eligible) {
        Map<String, Integer> given = settings.clients();
        if (given != null) {
            return given;
        }
        Map<String, Integer> equal = new HashMap<>();
        Zones.known(eligible).keySet().forEach(zone -> equal.put(zone, 1));
        equal.put(settings.localZone(), 1);
        return equal;
    }

    @Override
    public String toString() {
        return strategy + " " + settings;
    }

    private static final class Zoned implements Picker {
        private static final long STAY = 0x5a6f_6e65_0001L;
        private static final long LEAVE = 0x5a6f_6e65_0002L;

        private final Zones zones;
        private final ZoneShares shares;
        private final RandomGenerator random;

        Zoned(Zones zones, ZoneShares shares, RandomGenerator random) {
            this.zones = zones;
            this.shares = shares;
            this.random = random;
        }

        @Override
        public Candidate pick(PickRequest request) {
            int zone = zone(request);
            return zones.pick(zone, shares.local() < 0 ? zone : shares.local(), request);
        }

        private int zone(PickRequest request) {
            if (shares.localRoute() == ZoneShares.ALL
                    || Draw.below(ZoneShares.ALL, request, random, STAY) < shares.localRoute()) {
                return shares.local();
            }
            return shares.other(Draw.below(shares.residualBound(), request, random, LEAVE));
        }
    }
}
