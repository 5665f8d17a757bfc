package io.lb4j.balancer;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.Strategy;
import io.lb4j.health.OutlierDetection;
import io.lb4j.testing.ManualDiscovery;
import io.lb4j.testing.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** A service "orders" in virtual time, with everything that a listener heard. */
final class Rig {
    static final Strategy UNIFORM =
            eligible -> request -> eligible.get(eligible.random().nextInt(eligible.size()));

    /** Instances come back when their time is over, and not by a trial: for tests of what happens before or after that. */
    static final OutlierDetection UNTRIED = untried().build();

    final VirtualTime time = new VirtualTime();
    final ManualDiscovery discovery = new ManualDiscovery();
    final Events events = new Events();

    static OutlierDetection.Builder untried() {
        return OutlierDetection.builder().trialInterval(Duration.ZERO);
    }

    static ServiceInstance instance(String id, int port) {
        return ServiceInstance.builder("127.0.0.1", port).id(id).build();
    }

    /** Instances a, b, c ... on ports 1001, 1002, 1003 ... */
    static List<ServiceInstance> instances(int count) {
        List<ServiceInstance> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(instance(count <= 26 ? String.valueOf((char) ('a' + i)) : "i" + i, 1001 + i));
        }
        return all;
    }

    LoadBalancer.Builder builder() {
        return LoadBalancer.builder("orders")
                .discovery(discovery)
                .strategy(UNIFORM)
                .ticker(time)
                .scheduler(time)
                .outlierDetection(UNTRIED)
                .random(new SplittableRandom(1))
                .listener(events)
                .firstSnapshotTimeout(Duration.ZERO);
    }

    void set(ServiceInstance... instances) {
        set(List.of(instances));
    }

    void set(List<ServiceInstance> instances) {
        discovery.set("orders", instances);
        time.runDue();
    }

    void advanceMillis(long millis) {
        time.advance(Duration.ofMillis(millis));
    }

    /** Where {@code calls} calls go, each ended with success. */
    Map<String, Integer> picks(LoadBalancer balancer, int calls) {
        Map<String, Integer> counts = new TreeMap<>();
        for (int i = 0; i < calls; i++) {
            Lease lease = balancer.acquire(PickRequest.plain());
            counts.merge(lease.instance().id(), 1, Integer::sum);
            lease.close();
        }
        return counts;
    }

    /** Ends calls that went to one instance, whatever the strategy would pick. */
    static void end(LoadBalancer balancer, String id, int calls, Outcome outcome) {
        for (int i = 0; i < calls; i++) {
            leaseOn(balancer, id).close(outcome);
        }
    }

    void fail(LoadBalancer balancer, String id, int calls) {
        end(balancer, id, calls, Outcome.CONNECT_FAILURE);
        time.runDue();
    }

    static Lease leaseOn(LoadBalancer balancer, String id) {
        for (int i = 0; i < 10_000; i++) {
            Lease lease = balancer.acquire(PickRequest.plain());
            if (lease.instance().id().equals(id)) {
                return lease;
            }
            lease.close();
        }
        throw new AssertionError("no call goes to " + id + ": " + balancer.explain(PickRequest.plain()));
    }

    static InstanceReport report(LoadBalancer balancer, String id) {
        return balancer.instances().stream()
                .filter(r -> r.instance().id().equals(id))
                .findFirst()
                .orElseThrow();
    }

    static InstanceReport.State state(LoadBalancer balancer, String id) {
        return report(balancer, id).state();
    }

    /** What a listener heard, one line each. */
    static final class Events implements LoadBalancerListener {
        final List<String> lines = new ArrayList<>();
        final List<Throwable> errors = new ArrayList<>();

        List<String> drain() {
            List<String> all = List.copyOf(lines);
            lines.clear();
            return all;
        }

        @Override
        public void onInstances(String service, List<ServiceInstance> instances) {
            lines.add("instances " + instances.size());
        }

        @Override
        public void onEmptyList(String service, Duration grace) {
            lines.add("empty list, for " + grace);
        }

        @Override
        public void onUnknownService(String service, String detail) {
            lines.add("unknown " + detail);
        }

        @Override
        public void onDiscoveryError(String service, Throwable error) {
            lines.add("error " + error.getMessage());
            errors.add(error);
        }

        @Override
        public void onEjected(String service, ServiceInstance instance, String reason, Duration duration) {
            lines.add("ejected " + instance.id() + " " + duration + " " + reason);
        }

        @Override
        public void onOverloaded(String service, ServiceInstance instance, Duration duration) {
            lines.add("overloaded " + instance.id() + " " + duration);
        }

        @Override
        public void onReturned(String service, ServiceInstance instance) {
            lines.add("returned " + instance.id());
        }

        @Override
        public void onEndpointEjected(
                String service, ServiceInstance instance, String endpoint, String reason, Duration duration) {
            lines.add("ejected " + instance.id() + " for " + endpoint + " " + duration + " " + reason);
        }

        @Override
        public void onEndpointReturned(String service, ServiceInstance instance, String endpoint) {
            lines.add("returned " + instance.id() + " for " + endpoint);
        }

        @Override
        public void onHealthChanged(String service, ServiceInstance instance, boolean healthy, String detail) {
            lines.add((healthy ? "healthy " : "unhealthy ") + instance.id() + " " + detail);
        }

        @Override
        public void onPanic(String service, boolean panicking) {
            lines.add("panic " + panicking);
        }

        @Override
        public void onStrategyFailure(String service, Throwable error) {
            lines.add("strategy " + error.getMessage());
            errors.add(error);
        }
    }
}
