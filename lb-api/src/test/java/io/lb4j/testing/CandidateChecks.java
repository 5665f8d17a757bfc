package io.lb4j.testing;

import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.InstanceReport;
import io.lb4j.balancer.Lease;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/** That a pick is a candidate, whatever the set. */
final class CandidateChecks {
    private static final PickRequest PLAIN = PickRequest.plain();
    private static final PickRequest KEYED = PickRequest.ofKey("customer-1");

    private CandidateChecks() {}

    static void oneInstance(Given given) {
        try (Trial trial = given.calm()) {
            for (int n : new int[] {1, 3, 1, 2, 1}) {
                trial.set(Instances.equal(n));
                for (int i = 0; i < 100; i++) {
                    expectWithin(n, trial.call(PLAIN));
                    expectWithin(n, trial.call(PickRequest.ofKey("key-" + i)));
                }
                for (PickRequest first : List.of(PLAIN, KEYED)) {
                    try (Lease lease = trial.start(first)) {
                        expectWithin(n, trial.call(first.nextAttempt(lease.candidate())));
                    }
                }
            }
        }
    }

    private static void expectWithin(int n, int number) {
        if (number < 0 || number >= n) {
            throw new AssertionError("of " + n + " instances number " + number + " was picked");
        }
    }

    static void anySet(Given given) {
        double[][] sets = {{1e-6, 1e6}, {1e6, 1e6, 1e6}, {1e-6, 1e-6}, {0.1, 1, 1e3, 17, 1e-3}, Instances.mixed(1000)};
        for (double[] weights : sets) {
            try (Trial trial = given.calm()) {
                trial.set(weights);
                for (int i = 0; i < 2000; i++) {
                    expectWithin(weights.length, trial.call(PLAIN));
                    expectWithin(weights.length, trial.call(PickRequest.ofKey("key-" + i)));
                }
            }
        }
    }

    static void onlyCandidates(Given given) {
        RandomGenerator events = new SplittableRandom(~given.seed());
        try (Trial trial = given.eventful()) {
            for (int round = 0; round < 300; round++) {
                trial.set(someInAnyShape(events));
                trial.advance(Duration.ofMillis(events.nextInt(3000)));
                Set<ServiceInstance> eligible = eligible(trial);
                List<Lease> open = new ArrayList<>();
                for (int i = 0; i < 12; i++) {
                    Lease lease = trial.start(events.nextBoolean() ? PLAIN : PickRequest.ofHash(events.nextLong()));
                    open.add(lease);
                    if (!eligible.contains(lease.instance())) {
                        throw new AssertionError(lease.instance() + " was picked (expected: one of " + eligible + ")");
                    }
                }
                for (Lease lease : open) {
                    lease.report(report(events));
                    lease.close(outcome(lease.instance(), events));
                }
                trial.advance(Duration.ZERO);
            }
            trial.expectNothingInFlight();
        }
    }

    /** Some of twelve instances; each may drain, but not the first, and may be preferred or not. */
    private static List<ServiceInstance> someInAnyShape(RandomGenerator events) {
        List<ServiceInstance> all = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            all.add(Instances.builder(i)
                    .weight(events.nextInt(6) == 0 ? 0 : 1 + events.nextInt(5))
                    .priority(events.nextInt(4) == 0 ? 1 : 0)
                    .build());
        }
        List<ServiceInstance> some = new ArrayList<>(Instances.some(all, events));
        some.set(0, some.get(0).toBuilder().weight(1).build());
        return some;
    }

    private static Set<ServiceInstance> eligible(Trial trial) {
        return trial.balancer.instances().stream()
                .filter(each -> each.weight() > 0)
                .map(InstanceReport::instance)
                .collect(Collectors.toSet());
    }

    /** Two of the instances fail all the time, one is overloaded now and then, calls to the others end anyhow. */
    private static Outcome outcome(ServiceInstance instance, RandomGenerator events) {
        return switch (Instances.number(instance)) {
            case 0, 1 -> Outcome.CONNECT_FAILURE;
            case 2 -> events.nextInt(10) == 0 ? Outcome.overloaded(Duration.ofSeconds(3)) : Outcome.SUCCESS;
            default ->
                switch (events.nextInt(20)) {
                    case 0 -> Outcome.SERVER_ERROR;
                    case 1 -> Outcome.TIMEOUT;
                    case 2 -> Outcome.IGNORED;
                    default -> Outcome.SUCCESS;
                };
        };
    }

    /** Servers report all of it, some of it, or nothing; at most sixteen times what they can do. */
    private static LoadReport report(RandomGenerator events) {
        LoadReport.Builder report = LoadReport.builder();
        if (events.nextBoolean()) {
            report.cpuUtilization(events.nextDouble()).rpsFractional(1 + 100 * events.nextDouble());
        }
        if (events.nextBoolean()) {
            report.applicationUtilization(16 * events.nextDouble()).eps(events.nextInt(3));
        }
        return report.build();
    }

    static void furtherAttempts(Given given) {
        for (int n : new int[] {2, 3, 20}) {
            for (PickRequest first : List.of(PLAIN, KEYED)) {
                try (Trial trial = given.calm().set(Instances.mixed(n))) {
                    for (int call = 0; call < 20; call++) {
                        expectEachOnce(trial, first, n);
                    }
                }
            }
        }
    }

    private static void expectEachOnce(Trial trial, PickRequest first, int n) {
        Set<ServiceInstance> tried = new HashSet<>();
        PickRequest request = first;
        for (int i = 0; i < n; i++) {
            try (Lease lease = trial.start(request)) {
                lease.close(Outcome.SERVER_ERROR);
                if (!tried.add(lease.instance())) {
                    throw new AssertionError("attempt " + (i + 1) + " went to "
                            + lease.instance().id() + ", which an earlier one had failed on, with " + (n - i)
                            + " instances yet to be tried");
                }
                request = request.nextAttempt(lease.candidate());
            }
        }
        expectWithin(n, trial.call(request));
    }
}
