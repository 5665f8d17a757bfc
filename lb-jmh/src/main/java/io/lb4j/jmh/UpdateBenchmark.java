package io.lb4j.jmh;

import io.lb4j.Eligible;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.ServiceInstance;
import io.lb4j.Strategy;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.discovery.StaticDiscovery;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
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
 * How long discovery's news take to reach callers: one instance of many is replaced, and the clock runs until a call is
 * picked by a picker that knows it. The engine's own scheduler, slow start and all else at their defaults.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgs = {"-Xms1g", "-Xmx1g"})
@State(Scope.Benchmark)
public class UpdateBenchmark {
    private static final String SERVICE = "orders";
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long GIVE_UP_NANOS = TimeUnit.SECONDS.toNanos(60);

    /** The policy, named as the factory in {@code Strategies} is. */
    @Param
    public Policy policy;

    /** How many instances there are, of which one is replaced. */
    @Param("10000")
    public int instances;

    private Watched watched;
    private StaticDiscovery discovery;
    private LoadBalancer balancer;
    private List<ServiceInstance> next;
    private List<ServiceInstance> afterNext;

    /** JMH makes it and sets the parameters. */
    @SuppressWarnings("NullAway.Init")
    public UpdateBenchmark() {}

    /** Makes a balancer that has seen its first snapshot. */
    @Setup
    public void open() {
        next = Load.of(policy, instances).instances();
        afterNext = new ArrayList<>(next);
        afterNext.set(
                instances / 2,
                ServiceInstance.builder("10.0.0.2", 80)
                        .weight(next.get(instances / 2).weight())
                        .build());
        watched = new Watched(policy.strategy());
        discovery = StaticDiscovery.builder().service(SERVICE, afterNext).build();
        balancer = LoadBalancer.builder(SERVICE)
                .discovery(discovery)
                .strategy(watched)
                .build();
        balancer.acquire(PickRequest.plain()).close(Outcome.SUCCESS);
    }

    /** Replaces an instance and waits until a call is picked by a picker that knows the new one. */
    @Benchmark
    public void replaceOne() {
        watched.waiting = Thread.currentThread();
        ServiceInstance expected = next.get(instances / 2);
        discovery.set(SERVICE, next);
        long start = System.nanoTime();
        while (!expected.equals(watched.picked)) {
            if (expected.equals(watched.made)) {
                balancer.acquire(PickRequest.plain()).close(Outcome.SUCCESS);
            } else {
                if (System.nanoTime() - start > GIVE_UP_NANOS) {
                    throw new IllegalStateException(policy + ": no new picker (expected: one for each change)");
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
        List<ServiceInstance> swapped = next;
        next = afterNext;
        afterNext = swapped;
    }

    /** Ends the balancer. */
    @TearDown
    public void close() {
        balancer.close();
        discovery.close();
    }

    /** Tells which instance, of those that take each other's place, the newest picker has and the one asked last had. */
    private static final class Watched implements Strategy {
        private final Strategy strategy;

        /** Written by the thread that calls. */
        volatile @Nullable Thread waiting;

        /** Written by the lane. */
        volatile @Nullable ServiceInstance made;

        /** Written by the thread that calls. */
        volatile @Nullable ServiceInstance picked;

        Watched(Strategy strategy) {
            this.strategy = strategy;
        }

        @Override
        public Picker newPicker(Eligible eligible) {
            Picker picker = strategy.newPicker(eligible);
            ServiceInstance replaced = eligible.get(eligible.size() / 2).instance();
            made = replaced;
            LockSupport.unpark(waiting);
            return request -> {
                picked = replaced;
                return picker.pick(request);
            };
        }
    }
}
