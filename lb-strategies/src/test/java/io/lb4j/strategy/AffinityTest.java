package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.Candidate;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.Strategy;
import io.lb4j.testing.ChiSquare;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

final class AffinityTest {
    private static final int KEYS = 20_000;
    private static final int PICKS = 1_000_000;

    static List<AffinityStrategy> affinities() {
        return List.of(
                Strategies.ringHash(),
                Strategies.maglev(),
                Strategies.rendezvous(),
                Strategies.multiProbe(),
                Strategies.jumpHash());
    }

    private static PickRequest hash(String unsigned) {
        return PickRequest.ofHash(Long.parseUnsignedLong(unsigned));
    }

    private static List<ServiceInstance> envoysHosts() {
        return IntStream.range(90, 96)
                .mapToObj(port -> ServiceInstance.of("127.0.0.1", port))
                .toList();
    }

    @ParameterizedTest
    @CsvSource({
        "0, 94",
        "18446744073709551615, 94",
        "3551244743356806947, 95",
        "3551244743356806948, 93",
        "16117243373044804880, 90"
    })
    void ringHash_envoysHosts_choosesAsEnvoy(String hash, int port) {
        try (Rig rig = new Rig(Strategies.ringHash(12, 8_388_608), 1).set(envoysHosts())) {
            assertThat(rig.pick(hash(hash)) + Rig.FIRST_PORT).isEqualTo(port);
        }
    }

    @Test
    void ringHash_failedAttempts_goOnClockwiseAsEnvoy() {
        try (Rig rig = new Rig(Strategies.ringHash(12, 8_388_608), 1).set(envoysHosts())) {
            assertThat(attempts(rig, hash("0"), 6)).containsExactly(94, 92, 90, 95, 93, 91);
        }
    }

    @Test
    void maglev_envoysHosts_choosesAsEnvoy() {
        int[] table = {92, 94, 90, 91, 95, 90, 93};
        try (Rig rig = new Rig(Strategies.maglev(7), 1).set(envoysHosts())) {
            for (int i = 0; i < 700; i++) {
                assertThat(rig.pick(PickRequest.ofHash(i)) + Rig.FIRST_PORT).isEqualTo(table[i % 7]);
            }
        }
    }

    private static List<Integer> attempts(Rig rig, PickRequest first, int count) {
        List<Integer> ports = new ArrayList<>();
        PickRequest request = first;
        for (int i = 0; i < count; i++) {
            // The picker's own answer: the balancer would replace an instance that was tried.
            Candidate picked = rig.picker.pick(request);
            ports.add(picked.instance().port());
            request = request.nextAttempt(picked);
        }
        return ports;
    }

    @ParameterizedTest
    @MethodSource("affinities")
    void attempts_ofOneKey_goToAllInAnOrderOfItsOwn(Strategy affinity) {
        try (Rig rig = new Rig(affinity, 1).set(Rig.equal(8))) {
            List<List<Integer>> orders = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                List<Integer> order = attempts(rig, PickRequest.ofKey("key-" + i), 8);
                assertThat(order).doesNotHaveDuplicates();
                orders.add(order);
                // Nobody is left, so the first is as good as any.
                assertThat(attempts(rig, PickRequest.ofKey("key-" + i), 9).get(8))
                        .isEqualTo(order.get(0));
            }
            // An instance's keys are spread over the others when it fails.
            int home = orders.get(0).get(0);
            assertThat(orders.stream()
                            .filter(o -> o.get(0) == home)
                            .map(o -> o.get(1))
                            .distinct())
                    .hasSizeGreaterThan(1);
        }
    }

    @ParameterizedTest
    @MethodSource("affinities")
    void keys_instanceGoneAndBack_moveAndReturn(Strategy affinity) {
        if (affinity instanceof JumpHash) {
            // Those that follow it are numbered anew.
            return;
        }
        try (Rig rig = new Rig(affinity, 1)) {
            List<ServiceInstance> all = Rig.instances(Rig.equal(10));
            Map<String, Integer> before = rig.set(all).homes(KEYS);
            List<ServiceInstance> fewer = new ArrayList<>(all);
            fewer.remove(4);
            Map<String, Integer> without = rig.set(fewer).homes(KEYS);
            long strangers = before.entrySet().stream()
                    .filter(e -> e.getValue() != 4 && !without.get(e.getKey()).equals(e.getValue()))
                    .count();
            assertThat(without).doesNotContainValue(4);
            int tolerated = switch (affinity.toString()) {
                case "rendezvous", "multi-probe" -> 0;
                case "maglev" -> KEYS / 20;
                // Envoy's rings have more hashes for each instance when they are fewer.
                default -> KEYS / 10;
            };
            assertThat(strangers).isLessThanOrEqualTo(tolerated);
            assertThat(rig.set(all).homes(KEYS)).isEqualTo(before);
        }
    }

    @Test
    void ringHashPerWeight_instanceGoneAndBack_onlyItsKeysMoveAndReturn() {
        try (Rig rig = new Rig(Strategies.ringHash(100), 1)) {
            List<ServiceInstance> all = Rig.instances(1, 2, 0.5, 1, 3);
            Map<String, Integer> before = rig.set(all).homes(KEYS);
            List<ServiceInstance> fewer = new ArrayList<>(all);
            fewer.remove(3);
            Map<String, Integer> without = rig.set(fewer).homes(KEYS);
            assertThat(before).allSatisfy((key, home) -> {
                if (home != 3) {
                    assertThat(without).containsEntry(key, home);
                }
            });
            assertThat(rig.set(all).homes(KEYS)).isEqualTo(before);
        }
    }

    @Test
    void rendezvous_instanceGone_itsKeysGoWhereTheirNextAttemptWould() {
        try (Rig rig = new Rig(Strategies.rendezvous(), 1).set(Rig.equal(6))) {
            List<List<Integer>> orders = IntStream.range(0, 300)
                    .mapToObj(i -> attempts(rig, PickRequest.ofKey("key-" + i), 2))
                    .toList();
            List<ServiceInstance> fewer = new ArrayList<>(Rig.instances(Rig.equal(6)));
            fewer.remove(2);
            rig.set(fewer);
            for (int i = 0; i < orders.size(); i++) {
                int gone = Rig.FIRST_PORT + 2;
                int expected = orders.get(i).get(0) == gone
                        ? orders.get(i).get(1)
                        : orders.get(i).get(0);
                assertThat(rig.pick(PickRequest.ofKey("key-" + i)) + Rig.FIRST_PORT)
                        .isEqualTo(expected);
            }
        }
    }

    @Test
    void rendezvous_weights_shareKeysExactly() {
        for (double[] weights : new double[][] {Rig.equal(10), {1, 2, 3}, {0.1, 10, 0.5}, {1, 1000}}) {
            assertThat(ChiSquare.excess(keyed(Strategies.rendezvous(), weights, PICKS), weights))
                    .isLessThan(1);
        }
    }

    @Test
    void maglev_weights_shareKeysWithinASlot() {
        assertThat(ChiSquare.excess(keyed(Strategies.maglev(), Rig.equal(10), PICKS), Rig.equal(10)))
                .isLessThan(1);
        double[] weights = {1, 2, 3};
        assertThat(ChiSquare.excess(keyed(Strategies.maglev(), weights, PICKS), weights))
                .isLessThan(1);
        MaglevTable table = new MaglevTable(
                IntStream.range(0, 1000).mapToObj(i -> "host-" + i).toArray(String[]::new), Rig.equal(1000), 65_537);
        long[] slots = new long[1000];
        for (int i = 0; i < table.size(); i++) {
            slots[table.owner(i)]++;
        }
        assertThat(slots).containsOnly(65, 66);
    }

    @Test
    void ringHash_moreHashes_sharesMoreEvenly() {
        double few = imbalance(keyed(Strategies.ringHash(1024, 8_388_608), Rig.equal(100), 200_000));
        double many = imbalance(keyed(Strategies.ringHash(100_000, 8_388_608), Rig.equal(100), 200_000));
        assertThat(few).isLessThan(2.2);
        assertThat(many).isLessThan(1.2);
    }

    private static double imbalance(long[] counts) {
        return Arrays.stream(counts).max().orElseThrow()
                / Arrays.stream(counts).average().orElseThrow();
    }

    private static long[] keyed(Strategy strategy, double[] weights, int picks) {
        SplittableRandom keys = new SplittableRandom(3);
        long[] counts = new long[weights.length];
        try (Rig rig = new Rig(strategy, 1).set(weights)) {
            for (int i = 0; i < picks; i++) {
                counts[rig.pick(PickRequest.ofHash(keys.nextLong()))]++;
            }
        }
        return counts;
    }

    @ParameterizedTest
    @MethodSource("affinities")
    void hashKey_fromMetadata_keepsKeysAcrossAddresses(AffinityStrategy affinity) {
        try (Rig rig = new Rig(affinity.hashKey("name"), 1)) {
            Map<String, Integer> before = rig.set(named(0)).homes(1000);
            Map<String, Integer> after = rig.set(named(100)).homes(1000);
            before.replaceAll((key, index) -> index + 100);
            assertThat(after).isEqualTo(before);
        }
        try (Rig plain = new Rig(affinity, 1);
                Rig unnamed = new Rig(affinity.hashKey("name"), 1)) {
            assertThat(unnamed.set(Rig.equal(5)).homes(1000))
                    .isEqualTo(plain.set(Rig.equal(5)).homes(1000));
        }
        assertThat(affinity.hashKey("name")).hasToString(affinity + " by name");
    }

    private static List<ServiceInstance> named(int offset) {
        return IntStream.range(0, 5)
                .mapToObj(i -> Rig.instance(i + offset, 1).toBuilder()
                        .metadata(Map.of("name", "server-" + i))
                        .build())
                .toList();
    }

    @ParameterizedTest
    @MethodSource("affinities")
    void keys_sameHashKeyTwice_goToOneOfThem(AffinityStrategy affinity) {
        ServiceInstance one =
                Rig.instance(0, 1).toBuilder().metadata(Map.of("name", "twin")).build();
        ServiceInstance two =
                Rig.instance(1, 1).toBuilder().metadata(Map.of("name", "twin")).build();
        try (Rig rig = new Rig(affinity.hashKey("name"), 1);
                Rig other = new Rig(affinity.hashKey("name"), 1)) {
            assertThat(rig.set(List.of(one, two)).homes(200))
                    .isEqualTo(other.set(List.of(two, one)).homes(200));
        }
    }

    @Test
    void keys_instanceInSlowStart_areWhereTheyStay() {
        // An ejected instance returns in slow start: its keys come back at once, not one by one.
        try (Rig rig = new Rig(
                set -> {
                    double[] ramp = new double[set.size()];
                    List<Candidate> all = new ArrayList<>();
                    for (int i = 0; i < ramp.length; i++) {
                        ramp[i] = i == 0 ? 0.1 : 1;
                        all.add(set.get(i));
                    }
                    return Strategies.rendezvous().newPicker(set.select(all, ramp));
                },
                1)) {
            Map<String, Integer> ramping = rig.set(Rig.equal(5)).homes(1000);
            try (Rig steady = new Rig(Strategies.rendezvous(), 1)) {
                assertThat(steady.set(Rig.equal(5)).homes(1000)).isEqualTo(ramping);
            }
        }
    }
}
