package io.lb4j.testing;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.balancer.Lease;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** That idle instances get their shares, and are idle when all calls have ended. */
final class ShareChecks {
    private static final int CALLS = 1_000_000;
    private static final int FEW_CALLS = 200_000;

    /** So few that what is left of the turmoil isn't outweighed by them. */
    private static final int CALLS_AFTER_TURMOIL = 20_000;

    private static final double[] WEIGHTS = {5, 1, 3, 1, 2};

    private ShareChecks() {}

    static void shares(Given given) {
        expectShares(given, CALLS, 1, 2, 3);
        expectShares(given, CALLS, Instances.equal(10));
        double[][] odd = {{1, 1}, {5, 1, 1}, {0.5, 0.25, 1.7}, {1, 1000}, {1e-3, 1, 1e-2, 10}, {Math.PI, Math.E}};
        for (double[] weights : odd) {
            expectShares(given, FEW_CALLS, weights);
        }
        expectShares(given, FEW_CALLS, Instances.mixed(100));
    }

    private static void expectShares(Given given, int calls, double... weights) {
        try (Trial trial = given.calm().set(weights)) {
            given.expectShares(trial.counts(weights.length, calls, Outcome.IGNORED), weights);
        }
    }

    static void countsReturn(Given given) {
        RandomGenerator events = new SplittableRandom(~given.seed());
        try (Trial trial = given.calm().set(WEIGHTS)) {
            turmoil(trial, events);
            trial.expectNothingInFlight();
            if (given.claimsShares()) {
                expectSharesAfterTurmoil(given, trial);
            }
        }
    }

    /**
     * No call takes any time or fails, so that there is nothing to be learnt from them. Calls are cancelled on one
     * instance only: what cancelled calls leave behind on all of them alike wouldn't show.
     */
    private static void turmoil(Trial trial, RandomGenerator events) {
        List<Lease> open = new ArrayList<>();
        for (int i = 0; i < 20_000; i++) {
            PickRequest request = events.nextInt(3) > 0 ? PickRequest.plain() : PickRequest.ofHash(events.nextLong());
            Lease lease = trial.start(request);
            open.add(lease);
            if (events.nextInt(4) == 0) {
                open.add(trial.start(request.nextAttempt(lease.candidate())));
            }
            if (events.nextInt(10) == 0) {
                trial.balancer.explain(request);
            }
            while (open.size() > 40) {
                end(open.remove(events.nextInt(open.size())), events);
            }
        }
        open.forEach(lease -> end(lease, events));
    }

    private static void end(Lease lease, RandomGenerator events) {
        boolean cancelled = Instances.number(lease.instance()) == 0 && events.nextBoolean();
        lease.close(cancelled ? Outcome.IGNORED : Outcome.SUCCESS);
        lease.close(Outcome.IGNORED);
    }

    private static void expectSharesAfterTurmoil(Given given, Trial trial) {
        try {
            given.expectShares(trial.counts(WEIGHTS.length, CALLS_AFTER_TURMOIL, Outcome.SUCCESS), WEIGHTS);
        } catch (AssertionError e) {
            throw new AssertionError(
                    "after 25,000 calls, some of them cancelled, tried again or only explained, all of which ended: "
                            + e.getMessage(),
                    e);
        }
    }
}
