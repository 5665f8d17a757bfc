package io.lb4j.jmh;

import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * What every contender for a policy is measured with: the same weights, the same calls in flight when it begins, the
 * same keys in the same order. The seed is fixed, so that runs can be compared.
 *
 * @param weights one for each instance; all 1 unless the policy is about weights
 * @param inFlight calls that stay in flight on each instance throughout; without them load-aware policies would compare
 *     zeros, which any branch predictor learns
 * @param requests drawn beforehand, so that no key is hashed while the clock runs; a power of two of them
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Load(double[] weights, int[] inFlight, PickRequest[] requests) {
    /** The address of every instance. */
    public static final String HOST = "10.0.0.1";

    private static final long SEED = 0x1b4;

    /** Few enough to stay in the nearest cache, as the one request of a real call does. */
    private static final int KEYS = 1 << 10;

    private static final int MAX_IN_FLIGHT = 4;
    private static final int FIRST_PORT = 10_000;

    public static Load of(Policy policy, int instances) {
        SplittableRandom random = new SplittableRandom(SEED);
        double[] weights = new double[instances];
        int[] inFlight = new int[instances];
        for (int i = 0; i < instances; i++) {
            weights[i] = policy.weighted() ? 1 + i % 5 : 1;
            inFlight[i] = random.nextInt(MAX_IN_FLIGHT);
        }
        PickRequest[] requests = new PickRequest[KEYS];
        for (int i = 0; i < KEYS; i++) {
            requests[i] = policy.keyed() ? PickRequest.ofHash(random.nextLong()) : PickRequest.plain();
        }
        return new Load(weights, inFlight, requests);
    }

    /** What the n-th operation of a thread asks for. */
    public PickRequest request(int n) {
        return requests[n & (KEYS - 1)];
    }

    /** How many instances there are. */
    public int size() {
        return weights.length;
    }

    /** The port by which an instance is told from the others, which all have the address {@link #HOST}. */
    public static int port(int index) {
        return FIRST_PORT + index;
    }

    /** Which instance has that port. */
    public static int indexOf(int port) {
        return port - FIRST_PORT;
    }

    List<ServiceInstance> instances() {
        List<ServiceInstance> instances = new ArrayList<>();
        for (int i = 0; i < weights.length; i++) {
            instances.add(instance(i).weight(weights[i]).build());
        }
        return instances;
    }

    /** The same instance, of which something else is said now. */
    static ServiceInstance changed(ServiceInstance instance) {
        return instance.toBuilder().metadata(Map.of("revision", "2")).build();
    }

    private static ServiceInstance.Builder instance(int index) {
        return ServiceInstance.builder(HOST, port(index));
    }
}
