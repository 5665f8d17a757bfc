package io.lb4j.testing;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.Lease;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** A day in the life of a service, the same for the same seed: calls that overlap, snapshots that change, time that passes. */
final class Scenario {
    private final Trial trial;
    private final List<ServiceInstance> all;
    private final RandomGenerator events;
    private final List<Lease> open = new ArrayList<>();

    Scenario(Trial trial, int instances, long seed) {
        this.trial = trial;
        this.all = Instances.of(Instances.mixed(instances));
        this.events = new SplittableRandom(seed);
        trial.set(all);
    }

    /** One call more; returns the number of the instance it went to. */
    int step() {
        if (events.nextInt(50) == 0) {
            trial.set(Instances.some(all, events));
        }
        if (events.nextInt(5) == 0) {
            trial.advance(Duration.ofMillis(events.nextInt(100)));
        }
        PickRequest request = events.nextBoolean() ? PickRequest.plain() : PickRequest.ofHash(events.nextLong());
        Lease lease = trial.start(request);
        open.add(lease);
        while (open.size() > 10) {
            open.remove(events.nextInt(open.size()))
                    .close(events.nextInt(8) == 0 ? Outcome.SERVER_ERROR : Outcome.SUCCESS);
        }
        return Instances.number(lease.instance());
    }
}
