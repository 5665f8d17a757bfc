package io.lb4j.simulator;

import io.lb4j.simulator.published.Published;
import io.lb4j.strategy.Strategies;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs the standard suite: the default, other strategies of this library and of other balancers, and the bounds, in every
 * scenario. Writes {@code simulation.md} and {@code simulation.json} into the directory given and an HTML page to the file
 * given, or prints the tables; and on the error stream, how fast it was.
 */
public final class Simulate {
    private Simulate() {}

    /** The standard suite. */
    static Simulation suite() {
        List<Algorithm> all = new ArrayList<>(List.of(
                Algorithm.byDefault(),
                Algorithm.of("two choices", Strategies.powerOfTwoChoices()),
                Algorithm.of("least request", Strategies.leastRequest()),
                Algorithm.of("peak EWMA", Strategies.peakEwma()),
                Algorithm.of("weighted by response time", Strategies.weightedByResponseTime())));
        all.addAll(Published.all());
        all.add(Algorithm.shortestQueue());
        all.add(Algorithm.centralQueue());
        return Simulation.of(all.toArray(new Algorithm[0])).with(Scenarios.all());
    }

    /**
     * Runs it.
     *
     * @param args where to write to: a directory for the figures, and a file that ends in {@code .html} for the page with
     *     pictures; or nothing
     */
    public static void main(String[] args) throws IOException {
        long before = Speed.processorNanos();
        Report report = suite().run(ProgressBar.onErrorStream());
        System.err.println(Speed.told(report.simulated(), Speed.processorNanos() - before));
        for (String arg : args) {
            Path target = Path.of(arg);
            if (arg.endsWith(".html")) {
                Files.writeString(target, report.html());
            } else {
                Files.createDirectories(target);
                Files.writeString(target.resolve("simulation.md"), page(report));
                Files.writeString(target.resolve("simulation.json"), report.json());
            }
        }
        if (args.length == 0) {
            System.out.print(report.markdown());
        }
    }

    /** As it is committed. */
    static String page(Report report) {
        return "# Results of the standard suite\n\n"
                + "Made by `Simulate` (docs/simulator.md), seed 1. Bounds in italics.\n\n" + report.markdown();
    }
}
