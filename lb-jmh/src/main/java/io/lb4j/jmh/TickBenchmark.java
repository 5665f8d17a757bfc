package io.lb4j.jmh;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.Scheduler;
import io.lb4j.Strategy;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.discovery.StaticDiscovery;
import java.time.Duration;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a balancer does by itself: how long its scheduler is busy for each second that passes, with everything that looks for outliers,
 * stalls and slow instances at its default. Time is the benchmark's own, and so is the one thread that the balancer's work runs on.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
        value = 1,
        jvmArgs = {"-Xms512m", "-Xmx512m"})
@State(Scope.Benchmark)
public class TickBenchmark {
    private static final String SERVICE = "orders";
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Strategy IN_TURN = eligible -> {
        int[] next = {0};
        return request -> eligible.get(next[0]++ % eligible.size());
    };

    /** How many instances there are. */
    @Param({"10", "1000", "10000"})
    public int instances;

    /** How many calls end on each instance before its second is over; one of 101 fails, each time elsewhere. */
    @Param({"0", "10"})
    public int calls;

    private final StoppedTime time = new StoppedTime();
    private StaticDiscovery discovery;
    private LoadBalancer balancer;
    private int made;

    /** JMH makes it and sets the parameters. */
    @SuppressWarnings("NullAway.Init")
    public TickBenchmark() {}

    /** Makes a balancer that has seen its first snapshot. */
    @Setup
    public void open() {
        discovery = StaticDiscovery.builder()
                .service(SERVICE, Load.of(Policy.ROUND_ROBIN, instances).instances())
                .build();
        balancer = LoadBalancer.builder(SERVICE)
                .discovery(discovery)
                .strategy(IN_TURN)
                .scheduler(time)
                .ticker(() -> time.now)
                .build();
        time.pass(SECOND);
    }

    /** The calls of one second, which the clock of the benchmark leaves out. */
    @Setup(Level.Invocation)
    public void call() {
        for (int i = 0; i < calls * instances; i++) {
            balancer.acquire(PickRequest.plain()).close(made++ % 101 == 0 ? Outcome.SERVER_ERROR : Outcome.SUCCESS);
        }
        // Notes of failures, which the lane takes at once.
        time.pass(Duration.ZERO);
    }

    /** Lets a second pass. */
    @Benchmark
    public void second() {
        time.pass(SECOND);
    }

    /** How often something ran that was due. */
    long ticks() {
        return time.ran;
    }

    /** How many instances take no calls, which should be none. */
    long out() {
        return balancer.instances().stream()
                .filter(each -> each.ejections() > 0)
                .count();
    }

    /** Ends the balancer. */
    @TearDown
    public void close() {
        balancer.close();
        discovery.close();
    }

    /** Passes when told to, and runs what is due on the thread that tells. */
    private static final class StoppedTime implements Scheduler {
        private final PriorityQueue<Due> waiting =
                new PriorityQueue<>(Comparator.comparingLong(Due::at).thenComparingLong(Due::order));

        private long now;
        private long order;
        private long ran;

        private record Due(long at, long order, Runnable task) {}

        @Override
        public Task schedule(Runnable task, Duration delay) {
            Due due = new Due(now + delay.toNanos(), order++, task);
            waiting.add(due);
            return () -> waiting.remove(due);
        }

        void pass(Duration by) {
            long end = now + by.toNanos();
            for (Due due = waiting.peek(); due != null && due.at <= end; due = waiting.peek()) {
                waiting.remove();
                now = due.at;
                ran++;
                due.task.run();
            }
            now = end;
        }
    }
}
