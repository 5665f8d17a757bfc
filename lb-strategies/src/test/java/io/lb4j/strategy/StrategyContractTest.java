package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.lb4j.Candidate;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.Lease;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every strategy must do, whatever else it does. */
@Timeout(120)
final class StrategyContractTest {
    private static final int PICKS = 100_000;
    private static final PickRequest KEYED = PickRequest.ofKey("customer-1");

    @ParameterizedTest
    @MethodSource("io.lb4j.strategy.Subject#all")
    void pick_oneInstance_isThatOne(Subject subject) {
        try (Rig rig = subject.rig(1).set(5)) {
            assertThat(rig.pick()).isZero();
            assertThat(rig.pick(KEYED)).isZero();
            try (Lease lease = rig.balancer.acquire(KEYED)) {
                assertThat(rig.pick(KEYED.nextAttempt(lease.candidate()))).isZero();
                assertThat(rig.pick(PickRequest.plain().nextAttempt(lease.candidate())))
                        .isZero();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.lb4j.strategy.Subject#all")
    void pick_idleEqualInstances_areSharedEvenly(Subject subject) {
        for (int n : new int[] {2, 3, 10, 1000}) {
            double[] weights = Rig.equal(n);
            try (Rig rig = subject.rig(n).set(weights)) {
                assertShares(subject, rig.counts(n, n == 1000 ? 3 * PICKS : PICKS), weights);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.lb4j.strategy.Subject#all")
    void pick_idleWeightedInstances_areSharedByWeight(Subject subject) {
        double[][] sets = {{1, 2, 3}, {5, 1, 1}, {0.5, 0.25, 1.7}, {1, 1000}, {1e-3, 1, 1e-2, 50}, {Math.PI, Math.E}};
        for (double[] weights : sets) {
            try (Rig rig = subject.rig(7).set(weights)) {
                assertShares(subject, rig.counts(weights.length, 2 * PICKS), weights);
            }
        }
    }

    private static void assertShares(Subject subject, long[] counts, double[] weights) {
        switch (subject.keyless()) {
            case EVEN ->
                assertThat(ChiSquare.excess(counts, Rig.equal(counts.length))).isLessThan(1);
            case WEIGHTED -> assertThat(ChiSquare.excess(counts, weights)).isLessThan(1);
            case ONE -> assertThat(counts).containsOnlyOnce(sum(counts));
        }
    }

    private static long sum(long[] counts) {
        long sum = 0;
        for (long count : counts) {
            sum += count;
        }
        return sum;
    }

    @ParameterizedTest
    @MethodSource("io.lb4j.strategy.Subject#all")
    void pick_extremeWeights_areAccepted(Subject subject) {
        for (double[] weights : new double[][] {{1e-6, 1e6}, {Double.MIN_NORMAL, 1}, {1e6, 1e6, 1e6}}) {
            // A ring of such weights is as large as it may be.
            if (subject.name().contains("ringHash") || subject.name().contains("multiProbe")) {
                continue;
            }
            try (Rig rig = subject.rig(1).set(weights)) {
                assertThat(IntStream.of(rig.picks(1000))).allMatch(i -> i >= 0 && i < weights.length);
                assertThat(rig.homes(1000).values()).allMatch(i -> i >= 0 && i < weights.length);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.lb4j.strategy.Subject#all")
    void nextAttempts_ofOneCall_reachEveryInstanceOnce(Subject subject) {
        for (int n : new int[] {2, 3, 20}) {
            for (PickRequest first : List.of(PickRequest.plain(), KEYED)) {
                try (Rig rig = subject.rig(n).set(Rig.equal(n))) {
                    Set<Integer> tried = new HashSet<>();
                    PickRequest request = first;
                    for (int i = 0; i < n; i++) {
                        try (Lease lease = rig.balancer.acquire(request)) {
                            assertThat(tried.add(Rig.index(lease.instance()))).isTrue();
                            request = request.nextAttempt(lease.candidate());
                        }
                    }
                    // With all of them tried there is nothing to avoid.
                    assertThat(tried).contains(rig.pick(request));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.lb4j.strategy.Subject#all")
    void pick_instancesComeAndGo_onlyThoseThatAreThere(Subject subject) {
        Random random = new Random(1);
        try (Rig rig = subject.rig(1)) {
            List<ServiceInstance> all = Rig.instances(Rig.equal(12));
            for (int round = 0; round < 200; round++) {
                List<ServiceInstance> some = new ArrayList<>(all);
                Collections.shuffle(some, random);
                some = some.subList(0, 1 + random.nextInt(all.size()));
                rig.set(some);
                for (int i = 0; i < 10; i++) {
                    try (Lease lease = rig.balancer.acquire(PickRequest.plain());
                            Lease keyed = rig.balancer.acquire(PickRequest.ofHash(random.nextLong()))) {
                        assertThat(some).contains(lease.instance(), keyed.instance());
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.lb4j.strategy.Subject#all")
    void pick_whileSnapshotsChange_losesNothing(Subject subject) throws InterruptedException {
        try (Rig rig =
                new Rig(subject.maker().get(), () -> ThreadLocalRandom.current().nextLong())) {
            List<ServiceInstance> all = Rig.instances(1, 2, 3, 4, 5, 6, 7, 8);
            rig.set(all);
            AtomicBoolean stop = new AtomicBoolean();
            AtomicLong done = new AtomicLong();
            ConcurrentLinkedQueue<Throwable> errors = new ConcurrentLinkedQueue<>();
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < 3; t++) {
                Thread thread = new Thread(() -> callUntil(stop, rig, done, errors));
                thread.start();
                threads.add(thread);
            }
            Random random = new Random(1);
            for (int i = 0; i < 300 || done.get() < 3000; i++) {
                List<ServiceInstance> some = new ArrayList<>(all);
                Collections.shuffle(some, random);
                rig.set(some.subList(0, 1 + random.nextInt(all.size())));
            }
            stop.set(true);
            for (Thread thread : threads) {
                thread.join();
            }
            rig.set(all);
            assertThat(errors).isEmpty();
            for (int i = 0; i < rig.eligible.size(); i++) {
                assertThat(rig.eligible.get(i).inFlight()).isZero();
            }
        }
    }

    private static void callUntil(
            AtomicBoolean stop, Rig rig, AtomicLong done, ConcurrentLinkedQueue<Throwable> errors) {
        try {
            while (!stop.get()) {
                long key = ThreadLocalRandom.current().nextLong();
                PickRequest request = (key & 1) == 0 ? PickRequest.plain() : PickRequest.ofHash(key);
                try (Lease first = rig.balancer.acquire(request);
                        Lease second = rig.balancer.acquire(request.nextAttempt(first.candidate()))) {
                    first.close((key & 2) == 0 ? Outcome.SUCCESS : Outcome.SERVER_ERROR);
                    second.close(Outcome.SUCCESS);
                }
                done.incrementAndGet();
            }
        } catch (RuntimeException | Error e) {
            errors.add(e);
        }
    }

    @ParameterizedTest
    @MethodSource("io.lb4j.strategy.Subject#all")
    void pick_aMillionTimes_makesNoGarbage(Subject subject) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        double[] weights = IntStream.range(0, 20).mapToDouble(i -> 1 + i % 3).toArray();
        // Garbage of the random numbers or of the clock would not be the strategy's.
        try (Rig rig = subject.rig(1).set(weights)) {
            Candidate failed = rig.eligible.get(0);
            PickRequest[] requests = {
                PickRequest.plain(), KEYED, PickRequest.plain().nextAttempt(failed), KEYED.nextAttempt(failed)
            };
            run(rig.picker, requests, 50_000);
            long before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
            int unexpected = run(rig.picker, requests, 1_000_000);
            long bytes = threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
            assertThat(unexpected).isZero();
            assertThat(bytes).isLessThan(20_000);
        }
    }

    private static int run(Picker picker, PickRequest[] requests, int picks) {
        int unexpected = 0;
        for (int i = 0; i < picks; i++) {
            if (picker.pick(requests[i & 3]) == null) {
                unexpected++;
            }
        }
        return unexpected;
    }

    @ParameterizedTest
    @MethodSource("io.lb4j.strategy.Subject#allKeyed")
    void keys_discoveryInAnyOrder_haveTheSameInstances(Subject subject) {
        double[] weights = IntStream.range(0, 30).mapToDouble(i -> 1 + i % 3).toArray();
        List<ServiceInstance> shuffled = Rig.instances(weights);
        Collections.shuffle(shuffled, new Random(1));
        try (Rig one = subject.rig(1).set(weights);
                Rig other = subject.rig(2).set(shuffled)) {
            assertThat(other.homes(2000)).isEqualTo(one.homes(2000));
            for (int i = 0; i < 50; i++) {
                PickRequest request = PickRequest.ofKey("key-" + i);
                assertThat(order(other, request)).isEqualTo(order(one, request));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.lb4j.strategy.Subject#allKeyed")
    void keys_whileNothingChanges_stay(Subject subject) {
        try (Rig rig = subject.rig(1).set(Rig.equal(20))) {
            Map<String, Integer> homes = rig.homes(1000);
            rig.set(Rig.equal(20));
            assertThat(rig.homes(1000)).isEqualTo(homes);
            assertThat(new HashSet<>(homes.values())).hasSize(20);
        }
    }

    /** Where the attempts of a call go. */
    private static List<Integer> order(Rig rig, PickRequest first) {
        List<Integer> order = new ArrayList<>();
        PickRequest request = first;
        for (int i = 0; i < 5; i++) {
            try (Lease lease = rig.balancer.acquire(request)) {
                order.add(Rig.index(lease.instance()));
                request = request.nextAttempt(lease.candidate());
            }
        }
        return order;
    }
}
