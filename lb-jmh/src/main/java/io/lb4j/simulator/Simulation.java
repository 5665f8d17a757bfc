package io.lb4j.simulator;

import io.lb4j.Strategy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;

/**
 * Algorithms in scenarios: each of one in each of the others, on as many processors as there are. The same seed gives the
 * same results, whatever the machine.
 *
 * <pre>{@code
 * Report report = Simulation.compare(myStrategy).with(Scenarios.all()).report(Path.of("report.html"));
 * System.out.println(report.markdown());
 * }</pre>
 *
 * <p>Every algorithm meets the same calls at the same times with the same work. Immutable.
 */
public final class Simulation {
    private static final long SEED = 1;

    private final List<Algorithm> algorithms;
    private final List<Scenario> scenarios;
    private final long seed;

    private Simulation(List<Algorithm> algorithms, List<Scenario> scenarios, long seed) {
        this.algorithms = List.copyOf(algorithms);
        this.scenarios = List.copyOf(scenarios);
        this.seed = seed;
    }

    /** A strategy, called {@code mine}, beside the default and the bounds. */
    public static Simulation compare(Strategy strategy) {
        return compare("mine", strategy);
    }

    /** A strategy beside the default and the bounds. */
    public static Simulation compare(String name, Strategy strategy) {
        return of(
                Algorithm.of(name, strategy),
                Algorithm.byDefault(),
                Algorithm.shortestQueue(),
                Algorithm.centralQueue());
    }

    /**
     * These, and no others.
     *
     * @throws IllegalArgumentException if two have the same name
     */
    public static Simulation of(Algorithm... algorithms) {
        Set<String> names = new HashSet<>();
        for (Algorithm algorithm : algorithms) {
            if (!names.add(algorithm.name())) {
                throw new IllegalArgumentException(
                        "algorithm: " + algorithm + " twice (expected: each by a name of its own)");
            }
        }
        return new Simulation(List.of(algorithms), List.of(), SEED);
    }

    /** The same in these scenarios. */
    public Simulation with(List<Scenario> value) {
        return new Simulation(algorithms, value, seed);
    }

    /** The same with other chances; default 1. */
    public Simulation seed(long value) {
        return new Simulation(algorithms, scenarios, value);
    }

    /** Runs all, and says nothing on the way. */
    public Report run() {
        return run((done, all) -> {});
    }

    /**
     * Runs all, shows on the error stream how long it will take still, and writes what came of it to a file: an HTML page with
     * pictures that needs no other file.
     *
     * @param file is replaced if it is there; the directories above it are made
     * @throws UncheckedIOException if it can't be written
     */
    public Report report(Path file) {
        Report report = run(ProgressBar.onErrorStream());
        try {
            Path directory = file.toAbsolutePath().getParent();
            if (directory != null) {
                Files.createDirectories(directory);
            }
            Files.writeString(file, report.html());
        } catch (IOException e) {
            throw new UncheckedIOException("report: " + file + ": " + e.getMessage(), e);
        }
        return report;
    }

    /**
     * Runs all.
     *
     * @param progress told of each run that is done: how many of how many
     * @throws IllegalStateException if a run failed, naming it
     */
    public Report run(BiConsumer<Integer, Integer> progress) {
        AtomicInteger done = new AtomicInteger();

        List<Callable<Result>> runs = new ArrayList<>();
        for (Scenario scenario : scenarios) {
            for (Algorithm algorithm : algorithms) {
                if (algorithm.appliesTo(scenario)) {
                    runs.add(
                            () -> one(scenario, algorithm, () -> progress.accept(done.incrementAndGet(), runs.size())));
                }
            }
        }
        ExecutorService threads =
                Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors(), task -> {
                    Thread thread = new Thread(task, "simulation");
                    thread.setDaemon(true);
                    return thread;
                });
        try {
            List<Result> results = new ArrayList<>();
            for (Future<Result> each : threads.invokeAll(runs)) {
                results.add(each.get());
            }
            return new Report(results);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("simulation: interrupted (expected: to run to its end)", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("simulation: " + e.getMessage(), e);
        } finally {
            threads.shutdownNow();
        }
    }

    private Result one(Scenario scenario, Algorithm algorithm, Runnable progress) {
        try {
            Result result = Run.of(scenario, algorithm, seed);
            progress.run();
            return result;
        } catch (RuntimeException e) {
            throw new IllegalStateException(algorithm + " in " + scenario.name() + ": " + e, e);
        }
    }
}
