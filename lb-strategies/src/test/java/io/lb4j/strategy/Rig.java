package io.lb4j.strategy;

import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.ServiceInstance;
import io.lb4j.Strategy;
import io.lb4j.balancer.Lease;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.balancer.LoadBalancerListener;
import io.lb4j.health.OutlierDetection;
import io.lb4j.health.SlowStart;
import io.lb4j.testing.ManualDiscovery;
import io.lb4j.testing.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.random.RandomGenerator;

/** A strategy in the balancer that ships, on virtual time, with instances named by their port. */
final class Rig implements AutoCloseable {
    static final int FIRST_PORT = 1001;
    private static final String SERVICE = "orders";

    final VirtualTime time = new VirtualTime();
    final ManualDiscovery discovery = new ManualDiscovery();
    final List<Throwable> faults = new CopyOnWriteArrayList<>();
    final Strategy strategy;
    final LoadBalancer balancer;

    /** The strategy's picker as the balancer uses it, and the set it was made for. */
    volatile Picker picker;

    volatile Eligible eligible;

    Rig(Strategy strategy, long seed) {
        this(strategy, new SplittableRandom(seed));
    }

    Rig(Strategy strategy, RandomGenerator random) {
        this.strategy = strategy;
        balancer = LoadBalancer.builder(SERVICE)
                .discovery(discovery)
                .strategy(set -> {
                    Picker made = strategy.newPicker(set);
                    eligible = set;
                    picker = made;
                    return made;
                })
                .ticker(time)
                .scheduler(time)
                .random(random)
                .slowStart(SlowStart.OFF)
                .outlierDetection(OutlierDetection.OFF)
                .firstSnapshotTimeout(Duration.ZERO)
                .listener(new LoadBalancerListener() {
                    @Override
                    public void onStrategyFailure(String service, Throwable error) {
                        faults.add(error);
                    }
                })
                .build();
    }

    static ServiceInstance instance(int index, double weight) {
        return ServiceInstance.builder("127.0.0.1", FIRST_PORT + index)
                .weight(weight)
                .build();
    }

    /** So many instances of weight 1. */
    static double[] equal(int n) {
        double[] weights = new double[n];
        Arrays.fill(weights, 1);
        return weights;
    }

    static List<ServiceInstance> instances(double... weights) {
        List<ServiceInstance> all = new ArrayList<>();
        for (int i = 0; i < weights.length; i++) {
            all.add(instance(i, weights[i]));
        }
        return all;
    }

    Rig set(List<ServiceInstance> instances) {
        discovery.set(SERVICE, instances);
        time.runDue();
        return this;
    }

    Rig set(double... weights) {
        return set(instances(weights));
    }

    static int index(ServiceInstance instance) {
        return instance.port() - FIRST_PORT;
    }

    /** The index of the instance that a call goes to which ends at once and says nothing. */
    int pick(PickRequest request) {
        try (Lease lease = balancer.acquire(request)) {
            return index(lease.instance());
        }
    }

    int pick() {
        return pick(PickRequest.plain());
    }

    int[] picks(int count) {
        int[] all = new int[count];
        for (int i = 0; i < count; i++) {
            all[i] = pick();
        }
        return all;
    }

    /** How often each of {@code n} instances came up. */
    long[] counts(int n, int picks) {
        long[] counts = new long[n];
        for (int i = 0; i < picks; i++) {
            counts[pick()]++;
        }
        return counts;
    }

    /** Where each of these keys goes. */
    Map<String, Integer> homes(int keys) {
        Map<String, Integer> homes = new LinkedHashMap<>();
        for (int i = 0; i < keys; i++) {
            homes.put("key-" + i, pick(PickRequest.ofKey("key-" + i)));
        }
        return homes;
    }

    @Override
    public void close() {
        balancer.close();
        time.runDue();
        if (!faults.isEmpty()) {
            throw new AssertionError("the strategy failed", faults.get(0));
        }
        if (time.pending() != 0) {
            throw new AssertionError(time.pending() + " tasks are left");
        }
    }
}
