package io.lb4j.balancer;

import io.lb4j.Candidate;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import java.util.random.RandomGenerator;

/** Divides calls among the levels that have a share of them, each with a picker of its own. */
final class PriorityPicker implements Picker {
    private final Picker[] pickers;

    /** The loads added up, in percent. */
    private final int[] upTo;

    private final RandomGenerator random;

    /** @param loads in percent; none is 0, and they add up to 100 */
    PriorityPicker(Picker[] pickers, int[] loads, RandomGenerator random) {
        this.pickers = pickers;
        this.upTo = new int[loads.length];
        this.random = random;
        int sum = 0;
        for (int i = 0; i < loads.length; i++) {
            sum += loads[i];
            upTo[i] = sum;
        }
    }

    @Override
    public Candidate pick(PickRequest request) {
        // By the key's hash, as Envoy does: a key must not go to the spare site for every third call.
        long spread = request.hasHash() ? request.hash() : random.nextLong();
        int percent = (int) Long.remainderUnsigned(spread, 100);
        int level = 0;
        while (percent >= upTo[level]) {
            level++;
        }
        Candidate picked = pickers[level].pick(request);
        if (request.excludedCount() == 0 || !request.excludes(picked)) {
            return picked;
        }
        for (int i = 0; i < pickers.length; i++) {
            Candidate other = i == level ? picked : pickers[i].pick(request);
            if (!request.excludes(other)) {
                return other;
            }
        }
        return picked;
    }
}
