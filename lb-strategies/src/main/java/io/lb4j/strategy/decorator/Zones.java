package io.lb4j.strategy.decorator;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.Strategy;
import java.util.Collection;
import java.util.SortedMap;
import java.util.TreeMap;

/** The candidates by zone, in the order of the zones' names, each with a picker for itself. */
final class Zones {
    /** The zone of instances without one; no zone has this name. */
    private static final String NONE = "";

    private final Part[] parts;

    private Zones(Part[] parts) {
        this.parts = parts;
    }

    static Zones of(Eligible eligible, Collection<String> names, Strategy strategy) {
        return new Zones(names.stream()
                .map(zone -> Part.of(
                        eligible, "zone " + zone, instance -> name(instance).equals(zone), strategy))
                .toArray(Part[]::new));
    }

    static String name(ServiceInstance instance) {
        String zone = instance.zone();
        return zone == null ? NONE : zone;
    }

    /** How many candidates there are in each zone that has any. */
    static SortedMap<String, Integer> eligible(Eligible eligible) {
        SortedMap<String, Integer> counts = new TreeMap<>();
        for (int i = 0; i < eligible.size(); i++) {
            counts.merge(name(eligible.get(i).instance()), 1, Integer::sum);
        }
        return counts;
    }

    /** How many instances there are in each zone that has any, eligible or not. */
    static SortedMap<String, Integer> known(Eligible eligible) {
        SortedMap<String, Integer> counts = new TreeMap<>();
        for (ServiceInstance instance : eligible.known()) {
            counts.merge(name(instance), 1, Integer::sum);
        }
        return counts;
    }

    /** One of this zone; or of the next, the preferred zone first, if the call has tried all of its candidates. */
    Candidate pick(int zone, int preferred, PickRequest request) {
        if (request.excludedCount() == 0 || !parts[zone].exhausted(request)) {
            return parts[zone].pick(request);
        }
        if (!parts[preferred].exhausted(request)) {
            return parts[preferred].pick(request);
        }
        for (int i = 1; i < parts.length; i++) {
            Part next = parts[(zone + i) % parts.length];
            if (!next.exhausted(request)) {
                return next.pick(request);
            }
        }
        return parts[zone].pick(request);
    }
}
