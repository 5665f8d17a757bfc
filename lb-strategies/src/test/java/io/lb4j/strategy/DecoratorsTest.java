package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.lb4j.Candidate;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.Strategy;
import io.lb4j.balancer.Lease;
import io.lb4j.health.SlowStart;
import io.lb4j.strategy.decorator.Decorators;
import io.lb4j.strategy.decorator.ZoneAwareness;
import io.lb4j.testing.ChiSquare;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What the decorators do. */
final class DecoratorsTest {
    private static final int PICKS = 1_000_000;
    private static final Duration MINUTE = Duration.ofMinutes(1);

    /** As many instances in each zone as the text has letters for it: "ACCC" is one in A and three in C. */
    private static List<ServiceInstance> in(String zones) {
        return IntStream.range(0, zones.length())
                .mapToObj(i -> Rig.instance(i, 1).toBuilder()
                        .zone(zones.substring(i, i + 1))
                        .build())
                .toList();
    }

    /** Takes these out for a minute. */
    private static void takeOut(Rig rig, Set<Integer> instances) {
        instances.forEach(each -> takeOut(rig, each));
    }

    private static void takeOut(Rig rig, int instance) {
        PickRequest request = PickRequest.plain();
        List<Lease> leases = new ArrayList<>();
        while (true) {
            Lease lease = rig.balancer.acquire(request);
            leases.add(lease);
            if (Rig.index(lease.instance()) == instance) {
                lease.close(Outcome.overloaded(MINUTE));
                break;
            }
            request = request.nextAttempt(lease.candidate());
        }
        leases.forEach(lease -> lease.close(Outcome.SUCCESS));
        rig.time.runDue();
    }

    private static Set<Integer> used(Rig rig) {
        Set<Integer> used = new HashSet<>();
        for (int i = 0; i < 3000; i++) {
            used.add(rig.pick());
        }
        return used;
    }

    @Test
    void zoneAware_envoysExample_hasEnvoysShares() {
        ZoneAwareness settings = ZoneAwareness.in("A").clients(Map.of("A", 2, "B", 2, "C", 1, "D", 1));
        for (Strategy strategy : List.of(Strategies.roundRobin(), Strategies.rendezvous())) {
            try (Rig rig = new Rig(Decorators.zoneAware(settings, strategy), 1).set(in("ACCCDDDE"))) {
                double residual = 0.625 / 5418;
                double each = residual * 2084 / 3;
                double[] shares = {0.375, each, each, each, each, each, each, residual * 1250};
                assertThat(ChiSquare.excess(rig.counts(8, PICKS), shares)).isLessThan(1);
            }
        }
    }

    @Test
    void zoneAware_enoughInstancesInTheZone_staysThere() {
        try (Rig rig = new Rig(Decorators.zoneAware("A", Strategies.random()), 1).set(in("AABBCC"))) {
            assertThat(used(rig)).containsExactlyInAnyOrder(0, 1);
            rig.set(in("BBCCDDA"));
            // One in seven of the instances, for one in four of the clients.
            double other = 1 - 1428 * 10000 / 2500 / 10000.0;
            double[] shares = {other / 6, other / 6, other / 6, other / 6, other / 6, other / 6, 1 - other};
            assertThat(ChiSquare.excess(rig.counts(7, PICKS), shares)).isLessThan(1);
        }
    }

    @Test
    void zoneAware_noInstanceInTheZone_goesWhereOthersHaveSomeLeft() {
        ZoneAwareness settings = ZoneAwareness.in("A").clients(Map.of("A", 1, "B", 1));
        try (Rig rig = new Rig(Decorators.zoneAware(settings, Strategies.random()), 1).set(in("BBBCCC"))) {
            assertThat(used(rig)).containsExactlyInAnyOrder(3, 4, 5);
            PickRequest request = PickRequest.plain();
            Set<Integer> tried = new HashSet<>();
            for (int i = 0; i < 6; i++) {
                Candidate picked = rig.picker.pick(request);
                tried.add(Rig.index(picked.instance()));
                request = request.nextAttempt(picked);
            }
            assertThat(tried).hasSize(6);
            // The zone's last one out, of more than half: it goes where it went before.
            rig.set(in("ABBBBCCCC"));
            takeOut(rig, 0);
            assertThat(used(rig)).containsExactlyInAnyOrder(5, 6, 7, 8);
        }
    }

    @ParameterizedTest
    @CsvSource({"AABBC", "BBBCCC", "AAAAAA"})
    void zoneAware_fewInstancesOrNoOther_usesAll(String zones) {
        try (Rig rig = new Rig(Decorators.zoneAware("A", Strategies.random()), 1).set(in(zones))) {
            assertThat(used(rig)).hasSize(zones.length());
        }
    }

    @Test
    void zoneAware_inPanic_usesAll() {
        try (Rig rig = new Rig(Decorators.zoneAware("A", Strategies.random()), 1).set(in("AAAABBBB"))) {
            takeOut(rig, Set.of(0, 1, 4, 5));
            assertThat(used(rig)).containsExactlyInAnyOrder(2, 3, 6, 7);
            takeOut(rig, Set.of(2));
            assertThat(rig.eligible.panic()).isTrue();
            assertThat(used(rig)).hasSize(8);
        }
    }

    @Test
    void zoneAware_forced_staysWhileTheZoneHasSoMany() {
        ZoneAwareness settings = ZoneAwareness.in("A").forceLocal(2);
        try (Rig rig = new Rig(Decorators.zoneAware(settings, Strategies.random()), 1).set(in("AABBBBBBBBBB"))) {
            assertThat(used(rig)).containsExactlyInAnyOrder(0, 1);
            rig.set(in("ABBBBBBBBBBB"));
            assertThat(used(rig)).hasSize(12);
        }
    }

    @Test
    void zoneAware_zoneTriedWhole_goesToAnother() {
        try (Rig rig = new Rig(Decorators.zoneAware("A", Strategies.roundRobin()), 1).set(in("AABBCC"))) {
            PickRequest request = PickRequest.plain();
            List<Integer> tried = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                // The picker alone, without the balancer that would help it.
                tried.add(Rig.index(rig.picker.pick(request).instance()));
                request = request.nextAttempt(rig.picker.pick(request));
            }
            assertThat(tried.subList(0, 2)).allMatch(each -> each < 2);
            assertThat(tried.subList(2, 6)).allMatch(each -> each >= 2);
        }
    }

    @Test
    void zones_eachHasARotationOfItsOwn() {
        try (Rig rig = new Rig(Decorators.localityWeighted(Map.of("A", 1.0, "B", 1.0), Strategies.roundRobin()), 1)
                .set(in("AAABB"))) {
            List<Integer> a = new ArrayList<>();
            List<Integer> b = new ArrayList<>();
            for (int pick : rig.picks(600)) {
                (pick < 3 ? a : b).add(pick);
            }
            for (int i = 3; i < a.size(); i++) {
                assertThat(a.get(i)).isEqualTo(a.get(i - 3));
            }
            for (int i = 2; i < b.size(); i++) {
                assertThat(b.get(i)).isEqualTo(b.get(i - 2));
            }
        }
    }

    @ParameterizedTest(name = "{0} of 20 out")
    @CsvSource({"0, 100", "6, 98", "10, 70"})
    void localityWeighted_instancesOut_shareFallsAsEnvoys(int out, int availability) {
        Map<String, Double> weights = Map.of("X", 1.0, "Y", 2.0);
        try (Rig rig = new Rig(Decorators.localityWeighted(weights, Strategies.roundRobin()), 1)
                .set(in("X".repeat(20) + "Y".repeat(20)))) {
            takeOut(rig, new HashSet<>(IntStream.range(0, out).boxed().toList()));
            long[] byZone = new long[2];
            for (int pick : rig.picks(PICKS)) {
                byZone[pick / 20]++;
            }
            assertThat(ChiSquare.excess(byZone, new double[] {availability, 200}))
                    .isLessThan(1);
        }
    }

    @Test
    void localityWeighted_zoneWithoutWeight_isForNeed() {
        try (Rig rig =
                new Rig(Decorators.localityWeighted(Map.of("X", 1.0), Strategies.random()), 1).set(in("XYYYY"))) {
            assertThat(used(rig)).containsExactly(0);
            takeOut(rig, 0);
            assertThat(used(rig)).containsExactlyInAnyOrder(1, 2, 3, 4);
        }
    }

    @Test
    void subset_ofEveryClient_isAsLargeAsAskedAndTogetherEven() {
        int[] clients = new int[40];
        for (int client = 0; client < 20; client++) {
            try (Rig rig = new Rig(Decorators.subset(10, client, 20, Strategies.random()), client).set(Rig.equal(40))) {
                Set<Integer> used = used(rig);
                assertThat(used).hasSize(10);
                used.forEach(each -> clients[each]++);
            }
        }
        assertThat(clients).containsOnly(5);
    }

    @Test
    void subset_oneIsOut_isReplacedUntilItIsBack() {
        for (Strategy strategy : List.of(
                Decorators.subset(10, 7, 20, Strategies.random()), Decorators.subset(10, Strategies.random()))) {
            try (Rig rig = new Rig(strategy, 1).set(Rig.equal(40))) {
                Set<Integer> before = used(rig);
                int out = before.iterator().next();
                takeOut(rig, out);
                Set<Integer> during = used(rig);
                assertThat(during).hasSize(10).doesNotContain(out);
                assertThat(before).filteredOn(each -> !during.contains(each)).containsExactly(out);
                rig.time.advance(MINUTE);
                assertThat(used(rig)).isEqualTo(before);
            }
        }
    }

    @Test
    void subset_inAZone_isOfThatZone() {
        String zones = "A".repeat(20) + "B".repeat(20);
        try (Rig rig =
                new Rig(Decorators.zoneAware("A", Decorators.subset(5, 2, 9, Strategies.random())), 1).set(in(zones))) {
            Set<Integer> used = used(rig);
            assertThat(used).hasSize(5).allMatch(each -> each < 20);
            // What happens in the other zone is of no interest.
            takeOut(rig, 25);
            rig.set(in(zones.substring(0, 37)));
            assertThat(used(rig)).isEqualTo(used);
        }
    }

    @Test
    void zones_ofASubset_countTheSubset() {
        Map<String, Double> weights = Map.of("A", 1.0, "B", 1.0);
        try (Rig rig = new Rig(Decorators.subset(8, 2, 9, Decorators.localityWeighted(weights, Strategies.random())), 1)
                .set(in("A".repeat(20) + "B".repeat(20)))) {
            Set<Integer> used = used(rig);
            long[] counts = rig.counts(40, PICKS);
            double inA = used.stream().filter(each -> each < 20).count();
            assertThat(used).hasSize(8);
            double[] shares = used.stream()
                    .mapToDouble(each -> each < 20 ? 1 / inA : 1 / (8 - inA))
                    .toArray();
            assertThat(ChiSquare.excess(
                            used.stream().mapToLong(each -> counts[each]).toArray(), shares))
                    .isLessThan(1);
        }
    }

    @ParameterizedTest(name = "window {0}, after {1} ms, aggression {2}: {3}")
    @CsvSource({
        "60, 12000, 1, 0.2",
        "60, 20000, 1, 0.3333333333",
        "60, 1000, 1, 0.1",
        "60, 15000, 2, 0.5",
        "10, 6000, 1, 0.6",
        "10, 5000, 1, 0.5",
        "10, 10000, 1, 1"
    })
    void slowStart_strategiesOfAnyKind_giveTheShareOfTheFactor(
            int window, long elapsedMillis, double aggression, double factor) {
        SlowStart ramp = new SlowStart(Duration.ofSeconds(window), 0.1, aggression);
        for (Strategy strategy : List.of(
                Strategies.roundRobin(),
                Strategies.weightedRoundRobin(),
                Strategies.random(),
                Strategies.powerOfTwoChoices(),
                Strategies.rendezvous())) {
            for (int old : new int[] {1, 9}) {
                try (Rig rig = new Rig(Decorators.slowStart(ramp, strategy), 1).set(Rig.equal(old))) {
                    rig.set(Rig.equal(old + 1));
                    rig.time.advance(Duration.ofMillis(elapsedMillis));
                    double[] shares = Rig.equal(old + 1);
                    shares[old] = factor;
                    assertThat(ChiSquare.excess(rig.counts(old + 1, PICKS), shares))
                            .as("%s, %s old", strategy, old)
                            .isLessThan(1);
                }
            }
        }
    }

    @Test
    void slowStart_afterAnAbsence_beginsAgain() {
        SlowStart ramp = new SlowStart(Duration.ofSeconds(10), 0.1, 1);
        try (Rig rig = new Rig(Decorators.slowStart(ramp, Strategies.random()), 1).set(Rig.equal(3))) {
            assertThat(ChiSquare.excess(rig.counts(3, PICKS), Rig.equal(3))).isLessThan(1);
            takeOut(rig, 2);
            rig.time.advance(MINUTE);
            rig.time.advance(Duration.ofSeconds(5));
            assertThat(ChiSquare.excess(rig.counts(3, PICKS), new double[] {1, 1, 0.5}))
                    .isLessThan(1);
            // A change of something else does not begin it anew.
            rig.set(Rig.equal(2));
            rig.set(Rig.equal(3));
            rig.time.advance(Duration.ofSeconds(10));
            assertThat(ChiSquare.excess(rig.counts(3, PICKS), Rig.equal(3))).isLessThan(1);
        }
    }

    @Test
    void slowStart_allNewButNotAtOnce_followsTheirAges() {
        SlowStart ramp = new SlowStart(Duration.ofSeconds(100), 0.01, 1);
        try (Rig rig = new Rig(Decorators.slowStart(ramp, Strategies.random()), 1).set(Rig.equal(1))) {
            List<ServiceInstance> all = Rig.instances(Rig.equal(3));
            rig.set(all.subList(1, 2));
            rig.time.advance(Duration.ofSeconds(20));
            rig.set(all.subList(1, 3));
            rig.time.advance(Duration.ofSeconds(20));
            assertThat(ChiSquare.excess(rig.counts(3, PICKS), new double[] {1e-9, 0.4, 0.2}))
                    .isLessThan(1);
        }
    }

    @Test
    void slowStart_keys_moveOnceEachAndToTheNewInstanceOnly() {
        SlowStart ramp = new SlowStart(Duration.ofSeconds(100), 0.1, 1);
        try (Rig rig = new Rig(Decorators.slowStart(ramp, Strategies.rendezvous()), 1).set(Rig.equal(9))) {
            Map<String, Integer> before = rig.homes(2000);
            rig.set(Rig.equal(10));
            Set<String> moved = new HashSet<>();
            for (int step = 0; step <= 10; step++) {
                Map<String, Integer> now = rig.homes(2000);
                now.forEach((key, home) -> {
                    assertThat(home).isIn(before.get(key), 9);
                    assertThat(home == 9 || !moved.contains(key)).isTrue();
                });
                now.entrySet().stream().filter(each -> each.getValue() == 9).forEach(each -> moved.add(each.getKey()));
                assertThat(moved.size()).isBetween(150 * step / 10, 20 + 260 * Math.max(1, step) / 10);
                rig.time.advance(Duration.ofSeconds(10));
            }
            try (Rig fresh = new Rig(Strategies.rendezvous(), 1).set(Rig.equal(10))) {
                assertThat(rig.homes(2000)).isEqualTo(fresh.homes(2000));
            }
        }
    }

    static Stream<Arguments> mistakes() {
        Strategy strategy = Strategies.roundRobin();
        return Stream.of(
                mistake(() -> Decorators.subset(0, strategy), "size: 0 (expected: >= 1)"),
                mistake(() -> Decorators.subset(1, 0, 0, strategy), "clientCount: 0 (expected: >= 1)"),
                mistake(() -> Decorators.subset(1, 3, 3, strategy), "clientIndex: 3 (expected: 0 to 2)"),
                mistake(() -> Decorators.subset(1, -1, 3, strategy), "clientIndex: -1"),
                mistake(() -> Decorators.zoneAware("", strategy), "localZone: empty"),
                mistake(() -> ZoneAwareness.in("A").clients(Map.of("B", 1)), "clients in A: 0"),
                mistake(() -> ZoneAwareness.in("A").clients(Map.of("A", 1, "B", -1)), "clients in B: -1"),
                mistake(() -> ZoneAwareness.in("A").minInstances(-1), "minInstances: -1"),
                mistake(() -> ZoneAwareness.in("A").forceLocal(0), "minLocalInstances: 0"),
                mistake(() -> Decorators.localityWeighted(Map.of("A", -1.0), strategy), "weight of A: -1.0"),
                mistake(() -> Decorators.localityWeighted(Map.of("A", Double.NaN), strategy), "weight of A: NaN"),
                mistake(() -> Decorators.localityWeighted(Map.of(), 0.9, strategy), "overprovisioning: 0.9"));
    }

    private static Arguments mistake(ThrowingCallable call, String message) {
        return Arguments.of(call, message);
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void factory_valueOutOfRange_saysWhatItExpected(ThrowingCallable call, String message) {
        assertThatIllegalArgumentException().isThrownBy(call).withMessageContaining(message);
    }

    @Test
    void names_sayWhatIsAroundWhat() {
        assertThat(Decorators.zoneAware("A", Decorators.subset(5, 2, 9, Strategies.roundRobin())))
                .hasToString("round robin over 5 for client 2 of 9 in zone A");
        assertThat(Decorators.slowStart(SlowStart.DEFAULT, Decorators.subset(5, Strategies.roundRobin())))
                .hasToString("round robin over 5 with a ramp of PT10S");
        assertThat(Decorators.localityWeighted(Map.of("A", 1.0), Strategies.roundRobin()))
                .hasToString("round robin by zone {A=1.0}");
    }
}
