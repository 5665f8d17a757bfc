package io.lb4j.jmh;

import io.lb4j.Eligible;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.Scheduler;
import io.lb4j.ServiceInstance;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Tracker;
import io.lb4j.balancer.Lease;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.discovery.StaticDiscovery;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A shipped strategy in the engine that ships. The picker measured is the very object the engine asks: it is caught
 * when the strategy makes it, and nothing stays wrapped around it.
 */
final class Lb4jContender implements Contender {
    private static final String SERVICE = "orders";

    private final Load load;
    private final Lane lane = new Lane();
    private final StaticDiscovery discovery;
    private final LoadBalancer balancer;
    private final Picker picker;
    private final List<Lease> open = new ArrayList<>();

    /**
     * Makes the balancer and brings its instances under load.
     *
     * @param timed whether to add a tracker that does nothing, for which the engine reads the clock twice in a call
     */
    Lb4jContender(Policy policy, Load load, boolean timed) {
        this.load = load;
        List<ServiceInstance> instances = load.instances();
        Staged strategy = new Staged(policy.strategy(), timed);
        discovery = StaticDiscovery.builder().service(SERVICE, instances).build();
        balancer = LoadBalancer.builder(SERVICE)
                .discovery(discovery)
                .strategy(strategy)
                .scheduler(Scheduler.of(lane.executor()))
                .build();
        lane.await(strategy::staged);
        bringUnderLoad();
        // Who serves stays the same, what is known of one changes: the engine has a picker made over the same
        // candidates.
        instances.set(0, Load.changed(instances.get(0)));
        discovery.set(SERVICE, instances);
        lane.await(strategy::live);
        picker = strategy.lastMade();
    }

    @Override
    public Object pick(int n) {
        return picker.pick(load.request(n));
    }

    @Override
    public Object call(int n) {
        Lease lease = balancer.acquire(load.request(n));
        lease.close(Outcome.SUCCESS);
        return lease;
    }

    @Override
    public void close() {
        open.forEach(lease -> lease.close(Outcome.SUCCESS));
        balancer.close();
        discovery.close();
        lane.close();
    }

    /** To each instance one call that ends, so that it has a latency, and those that stay. */
    private void bringUnderLoad() {
        int[] inFlight = load.inFlight();
        for (int i = 0; i < inFlight.length; i++) {
            PickRequest there = PickRequest.ofHash(i);
            balancer.acquire(there).close(Outcome.SUCCESS);
            for (int k = 0; k < inFlight[i]; k++) {
                open.add(balancer.acquire(there));
            }
        }
    }

    /** The measured strategy; its first picker gives way to one that goes where the request's hash says. */
    private static final class Staged implements Strategy {
        private final Strategy strategy;
        private final StateKey<Tracker> noop = StateKey.create("reads the clock");
        private final boolean timed;
        private volatile @Nullable Picker first;
        private volatile @Nullable Picker last;

        Staged(Strategy strategy, boolean timed) {
            this.strategy = strategy;
            this.timed = timed;
        }

        @Override
        public Picker newPicker(Eligible eligible) {
            if (timed) {
                for (int i = 0; i < eligible.size(); i++) {
                    eligible.get(i).tracker(noop, () -> (outcome, startNanos, nowNanos) -> {});
                }
            }
            Picker made = strategy.newPicker(eligible);
            if (first == null) {
                Picker told = request -> eligible.get((int) request.hash());
                first = told;
                return told;
            }
            last = made;
            return made;
        }

        boolean staged() {
            return first != null;
        }

        boolean live() {
            return last != null;
        }

        Picker lastMade() {
            Picker made = last;
            if (made == null) {
                throw new IllegalStateException(
                        strategy + " was not asked for a second picker (expected: on a change)");
            }
            return made;
        }
    }
}
