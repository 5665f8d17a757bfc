package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.Candidate;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.Strategy;
import io.lb4j.balancer.Lease;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class BoundedLoadTest {

    static List<AffinityStrategy> affinities() {
        return List.of(
                Strategies.ringHash(),
                Strategies.maglev(),
                Strategies.rendezvous(),
                Strategies.multiProbe(),
                Strategies.jumpHash());
    }

    @ParameterizedTest
    @MethodSource("affinities")
    void load_oneHotKey_staysWithinTheBound(AffinityStrategy affinity) {
        double[] weights = {1, 1, 2, 1, 3, 1, 1, 2};
        double total = Arrays.stream(weights).sum();
        try (Rig rig = new Rig(Strategies.boundedLoad(affinity, 1.25), 1).set(weights)) {
            PickRequest hot = PickRequest.ofKey("hot");
            List<Lease> held = new ArrayList<>();
            for (int calls = 1; calls <= 500; calls++) {
                Lease lease = rig.balancer.acquire(hot);
                held.add(lease);
                int index = Rig.index(lease.instance());
                assertThat(lease.candidate().inFlight())
                        .isLessThanOrEqualTo((int) Math.ceil(1.25 * weights[index] / total * calls));
            }
            held.forEach(Lease::close);
        }
    }

    static Stream<Arguments> crowds() {
        return affinities().stream()
                .flatMap(affinity -> Stream.of(
                        Arguments.of(affinity, 10, 1.0),
                        Arguments.of(affinity, 10, 1.2),
                        Arguments.of(affinity, 100, 1.0),
                        Arguments.of(affinity, 100, 1.2)));
    }

    /** Keys by Zipf's law; calls start and end at random while the number in flight wanders up and down. */
    @ParameterizedTest
    @MethodSource("crowds")
    void load_zipfsKeys_isNeverAboveTheBoundAtAnyPick(AffinityStrategy affinity, int n, double exponent) {
        double[] weights = IntStream.range(0, n).mapToDouble(i -> 1 + i % 3).toArray();
        double sum = Arrays.stream(weights).sum();
        Zipf keys = new Zipf(1000, exponent, new SplittableRandom(n));
        SplittableRandom random = new SplittableRandom(7);
        double factor = 1.25;
        try (Rig rig = new Rig(Strategies.boundedLoad(affinity, factor), 1).set(weights)) {
            List<Lease> held = new ArrayList<>();
            int away = 0;
            for (int step = 0; step < 20_000; step++) {
                boolean rising = step / (4 * n) % 2 == 0;
                if (held.isEmpty() || random.nextInt(10) < (rising ? 7 : 3)) {
                    Lease lease = rig.balancer.acquire(PickRequest.ofHash(keys.next()));
                    held.add(lease);
                    int index = Rig.index(lease.instance());
                    double bound = Math.ceil(factor * weights[index] * held.size() / sum - 1e-9);
                    if (lease.candidate().inFlight() > bound) {
                        throw new AssertionError(lease + " of " + held.size() + " calls is above " + bound);
                    }
                    away += lease.candidate().inFlight() == bound ? 1 : 0;
                } else {
                    held.remove(random.nextInt(held.size())).close();
                }
            }
            // The bound was felt.
            assertThat(away).isGreaterThan(100);
            held.forEach(Lease::close);
        }
    }

    /** Draws key hashes of which few are very frequent. */
    private static final class Zipf {
        private final long[] keys;
        private final double[] cumulated;
        private final SplittableRandom random;

        Zipf(int size, double exponent, SplittableRandom random) {
            this.random = random;
            keys = random.longs(size).toArray();
            cumulated = new double[size];
            double sum = 0;
            for (int i = 0; i < size; i++) {
                sum += Math.pow(i + 1, -exponent);
                cumulated[i] = sum;
            }
        }

        long next() {
            int at = Arrays.binarySearch(cumulated, random.nextDouble() * cumulated[cumulated.length - 1]);
            return keys[at >= 0 ? at : -at - 1];
        }
    }

    @Test
    void load_callsLeftOnAnEjectedInstance_countForNobody() {
        boolean[] out = new boolean[1];
        Strategy bounded = Strategies.boundedLoad(Strategies.rendezvous(), 1.25);
        Strategy healthy = set -> {
            List<Candidate> present = new ArrayList<>();
            for (int i = 0; i < set.size(); i++) {
                if (!out[0] || Rig.index(set.get(i).instance()) != 0) {
                    present.add(set.get(i));
                }
            }
            return bounded.newPicker(set.select(present, Rig.equal(present.size())));
        };
        try (Rig rig = new Rig(healthy, 1).set(Rig.equal(5))) {
            List<Lease> held = new ArrayList<>();
            PickRequest[] others = LongStream.of(Homes.keys(1000))
                    .mapToObj(PickRequest::ofHash)
                    .toArray(PickRequest[]::new);
            for (int i = 0; i < 500; i++) {
                held.add(rig.balancer.acquire(others[i]));
            }
            held.stream().filter(lease -> Rig.index(lease.instance()) != 0).forEach(Lease::close);
            out[0] = true;
            rig.set(1, 1, 1, 1, 1.5);
            rig.set(Rig.equal(5));
            // A hundred calls hang there, yet one key's calls are spread over the four others as if they did not.
            List<Lease> hot = new ArrayList<>();
            for (int calls = 1; calls <= 40; calls++) {
                hot.add(rig.balancer.acquire(PickRequest.ofKey("hot")));
                assertThat(hot.get(calls - 1).candidate().inFlight())
                        .isLessThanOrEqualTo((int) Math.ceil(1.25 * calls / 4));
            }
            // And back again with all of them: they count for everybody's share.
            out[0] = false;
            rig.set(1, 1, 1, 1, 1.5);
            rig.set(Rig.equal(5));
            long all = held.stream()
                            .filter(lease -> Rig.index(lease.instance()) == 0)
                            .count()
                    + hot.size();
            int bound = (int) Math.ceil(1.25 * (all + 1) / 5);
            for (int i = 0; i < 10; i++) {
                Lease lease = rig.balancer.acquire(PickRequest.ofKey("hot"));
                hot.add(lease);
                assertThat(lease.candidate().inFlight()).isLessThanOrEqualTo(bound + 2);
            }
            held.forEach(Lease::close);
            hot.forEach(Lease::close);
        }
    }

    @Test
    void load_callsBegunBeforeTheyWereCounted_countToo() {
        // Another strategy sent them, as a decorator may that chooses among several.
        boolean[] bound = new boolean[1];
        Strategy plain = Strategies.roundRobin();
        Strategy bounded = Strategies.boundedLoad(Strategies.rendezvous(), 1.25);
        try (Rig rig = new Rig(set -> (bound[0] ? bounded : plain).newPicker(set), 1).set(Rig.equal(5))) {
            List<Lease> before = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                before.add(rig.balancer.acquire(PickRequest.plain()));
            }
            bound[0] = true;
            rig.set(1, 1, 1, 1, 1.5);
            rig.set(Rig.equal(5));
            PickRequest hot = PickRequest.ofKey("hot");
            Lease home = rig.balancer.acquire(hot);
            Lease again = rig.balancer.acquire(hot);
            Lease third = rig.balancer.acquire(hot);
            // ceil(1.25 * 53 / 5) = 14, with ten of the fifty at home.
            assertThat(List.of(again.instance(), third.instance())).containsOnly(home.instance());
            before.forEach(Lease::close);
            Lease away = rig.balancer.acquire(hot);
            assertThat(away.instance()).isNotEqualTo(home.instance());
            List.of(home, again, third, away).forEach(Lease::close);
        }
    }

    /** Counts that were lost would show at the end, when the bound for a single call is one call. */
    @Test
    void load_manyThreadsAndSnapshots_losesNoCount() throws InterruptedException {
        int n = 6;
        try (Rig rig = new Rig(
                        Strategies.boundedLoad(Strategies.ringHash(), 1.25),
                        () -> ThreadLocalRandom.current().nextLong())
                .set(Rig.equal(n))) {
            AtomicBoolean stop = new AtomicBoolean();
            AtomicLong calls = new AtomicLong();
            ConcurrentLinkedQueue<Lease> handed = new ConcurrentLinkedQueue<>();
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < 3; t++) {
                Thread thread = new Thread(() -> {
                    while (!stop.get()) {
                        // Calls end on other threads than they began on.
                        handed.add(rig.balancer.acquire(
                                PickRequest.ofHash(ThreadLocalRandom.current().nextInt(3))));
                        Lease lease = handed.poll();
                        if (lease != null && calls.incrementAndGet() % 3 > 0) {
                            lease.close(Outcome.SUCCESS);
                        } else if (lease != null) {
                            handed.add(lease);
                        }
                        while (handed.size() > 20) {
                            Lease oldest = handed.poll();
                            if (oldest != null) {
                                oldest.close(Outcome.SUCCESS);
                            }
                        }
                    }
                });
                thread.start();
                threads.add(thread);
            }
            for (int i = 0; i < 200 || calls.get() < 20_000; i++) {
                rig.set(Rig.instances(Rig.equal(n)).subList(0, 2 + i % (n - 1)));
            }
            stop.set(true);
            for (Thread thread : threads) {
                thread.join();
            }
            handed.forEach(lease -> lease.close(Outcome.SUCCESS));
            rig.set(Rig.equal(n));
            for (int i = 0; i < rig.eligible.size(); i++) {
                assertThat(rig.eligible.get(i).inFlight()).isZero();
            }
            List<Lease> held = new ArrayList<>();
            for (int i = 1; i <= 60; i++) {
                held.add(rig.balancer.acquire(PickRequest.ofKey("hot")));
                assertThat(held.get(i - 1).candidate().inFlight()).isLessThanOrEqualTo((int) Math.ceil(1.25 * i / n));
            }
            // Nor too many: with too few counted, somebody would not have got what the bound allows.
            assertThat(held.stream().map(lease -> lease.candidate().inFlight()).max(Integer::compare))
                    .contains((int) Math.ceil(1.25 * 60 / n));
            held.forEach(Lease::close);
        }
    }

    @ParameterizedTest
    @MethodSource("affinities")
    void load_boundAlmostTheMean_stillHasRoomForEveryCall(AffinityStrategy affinity) {
        int n = 80;
        try (Rig rig = new Rig(Strategies.boundedLoad(affinity, 1.01), 1).set(Rig.equal(n))) {
            PickRequest hot = PickRequest.ofKey("hot");
            List<Lease> held = new ArrayList<>();
            for (int calls = 1; calls <= 1600; calls++) {
                Lease lease = rig.balancer.acquire(hot);
                held.add(lease);
                assertThat(lease.candidate().inFlight()).isLessThanOrEqualTo((int) Math.ceil(1.01 * calls / n));
            }
            held.forEach(Lease::close);
        }
    }

    @ParameterizedTest
    @MethodSource("affinities")
    void keys_idleInstances_areAtHome(AffinityStrategy affinity) {
        try (Rig bounded = new Rig(Strategies.boundedLoad(affinity, 1.25), 1).set(Rig.equal(10));
                Rig plain = new Rig(affinity, 1).set(Rig.equal(10))) {
            assertThat(bounded.homes(2000)).isEqualTo(plain.homes(2000));
        }
    }

    @Test
    void keys_homeBusy_goToTheNextInOrderAndReturn() {
        try (Rig rig = new Rig(Strategies.boundedLoad(Strategies.ringHash(), 1.25), 1).set(Rig.equal(5))) {
            PickRequest key = PickRequest.ofKey("a");
            Lease home = rig.balancer.acquire(key);
            int next = rig.pick(key);
            assertThat(next).isNotEqualTo(Rig.index(home.instance()));
            assertThat(rig.pick(key.nextAttempt(home.candidate()))).isEqualTo(next);
            home.close();
            assertThat(rig.pick(key)).isEqualTo(Rig.index(home.instance()));
        }
    }

    @Test
    void keys_allExcluded_areAtHome() {
        try (Rig rig = new Rig(Strategies.boundedLoad(), 1).set(Rig.equal(2))) {
            PickRequest key = PickRequest.ofKey("a");
            PickRequest tried = key.nextAttempt(rig.eligible.get(0)).nextAttempt(rig.eligible.get(1));
            assertThat(rig.picker.pick(tried)).isSameAs(rig.picker.pick(key));
        }
    }
}
