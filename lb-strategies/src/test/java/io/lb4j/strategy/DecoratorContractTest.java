package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Tracker;
import io.lb4j.XxHash64;
import io.lb4j.balancer.Lease;
import io.lb4j.health.SlowStart;
import io.lb4j.strategy.decorator.Decorators;
import io.lb4j.strategy.decorator.ZoneAwareness;
import io.lb4j.testing.StrategyCheck;
import io.lb4j.testing.StrategyVerifier;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What every decorator must do around every strategy, whatever else it does. */
@Timeout(300)
final class DecoratorContractTest {
    private static final PickRequest KEYED = PickRequest.ofKey("customer-1");

    /** A decorator, and whether it does the same for every client. */
    private record Decoration(String name, UnaryOperator<Strategy> decorator, boolean same) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static final Map<String, Double> WEIGHTS = Map.of("zone-0", 1.0, "zone-1", 2.0);
    private static final SlowStart RAMP = new SlowStart(Duration.ofSeconds(60), 0.1, 2);

    private static final List<Decoration> DECORATIONS = List.of(
            decoration("random subset", each -> Decorators.subset(5, each), false),
            decoration("subset", each -> Decorators.subset(5, 3, 10, each), true),
            decoration("zone-aware", each -> Decorators.zoneAware("zone-0", each), true),
            decoration(
                    "zone-aware by clients",
                    each -> Decorators.zoneAware(
                            ZoneAwareness.in("zone-0")
                                    .clients(Map.of("zone-0", 5, "zone-1", 1))
                                    .minInstances(2),
                            each),
                    true),
            decoration(
                    "forced local",
                    each -> Decorators.zoneAware(ZoneAwareness.in("zone-1").forceLocal(1), each),
                    true),
            decoration("locality weights", each -> Decorators.localityWeighted(WEIGHTS, each), true),
            decoration("slow start", each -> Decorators.slowStart(RAMP, each), true),
            decoration(
                    "subset of zones", each -> Decorators.zoneAware("zone-2", Decorators.subset(2, 3, 10, each)), true),
            decoration(
                    "zones of a subset",
                    each -> Decorators.subset(7, 3, 10, Decorators.localityWeighted(WEIGHTS, each)),
                    true),
            decoration(
                    "all of them",
                    each -> Decorators.slowStart(
                            RAMP,
                            Decorators.localityWeighted(
                                    WEIGHTS, Decorators.subset(3, 0, 2, Decorators.zoneAware("zone-0", each)))),
                    true));

    /** The shipped ones, and some as anybody may write them. */
    private static Stream<Subject> subjects() {
        return Stream.concat(
                Subject.ALL.stream(),
                Stream.of(
                        new Subject("a lambda", DecoratorContractTest::first, Subject.Shares.ONE, -1),
                        new Subject("a learner", DecoratorContractTest::fewestStarts, Subject.Shares.EVEN, -1),
                        new Subject("an affinity", DecoratorContractTest::highestScore, Subject.Shares.ONE, 0)));
    }

    /** Not even aware of what a call has tried. */
    private static Strategy first() {
        return eligible -> request -> eligible.get(0);
    }

    private static Strategy fewestStarts() {
        StateKey<Starts> key = StateKey.create("starts");
        return eligible -> {
            Starts[] starts = new Starts[eligible.size()];
            Arrays.setAll(starts, i -> eligible.get(i).tracker(key, Starts::new));
            return request -> {
                int fewest = 0;
                for (int i = 1; i < starts.length; i++) {
                    fewest = starts[i].count.get() < starts[fewest].count.get() ? i : fewest;
                }
                return eligible.get(fewest);
            };
        };
    }

    private static final class Starts implements Tracker {
        private final AtomicInteger count = new AtomicInteger();

        @Override
        public void onStart(long nowNanos) {
            count.getAndIncrement();
        }

        @Override
        public void onEnd(Outcome outcome, long startNanos, long nowNanos) {}
    }

    private static Strategy highestScore() {
        return eligible -> {
            long[] ids = new long[eligible.size()];
            Arrays.setAll(ids, i -> XxHash64.hash(eligible.get(i).instance().id()));
            return request -> {
                int best = 0;
                long highest = Long.MIN_VALUE;
                for (int i = 0; i < ids.length; i++) {
                    long score = XxHash64.hash(request.hash(), ids[i]);
                    if (score >= highest && !request.excludes(eligible.get(i))) {
                        best = i;
                        highest = score;
                    }
                }
                return eligible.get(best);
            };
        };
    }

    private static Decoration decoration(String name, UnaryOperator<Strategy> decorator, boolean same) {
        return new Decoration(name, decorator, same);
    }

    static Stream<Arguments> all() {
        return DECORATIONS.stream().flatMap(each -> subjects().map(subject -> Arguments.of(each, subject)));
    }

    static Stream<Arguments> keyed() {
        return DECORATIONS.stream()
                .filter(Decoration::same)
                .flatMap(each -> subjects()
                        .filter(subject -> subject.strays() >= 0)
                        .map(subject -> Arguments.of(each, subject)));
    }

    private static Rig rig(Decoration decoration, Subject subject, long seed) {
        return new Rig(decoration.decorator.apply(subject.maker().get()), seed);
    }

    /** In three zones, one in twelve in none. */
    private static List<ServiceInstance> instances(int n) {
        return IntStream.range(0, n)
                .mapToObj(i -> Rig.instance(i, 1 + i % 2).toBuilder()
                        .zone(i % 12 == 11 ? null : "zone-" + i % 3)
                        .build())
                .toList();
    }

    @ParameterizedTest
    @MethodSource("all")
    void pick_instancesComeAndGo_onlyThoseThatAreThere(Decoration decoration, Subject subject) {
        Random random = new Random(1);
        try (Rig rig = rig(decoration, subject, 1)) {
            List<ServiceInstance> all = instances(24);
            for (int round = 0; round < 30; round++) {
                List<ServiceInstance> some = new ArrayList<>(all);
                Collections.shuffle(some, random);
                some = some.subList(0, 1 + random.nextInt(all.size()));
                rig.set(some);
                for (int i = 0; i < 10; i++) {
                    rig.time.advance(Duration.ofSeconds(1));
                    try (Lease lease = rig.balancer.acquire(PickRequest.plain());
                            Lease keyed = rig.balancer.acquire(PickRequest.ofHash(random.nextLong()))) {
                        assertThat(some).contains(lease.instance(), keyed.instance());
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("all")
    void nextAttempts_ofOneCall_reachEveryInstanceOnce(Decoration decoration, Subject subject) {
        for (PickRequest first : List.of(PickRequest.plain(), KEYED)) {
            try (Rig rig = rig(decoration, subject, 1).set(instances(11)).set(instances(12))) {
                Set<Integer> tried = new HashSet<>();
                PickRequest request = first;
                for (int i = 0; i < 12; i++) {
                    try (Lease lease = rig.balancer.acquire(request)) {
                        assertThat(tried.add(Rig.index(lease.instance()))).isTrue();
                        request = request.nextAttempt(lease.candidate());
                    }
                }
                assertThat(tried).contains(rig.pick(request));
            }
        }
    }

    /** The kit's checks, but for keys: a set that shrinks may leave a zone, or a subset, that they were in. */
    static Stream<Arguments> checks() {
        return DECORATIONS.stream()
                .flatMap(each -> verifier(each).checks().stream().map(check -> Arguments.of(each, check)));
    }

    private static StrategyVerifier verifier(Decoration decoration) {
        return StrategyVerifier.of(() -> decoration.decorator.apply(Strategies.defaultStrategy()));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("checks")
    void verify_aroundTheDefault_passes(Decoration decoration, StrategyCheck check) {
        verifier(decoration).verify(check);
    }

    @ParameterizedTest
    @MethodSource("keyed")
    void keys_otherClientsInOtherOrder_haveTheSameInstances(Decoration decoration, Subject subject) {
        List<ServiceInstance> shuffled = new ArrayList<>(instances(24));
        Collections.shuffle(shuffled, new Random(1));
        try (Rig one = rig(decoration, subject, 1).set(instances(24));
                Rig other = rig(decoration, subject, 2).set(shuffled)) {
            assertThat(other.homes(200)).isEqualTo(one.homes(200));
            assertThat(one.homes(200)).isEqualTo(other.homes(200));
        }
    }

    @ParameterizedTest
    @MethodSource("all")
    void pick_aHundredThousandTimes_makesNoGarbage(Decoration decoration, Subject subject) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        // With a newcomer, so that there is a ramp.
        try (Rig rig = rig(decoration, subject, 1).set(instances(23)).set(instances(24))) {
            PickRequest[] requests = {
                PickRequest.plain(),
                KEYED,
                PickRequest.plain().nextAttempt(rig.eligible.get(0)),
                KEYED.nextAttempt(rig.eligible.get(0))
            };
            run(rig, requests, 20_000);
            long before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
            run(rig, requests, 100_000);
            long bytes = threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
            assertThat(bytes).isLessThan(20_000);
        }
    }

    private static void run(Rig rig, PickRequest[] requests, int picks) {
        for (int i = 0; i < picks; i++) {
            if (rig.picker.pick(requests[i & 3]) == null) {
                throw new AssertionError("null");
            }
        }
    }
}
