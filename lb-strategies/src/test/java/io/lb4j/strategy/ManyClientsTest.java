package io.lb4j.strategy;

import io.lb4j.LoadProbe;
import io.lb4j.Strategy;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

final class ManyClientsTest {
    private static void show(String name, double reporting, Function<LoadProbe, Strategy> strategy) {
        long t = System.nanoTime();
        ManyClients sim = new ManyClients(100, 100, 0.9, reporting, 1, strategy);
        double mean = sim.run(200_000);
        System.out.printf(
                "%-40s rep=%.1f T=%.3f probes=%.2f %.1fs%n",
                name, reporting, mean, sim.probesPerCall(), (System.nanoTime() - t) / 1e9);
    }

    @Test
    void table() {

        for (double r : new double[] {1, .5, 0.1, 0}) {
            show("least blended", r, p -> Strategies.leastRequest(LoadMeasure.blended()));
            show("p2c blended", r, p -> Strategies.powerOfTwoChoices(LoadMeasure.blended()));
        }
    }
}
