package io.lb4j.testing;

import io.lb4j.ServiceInstance;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/** Instances that are known by a number, which is their port. */
final class Instances {
    private static final int FIRST_PORT = 1001;

    private Instances() {}

    static ServiceInstance.Builder builder(int number) {
        return ServiceInstance.builder("127.0.0.1", FIRST_PORT + number);
    }

    static int number(ServiceInstance instance) {
        return instance.port() - FIRST_PORT;
    }

    /** Instances 0, 1, 2 … of these weights. */
    static List<ServiceInstance> of(double... weights) {
        List<ServiceInstance> all = new ArrayList<>(weights.length);
        for (int i = 0; i < weights.length; i++) {
            all.add(builder(i).weight(weights[i]).build());
        }
        return all;
    }

    /** So many weights of 1. */
    static double[] equal(int n) {
        double[] weights = new double[n];
        Arrays.fill(weights, 1);
        return weights;
    }

    /** The weights 1, 2, 3, 1, 2, 3 … */
    static double[] mixed(int n) {
        double[] weights = new double[n];
        Arrays.setAll(weights, i -> 1 + i % 3);
        return weights;
    }

    /** The same with something new said of the first, which is all it takes to have a new picker made. */
    static List<ServiceInstance> described(List<ServiceInstance> instances, String description) {
        List<ServiceInstance> all = new ArrayList<>(instances);
        all.set(
                0,
                all.get(0).toBuilder()
                        .metadata(Map.of("described", description))
                        .build());
        return all;
    }

    static List<ServiceInstance> without(List<ServiceInstance> instances, int index) {
        List<ServiceInstance> fewer = new ArrayList<>(instances);
        fewer.remove(index);
        return fewer;
    }

    static List<ServiceInstance> shuffled(List<ServiceInstance> instances, RandomGenerator random) {
        List<ServiceInstance> all = new ArrayList<>(instances);
        for (int i = all.size() - 1; i > 0; i--) {
            Collections.swap(all, i, random.nextInt(i + 1));
        }
        return all;
    }

    /** One or more of them, in any order. */
    static List<ServiceInstance> some(List<ServiceInstance> instances, RandomGenerator random) {
        return shuffled(instances, random).subList(0, 1 + random.nextInt(instances.size()));
    }
}
