package io.lb4j.verifier;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/** The mistakes of {@link Broken} that concern keys. */
final class BrokenKeys {
    private BrokenKeys() {}

    static Strategy byDiscoveryOrder() {
        return byHash(BrokenKeys::candidates);
    }

    static Strategy dividesKeys() {
        return byHash(BrokenKeys::sorted);
    }

    private static Strategy byHash(Function<Eligible, List<Candidate>> order) {
        return eligible -> {
            List<Candidate> ordered = order.apply(eligible);
            return request -> {
                int start = (int) Long.remainderUnsigned(
                        request.hasHash() ? request.hash() : eligible.random().nextLong(), ordered.size());
                for (int i = 0; i < ordered.size(); i++) {
                    Candidate next = ordered.get((start + i) % ordered.size());
                    if (!request.excludes(next)) {
                        return next;
                    }
                }
                return ordered.get(start);
            };
        };
    }

    private static List<Candidate> sorted(Eligible eligible) {
        List<Candidate> sorted = candidates(eligible);
        sorted.sort(Comparator.comparing(each -> each.instance().id()));
        return sorted;
    }

    static List<Candidate> candidates(Eligible eligible) {
        List<Candidate> all = new ArrayList<>();
        for (int i = 0; i < eligible.size(); i++) {
            all.add(eligible.get(i));
        }
        return all;
    }

    static Strategy drawsPlaces() {
        StateKey<Map<Long, Candidate>> key = StateKey.create("places");
        return eligible -> {
            Map<Long, Candidate> places = eligible.state(key, ConcurrentHashMap::new);
            Picker uniform = Sound.uniformPicker(eligible);
            return request -> request.hasHash()
                    ? places.computeIfAbsent(request.hash(), hash -> uniform.pick(request))
                    : uniform.pick(request);
        };
    }

    static Strategy insists() {
        Strategy affinity = Sound.affinity();
        return eligible -> {
            Picker picker = affinity.newPicker(eligible);
            return request -> picker.pick(request.hasHash() ? PickRequest.ofHash(request.hash()) : request);
        };
    }

    static Strategy favourite() {
        return eligible -> {
            List<Candidate> sorted = sorted(eligible);
            return request -> {
                for (Candidate each : sorted) {
                    if (!request.excludes(each)) {
                        return each;
                    }
                }
                return sorted.get(0);
            };
        };
    }

    static Strategy leavesKeys() {
        StateKey<Map<Long, Candidate>> key = StateKey.create("places");
        Strategy affinity = Sound.affinity();
        return eligible -> {
            Map<Long, Candidate> places = eligible.state(key, ConcurrentHashMap::new);
            Picker picker = affinity.newPicker(eligible);
            List<Candidate> candidates = candidates(eligible);
            return request -> {
                Candidate place = request.hasHash() && request.attempt() == 0 ? places.get(request.hash()) : null;
                if (place == null || !candidates.contains(place)) {
                    place = picker.pick(request);
                    places.put(request.hash(), place);
                }
                return place;
            };
        };
    }
}
