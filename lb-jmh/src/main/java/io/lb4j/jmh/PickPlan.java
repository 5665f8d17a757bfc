package io.lb4j.jmh;

import io.lb4j.jmh.peers.Peers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Which picks are measured, and for how long each: as long as the whole may take, shared out equally. All libraries that
 * have a policy are measured one after the other, so that what else the machine does meanwhile does to all of them.
 */
final class PickPlan {
    private static final String LIBRARY = "lb4j";
    private static final String TIMED = "lb4j-timed";
    private static final String FLOOR = "floor";

    private static final Duration QUICK = Duration.ofSeconds(270);
    private static final Duration FULL = Duration.ofMinutes(45);

    /** Until a new JVM measures: starting it, and setting the contender up. */
    private static final double START_SECONDS = 0.8;

    private static final double LEAST_SECONDS = 0.3;
    private static final double MOST_SECONDS = 2;
    private static final int WARMUPS = 2;
    private static final int MEASUREMENTS = 5;

    /** The share of the time that goes into warming up. */
    private static final double WARMUP = 0.5;

    private final List<Batch> batches = new ArrayList<>();
    private final Duration limit;

    PickPlan(Command command) {
        limit = command.minutes() > 0 ? Duration.ofMinutes(command.minutes()) : command.quick() ? QUICK : FULL;
        List<Integer> all = List.of(3, 10, 100, 1_000, 10_000);
        if (command.quick()) {
            add(command, "pick", 1, List.of(1_000));
            add(command, "pick", 2, List.of(100));
            add(command, "call", 1, List.of(100));
        } else {
            for (int threads = 1; threads <= 2; threads++) {
                add(command, "pick", threads, all);
                // What a start and an end add does not depend on the number of instances.
                add(command, "call", threads, List.of(10, 1_000));
            }
        }
        if (batches.isEmpty()) {
            throw new IllegalArgumentException("--policy and --library: " + command.policies() + ", "
                    + command.libraries() + " (expected: a library that has the policy)");
        }
    }

    /**
     * What is measured in one go.
     *
     * @param libraries all that have the policy
     */
    record Batch(String method, int threads, Policy policy, List<String> libraries, List<Integer> sizes) {
        int trials() {
            return libraries.size() * sizes.size();
        }

        @Override
        public String toString() {
            return policy + ", " + method + ", " + threads + (threads == 1 ? " thread" : " threads");
        }
    }

    private void add(Command command, String method, int threads, List<Integer> sizes) {
        for (Policy policy : Policy.values()) {
            if (command.policies().isEmpty() || command.policies().contains(policy)) {
                List<String> libraries = libraries(method, policy, command.libraries());
                if (!libraries.isEmpty()) {
                    batches.add(new Batch(method, threads, policy, libraries, sizes));
                }
            }
        }
    }

    /** Those that have the policy, and can do by itself what the method measures. */
    static List<String> libraries(String method, Policy policy, Set<String> wanted) {
        boolean call = method.equals("call");
        List<String> libraries = new ArrayList<>(call ? List.of(LIBRARY, TIMED) : List.of(LIBRARY));
        Peers.having(policy).stream()
                .filter(peer -> call || Peers.picksAlone(peer))
                .forEach(libraries::add);
        libraries.add(FLOOR);
        if (!wanted.isEmpty()) {
            libraries.retainAll(wanted);
        }
        return libraries;
    }

    List<Batch> batches() {
        return batches;
    }

    int trials() {
        return batches.stream().mapToInt(Batch::trials).sum();
    }

    /** How long it will take, about. */
    Duration expected() {
        return expected(trials());
    }

    /** How long so many of them take, about. */
    Duration expected(int trials) {
        return Duration.ofSeconds(Math.round(trials * (START_SECONDS + seconds())));
    }

    /** How long one benchmark runs, warming up included. */
    double seconds() {
        double share = limit.toSeconds() / (double) trials() - START_SECONDS;
        return Math.max(LEAST_SECONDS, Math.min(MOST_SECONDS, share));
    }

    ChainedOptionsBuilder options(Batch batch) {
        double seconds = seconds();
        return new OptionsBuilder()
                .include("PickBenchmark." + batch.method() + "$")
                .threads(batch.threads())
                .forks(1)
                .warmupIterations(WARMUPS)
                .warmupTime(millis(seconds * WARMUP / WARMUPS))
                .measurementIterations(MEASUREMENTS)
                .measurementTime(millis(seconds * (1 - WARMUP) / MEASUREMENTS))
                .verbosity(VerboseMode.SILENT)
                .param("policy", batch.policy().name())
                .param("library", batch.libraries().toArray(String[]::new))
                .param(
                        "instances",
                        batch.sizes().stream()
                                .map(size -> Integer.toString(size))
                                .toArray(String[]::new));
    }

    private static TimeValue millis(double seconds) {
        return TimeValue.milliseconds(Math.round(seconds * 1000));
    }
}
