package io.lb4j.strategy.decorator;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.ServiceInstance;
import io.lb4j.Strategy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/** Some of the candidates with a picker for themselves. */
final class Part implements Picker {
    /** How often a strategy that does not look at what a call has tried is asked again. */
    private static final int MAX_PICKS = 3;

    private final Candidate[] candidates;
    private final Picker picker;

    private Part(Candidate[] candidates, Picker picker) {
        this.candidates = candidates;
        this.picker = picker;
    }

    /**
     * Those of the candidates that {@code member} takes, under a scope.
     *
     * @throws IllegalArgumentException if there are none
     */
    static Part of(Eligible eligible, Object scope, Predicate<ServiceInstance> member, Strategy strategy) {
        List<Candidate> chosen = new ArrayList<>();
        double[] weights = new double[eligible.size()];
        for (int i = 0; i < eligible.size(); i++) {
            if (member.test(eligible.get(i).instance())) {
                weights[chosen.size()] = eligible.weight(i);
                chosen.add(eligible.get(i));
            }
        }
        List<ServiceInstance> known = eligible.known().stream().filter(member).toList();
        Eligible selection = eligible.select(scope, chosen, Arrays.copyOf(weights, chosen.size()));
        return new Part(chosen.toArray(new Candidate[0]), strategy.newPicker(new Narrowed(selection, known)));
    }

    /** Whether the call has tried all of them. */
    boolean exhausted(PickRequest request) {
        if (request.excludedCount() < candidates.length) {
            return false;
        }
        for (Candidate candidate : candidates) {
            if (!request.excludes(candidate)) {
                return false;
            }
        }
        return true;
    }

    /** One the call has not tried, if there is one: the balancer would look for it outside of the part. */
    @Override
    public Candidate pick(PickRequest request) {
        Candidate picked = picker.pick(request);
        if (request.excludedCount() == 0 || !request.excludes(picked)) {
            return picked;
        }
        for (int i = 1; i < MAX_PICKS; i++) {
            Candidate again = picker.pick(request);
            if (!request.excludes(again)) {
                return again;
            }
        }
        for (Candidate candidate : candidates) {
            if (!request.excludes(candidate)) {
                return candidate;
            }
        }
        return picked;
    }
}
