package io.lb4j.testing;

import io.lb4j.Strategy;
import java.util.SplittableRandom;

/** That nothing but the balancer's seed and the service's own events decides on a pick. */
final class SeparationChecks {
    private static final int STEPS = 5000;

    private SeparationChecks() {}

    static void repeatable(Given given) {
        expectSame(
                alone(given),
                alone(given),
                "when the same was done again with the same seed",
                "take randomness from Eligible.random() and time from Eligible.ticker(), and remember nothing but in"
                        + " Eligible.state() and Candidate.tracker()");
    }

    static void servicesApart(Given given) {
        expectSame(
                alone(given),
                inCompany(given),
                "when the strategy object served another service beside it",
                "keep state in Eligible.state() and Candidate.tracker(), not in the strategy or in static fields");
    }

    private static int[] alone(Given given) {
        int[] picks = new int[STEPS];
        try (Trial trial = given.calm()) {
            Scenario scenario = new Scenario(trial, 10, given.seed());
            for (int i = 0; i < STEPS; i++) {
                picks[i] = scenario.step();
            }
        }
        return picks;
    }

    private static int[] inCompany(Given given) {
        int[] picks = new int[STEPS];
        Strategy shared = given.strategy();
        try (Trial trial = given.calm(shared, new SplittableRandom(given.seed()));
                Trial other = given.calm("billing", shared, new SplittableRandom(given.seed() + 1))) {
            Scenario scenario = new Scenario(trial, 10, given.seed());
            Scenario otherScenario = new Scenario(other, 7, given.seed() + 1);
            for (int i = 0; i < STEPS; i++) {
                otherScenario.step();
                picks[i] = scenario.step();
            }
        }
        return picks;
    }

    private static void expectSame(int[] first, int[] second, String when, String advice) {
        for (int i = 0; i < STEPS; i++) {
            if (first[i] != second[i]) {
                throw new AssertionError("pick " + (i + 1) + " was instance " + first[i] + ", but " + second[i] + " "
                        + when + "; " + advice);
            }
        }
    }
}
