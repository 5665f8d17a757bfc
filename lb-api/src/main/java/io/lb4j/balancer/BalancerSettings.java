package io.lb4j.balancer;

import io.lb4j.Scheduler;
import io.lb4j.Subset;
import io.lb4j.Ticker;
import io.lb4j.health.CallQueue;
import io.lb4j.health.ConcurrencyLimit;
import io.lb4j.health.HealthCheck;
import io.lb4j.health.OutlierDetection;
import io.lb4j.health.SlowStart;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** What {@link LoadBalancer.Builder} collects, with its defaults, for the parts of a balancer to read. Not thread-safe. */
final class BalancerSettings {
    final String service;
    final List<LoadBalancerListener> listeners = new ArrayList<>();
    OutlierDetection outlierDetection = OutlierDetection.DEFAULT;

    @Nullable
    HealthCheck healthCheck;

    SlowStart slowStart = SlowStart.DEFAULT;

    @Nullable
    ConcurrencyLimit concurrencyLimit;

    @Nullable
    CallQueue queue;

    double panicThreshold = 0.5;
    boolean failTrafficOnPanic;
    Collection<Subset> subsets = List.of();
    Duration firstSnapshotTimeout = Duration.ofSeconds(5);
    Duration emptyListGrace = Duration.ofMinutes(5);
    Ticker ticker = Ticker.system();
    RandomGenerator random = ThreadRandom.INSTANCE;
    Scheduler scheduler = Scheduler.shared();
    CheckSlots checkSlots = CheckSlots.SHARED;

    BalancerSettings(String service) {
        if (service.isBlank()) {
            throw new IllegalArgumentException("service: '" + service + "' (expected: a name)");
        }
        this.service = service;
    }

    static Duration notNegative(String name, Duration value) {
        if (value.isNegative()) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: >= 0)");
        }
        return value;
    }

    /** For what has no default. */
    IllegalStateException missing(String what) {
        return new IllegalStateException(
                "balancer of " + service + ": " + what + " is missing (expected: set before build)");
    }

    void check() {
        if (queue != null && concurrencyLimit == null) {
            throw new IllegalStateException("balancer of " + service + ": concurrencyLimit is missing (expected: set"
                    + " before build, since there is a queue); nothing would ever wait in the queue");
        }
    }
}
