package io.lb4j.testing;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import java.util.List;
import java.util.SplittableRandom;

/** That what a strategy remembers belongs to instances and services, not to pickers. */
final class StateChecks {
    private static final int SETTLED = 10;
    private static final int PICKERS = 30;
    private static final int CALLS = 400;

    private StateChecks() {}

    static void stateKept(Given given) {
        expectNoNewKeys(given);
        if (given.claimsShares()) {
            expectSharesWithAPickerPerCall(given);
        }
    }

    private static void expectNoNewKeys(Given given) {
        StateSpy spy = new StateSpy(given.strategy());
        List<ServiceInstance> all = Instances.of(Instances.mixed(5));
        int settled = 0;
        try (Trial trial = given.calm(spy, new SplittableRandom(given.seed()))) {
            for (int i = 0; i < PICKERS; i++) {
                settled = i == SETTLED ? spy.keys() : settled;
                trial.set(Instances.described(all, "for picker " + i));
                trial.counts(all.size(), 10, Outcome.SUCCESS);
                trial.homes(10);
            }
        }
        int added = spy.keys() - settled;
        if (added > 0) {
            throw new AssertionError("with " + (PICKERS - SETTLED) + " new pickers came " + added
                    + " new state keys, so that nothing is remembered and trackers pile up; "
                    + "create a StateKey once, in a field of the strategy");
        }
    }

    /** A rotation that began anew with every picker would have the first instance serve all calls. */
    private static void expectSharesWithAPickerPerCall(Given given) {
        double[] weights = {1, 2, 3, 2};
        List<ServiceInstance> all = Instances.of(weights);
        long[] counts = new long[weights.length];
        try (Trial trial = given.calm()) {
            for (int i = 0; i < CALLS; i++) {
                trial.set(Instances.described(all, "for call " + i));
                counts[trial.call(PickRequest.plain())]++;
            }
        }
        try {
            given.expectShares(counts, weights);
        } catch (AssertionError e) {
            throw new AssertionError("with a new picker for every call " + e.getMessage(), e);
        }
    }
}
