package io.lb4j.discovery.measured;

import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.LoadBalancer;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Balancers as in an application, but for a strategy that shows which picker is in force. */
final class Balancers {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private Balancers() {}

    static ServiceInstance at(int port) {
        return ServiceInstance.builder("127.0.0.1", port).id("i" + port).build();
    }

    /** Picks whoever has the highest port. */
    static LoadBalancer highestPort(ServiceDiscovery discovery) {
        return LoadBalancer.builder(Subject.SERVICE)
                .discovery(discovery)
                .strategy(Balancers::highestPort)
                .build();
    }

    private static Picker highestPort(Eligible eligible) {
        int highest = 0;
        for (int i = 1; i < eligible.size(); i++) {
            if (eligible.get(i).instance().port()
                    > eligible.get(highest).instance().port()) {
                highest = i;
            }
        }
        int chosen = highest;
        return request -> eligible.get(chosen);
    }

    static int picked(LoadBalancer balancer) {
        try (var lease = balancer.acquire(PickRequest.plain())) {
            return lease.instance().port();
        }
    }

    /** Looks about every tenth of a millisecond; the clock when it held. */
    static long await(BooleanSupplier condition, String what) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - start > LIMIT.toNanos()) {
                throw new IllegalStateException("not within " + LIMIT + ": " + what);
            }
            LockSupport.parkNanos(50_000);
        }
        return System.nanoTime();
    }
}
