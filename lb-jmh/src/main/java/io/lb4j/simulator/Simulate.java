package io.lb4j.simulator;

import io.lb4j.simulator.published.Published;
import io.lb4j.strategy.Strategies;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * Runs the standard suite: the default, other strategies of this library and of other balancers, and the bounds, in every
 * scenario. Writes {@code
 * simulation.md} and {@code simulation.json} into the directory given, or prints the tables.
 */
public final class Simulate {
    private Simulate() {}

    /** The standard suite. */
    static Simulation suite() {
        List<Algorithm> all = new ArrayList<>(List.of(
                Algorithm.byDefault(),
                Algorithm.of("adaptive", Strategies.adaptive()),
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
     * @param args the directory to write to, or nothing
     */
    public static void main(String[] args) throws IOException {
        Report report = suite().run(progress(System.err));
        System.err.println();
        if (args.length == 0) {
            System.out.print(report.markdown());
        } else {
            Path directory = Files.createDirectories(Path.of(args[0]));
            Files.writeString(directory.resolve("simulation.md"), report.markdown());
            Files.writeString(directory.resolve("simulation.json"), report.json());
        }
    }

    private static BiConsumer<Integer, Integer> progress(PrintStream out) {
        long began = System.nanoTime();
        return (done, all) -> {
            double seconds = (System.nanoTime() - began) / 1e9;
            int bar = 40 * done / all;
            out.printf(
                    "\r[%s%s] %d of %d runs, about %.0f s left ",
                    "#".repeat(bar), "-".repeat(40 - bar), done, all, seconds / done * (all - done));
        };
    }
}
