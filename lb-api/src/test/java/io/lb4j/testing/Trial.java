package io.lb4j.testing;

import io.lb4j.Eligible;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.ServiceInstance;
import io.lb4j.Strategy;
import io.lb4j.balancer.InstanceReport;
import io.lb4j.balancer.Lease;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.balancer.LoadBalancerListener;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * One balancer, the one that ships, with the strategy under test, on virtual time. The balancer serves a call whatever
 * its strategy does; here a strategy that fails, fails the call.
 */
final class Trial implements AutoCloseable {
    final VirtualTime time = new VirtualTime();
    private final ManualDiscovery discovery = new ManualDiscovery();
    final LoadBalancer balancer;

    private final String service;
    private final UnaryOperator<ServiceInstance> description;
    private final AtomicReference<@Nullable Throwable> fault = new AtomicReference<>();
    private volatile @Nullable Picker picker;
    private volatile @Nullable Eligible eligible;

    Trial(
            LoadBalancer.Builder settings,
            String service,
            Strategy strategy,
            RandomGenerator random,
            UnaryOperator<ServiceInstance> description) {
        this.service = service;
        this.description = description;
        this.balancer = settings.discovery(discovery)
                .strategy(set -> {
                    Picker made = strategy.newPicker(set);
                    eligible = set;
                    picker = made;
                    return made;
                })
                .ticker(time)
                .scheduler(time)
                .random(random)
                .firstSnapshotTimeout(Duration.ZERO)
                .listener(new LoadBalancerListener() {
                    @Override
                    public void onStrategyFailure(String name, Throwable error) {
                        fault.compareAndSet(null, error);
                    }
                })
                .build();
    }

    /** Has discovery deliver these instances, and the strategy make a picker if anything changed. */
    Trial set(List<ServiceInstance> instances) {
        deliver(instances);
        time.runDue();
        expectNoFault();
        return this;
    }

    /** Has discovery deliver these instances, whatever comes of it. */
    void deliver(List<ServiceInstance> instances) {
        discovery.set(service, instances.stream().map(this::described).toList());
    }

    private ServiceInstance described(ServiceInstance instance) {
        ServiceInstance described = description.apply(instance);
        Map<String, String> metadata = new HashMap<>(described.metadata());
        metadata.putAll(instance.metadata());
        return described.toBuilder().metadata(metadata).build();
    }

    Trial set(double... weights) {
        return set(Instances.of(weights));
    }

    void advance(Duration by) {
        time.advance(by);
        expectNoFault();
    }

    /** Starts a call. */
    Lease start(PickRequest request) {
        Lease lease = balancer.acquire(request);
        if (fault.get() != null) {
            lease.close();
            expectNoFault();
        }
        return lease;
    }

    /** The number of the instance that gets a call which ends at once and says nothing. */
    int call(PickRequest request) {
        return call(request, Outcome.IGNORED);
    }

    /** The number of the instance that gets a call which ends at once. */
    int call(PickRequest request, Outcome outcome) {
        Lease lease = start(request);
        lease.close(outcome);
        return Instances.number(lease.instance());
    }

    /** How often each of {@code n} instances comes up when calls without a key follow each other. */
    long[] counts(int n, int calls, Outcome outcome) {
        long[] counts = new long[n];
        for (int i = 0; i < calls; i++) {
            counts[call(PickRequest.plain(), outcome)]++;
        }
        return counts;
    }

    /** The instance of each of the keys 0, 1, 2 … */
    int[] homes(int keys) {
        int[] homes = new int[keys];
        for (int i = 0; i < keys; i++) {
            homes[i] = call(PickRequest.ofKey("key-" + i));
        }
        return homes;
    }

    /** The picker as the strategy made it, without the balancer's safety net. */
    Picker picker() {
        return Objects.requireNonNull(picker, "the strategy was never asked for a picker");
    }

    /** The set that {@link #picker()} was made for. */
    Eligible eligible() {
        return Objects.requireNonNull(eligible, "the strategy was never asked for a picker");
    }

    void expectNoFault() {
        Throwable error = fault.get();
        if (error != null) {
            String cause = error.getCause() == null ? "" : ": " + error.getCause();
            throw new AssertionError("the strategy failed, which the balancer made good: " + error + cause, error);
        }
    }

    void expectNothingInFlight() {
        for (InstanceReport each : balancer.instances()) {
            if (each.inFlight() != 0) {
                throw new AssertionError(
                        each.instance().id() + " has " + each.inFlight() + " calls in flight after all have ended");
            }
        }
    }

    @Override
    public void close() {
        balancer.close();
        time.runDue();
    }
}
