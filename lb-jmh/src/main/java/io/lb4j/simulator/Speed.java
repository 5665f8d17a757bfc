package io.lb4j.simulator;

import com.sun.management.OperatingSystemMXBean;
import io.lb4j.simulator.published.Published;
import io.lb4j.strategy.Strategies;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/**
 * How many calls a processor simulates in a second, by algorithm. Prints a table.
 *
 * <p>By the processor time of the thread that simulates, so that other work on the machine counts little. The collector and the
 * compiler have threads of their own and are left out.
 */
public final class Speed {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private Speed() {}

    /** What so many calls took, in words; processor time of the collector and the compiler included. */
    static String told(long calls, long processorNanos) {
        return String.format(
                Locale.ROOT,
                "%d calls in %.1f s of processor time: %.0f a second",
                calls,
                processorNanos / 1e9,
                calls * 1e9 / processorNanos);
    }

    /** Of this program, all its threads. */
    static long processorNanos() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }

    /**
     * Measures it.
     *
     * @param args name of the scenario, else "100 clients, 100 servers, 90 %"
     */
    public static void main(String[] args) {
        Scenario scenario =
                Scenarios.named(args.length == 0 ? "100 clients, 100 servers, 90 %" : String.join(" ", args));
        List<Algorithm> algorithms = List.of(
                Algorithm.of("round robin", Strategies.roundRobin()),
                Algorithm.byDefault(),
                Algorithm.of("default, nothing but the choice", Strategies.defaultStrategy(), Algorithm.Settings.BARE),
                Algorithm.of("two choices", Strategies.powerOfTwoChoices()),
                Published.c3(scenario.clients(), Algorithm.Settings.DEFAULT),
                Published.prequal(),
                Algorithm.shortestQueue());
        new PrintStream(System.out, true, StandardCharsets.UTF_8).print(table(scenario, algorithms, 5));
    }

    /**
     * One line for each algorithm, in Markdown: the best of some runs, since what disturbs a run makes it slower and never faster.
     */
    static String table(Scenario scenario, List<Algorithm> algorithms, int runs) {
        StringBuilder text = new StringBuilder(
                "| " + scenario.name() + " | calls | processor s | calls / s of a processor |\n|---|---|---|---|\n");
        for (Algorithm algorithm : algorithms) {
            double least = Double.MAX_VALUE;
            long calls = 0;
            for (int i = 0; i < runs; i++) {
                long before = THREADS.getCurrentThreadCpuTime();
                calls = Run.of(scenario, algorithm, 1).simulated();
                least = Math.min(least, (THREADS.getCurrentThreadCpuTime() - before) / 1e9);
            }
            text.append(
                    String.format(Locale.ROOT, "| %s | %d | %.3f | %.0f |\n", algorithm, calls, least, calls / least));
        }
        return text.toString();
    }
}
