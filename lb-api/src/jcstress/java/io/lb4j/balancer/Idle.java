package io.lb4j.balancer;

import io.lb4j.testing.ManualDiscovery;
import io.lb4j.testing.VirtualTime;

/** A balancer whose lane never runs, for leases that need one. */
final class Idle {
    static final Leases LEASES = LoadBalancer.builder("idle")
            .discovery(new ManualDiscovery())
            .strategy(eligible -> request -> eligible.get(0))
            .scheduler(new VirtualTime())
            .build()
            .leases();

    private Idle() {}
}
