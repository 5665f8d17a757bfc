package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.XxHash64;
import io.lb4j.testing.ChiSquare;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Where keys are, where they go from there, and what moves them: what every affinity promises. */
final class KeyOrderTest {
    private static final int N = 12;
    private static final long[] KEYS = Homes.keys(100_000);

    static List<AffinityStrategy> affinities() {
        return List.of(
                Strategies.ringHash(),
                Strategies.ringHash(100),
                Strategies.maglev(),
                Strategies.rendezvous(),
                Strategies.multiProbe(),
                Strategies.jumpHash());
    }

    /** Those whose other keys stay whatever happens to an instance. */
    static List<AffinityStrategy> calm() {
        return List.of(Strategies.ringHash(100), Strategies.rendezvous(), Strategies.multiProbe());
    }

    @ParameterizedTest
    @MethodSource("affinities")
    void secondChoices_ofOneInstancesKeys_areSpreadOverAllOthers(AffinityStrategy affinity) {
        // On a ring it is a matter of who comes after each of an instance's hashes, of which there are some fifty.
        double least = affinity instanceof RingHash ? 0 : 0.6;
        double most = affinity instanceof RingHash ? 5 : 1.4;
        double[] weights = affinity.toString().startsWith("jump")
                ? Rig.equal(N)
                : IntStream.range(0, N).mapToDouble(i -> 1 + i % 3).toArray();
        Homes homes = Homes.of(affinity, Rig.instances(weights));
        long[] all = homes.counts(N, KEYS);
        for (int from = 0; from < N; from += 5) {
            long[] heirs = new long[N];
            for (long key : KEYS) {
                if (homes.first(key) == from) {
                    heirs[homes.second(key)]++;
                }
            }
            assertThat(heirs[from]).isZero();
            assertThat(Arrays.stream(heirs).filter(count -> count > 0).count()).isGreaterThan(N / 2);
            double left = Arrays.stream(weights).sum() - weights[from];
            for (int to = 0; to < N; to++) {
                if (to != from) {
                    assertThat(heirs[to] * left / weights[to] / all[from]).isBetween(least, most);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("affinities")
    void secondChoices_exactAffinities_followTheWeights(AffinityStrategy affinity) {
        if (!(affinity instanceof Rendezvous || affinity instanceof JumpHash)) {
            return;
        }
        double[] weights = affinity instanceof JumpHash
                ? Rig.equal(N)
                : IntStream.range(0, N).mapToDouble(i -> 1 + i % 3).toArray();
        Homes homes = Homes.of(affinity, Rig.instances(weights));
        for (int from = 0; from < N; from++) {
            int busy = from;
            long[] heirs = new long[N];
            for (long key : KEYS) {
                if (homes.first(key) == from) {
                    heirs[homes.second(key)]++;
                }
            }
            assertThat(ChiSquare.excess(countsWithout(heirs, busy), weightsWithout(weights, busy)))
                    .isLessThan(1);
        }
    }

    private static long[] countsWithout(long[] values, int index) {
        return IntStream.range(0, values.length)
                .filter(i -> i != index)
                .mapToLong(i -> values[i])
                .toArray();
    }

    private static double[] weightsWithout(double[] values, int index) {
        return IntStream.range(0, values.length)
                .filter(i -> i != index)
                .mapToDouble(i -> values[i])
                .toArray();
    }

    @ParameterizedTest
    @MethodSource("affinities")
    void keys_instanceEjectedAndBack_onlyItsMoveAndReturn(AffinityStrategy affinity) {
        List<ServiceInstance> listed = Rig.instances(Rig.equal(N));
        Homes all = Homes.of(affinity, listed);
        Homes fewer = Homes.of(affinity, listed, index -> index != 4);
        Homes back = Homes.of(affinity, listed);
        int strangers = 0;
        for (long key : KEYS) {
            assertThat(fewer.first(key)).isNotEqualTo(4);
            assertThat(back.first(key)).isEqualTo(all.first(key));
            if (all.first(key) != 4 && fewer.first(key) != all.first(key)) {
                strangers++;
            }
        }
        int tolerated = switch (affinity.toString()) {
            case "maglev" -> KEYS.length / 100;
            // Envoy's rings have more hashes for each instance when they are fewer.
            case "ring hash" -> KEYS.length / 10;
            default -> 0;
        };
        assertThat(strangers).isLessThanOrEqualTo(tolerated);
    }

    @ParameterizedTest
    @MethodSource("calm")
    void keys_instanceGone_goWhereTheirNextAttemptWould(AffinityStrategy affinity) {
        List<ServiceInstance> listed =
                Rig.instances(IntStream.range(0, N).mapToDouble(i -> 1 + i % 3).toArray());
        Homes all = Homes.of(affinity, listed);
        List<ServiceInstance> without = new ArrayList<>(listed);
        without.remove(7);
        Homes fewer = Homes.of(affinity, without);
        for (long key : KEYS) {
            assertThat(fewer.first(key)).isEqualTo(all.first(key) == 7 ? all.second(key) : all.first(key));
        }
    }

    @ParameterizedTest
    @MethodSource("calm")
    void keys_oneWeightChanged_moveToOrFromThatInstanceOnly(AffinityStrategy affinity) {
        double[] before = IntStream.range(0, N).mapToDouble(i -> 1 + i % 3).toArray();
        for (double changed : new double[] {0.25, 1.5, 9}) {
            double[] after = before.clone();
            after[5] = changed;
            Homes old = Homes.of(affinity, Rig.instances(before));
            Homes now = Homes.of(affinity, Rig.instances(after));
            int moved = 0;
            for (long key : KEYS) {
                if (old.first(key) != now.first(key)) {
                    assertThat(changed > before[5] ? now.first(key) : old.first(key))
                            .isEqualTo(5);
                    moved++;
                }
            }
            assertThat(moved).isPositive();
        }
    }

    @ParameterizedTest
    @MethodSource("affinities")
    void keys_discoveryInAnyOrder_haveTheSameOrderOfAll(AffinityStrategy affinity) {
        List<ServiceInstance> listed =
                Rig.instances(IntStream.range(0, N).mapToDouble(i -> 1 + i % 3).toArray());
        List<ServiceInstance> shuffled = new ArrayList<>(listed);
        Collections.shuffle(shuffled, new Random(1));
        Homes one = Homes.of(affinity, listed);
        Homes other = Homes.of(affinity, shuffled);
        for (int i = 0; i < 10_000; i++) {
            assertThat(other.first(KEYS[i])).isEqualTo(one.first(KEYS[i]));
            assertThat(other.second(KEYS[i])).isEqualTo(one.second(KEYS[i]));
        }
    }

    @Test
    void keys_ofText_areWhereEnvoyHasThem() {
        // What Envoy does for one header or cookie: XXH64 with seed 0 of the value, then the table or the ring.
        List<ServiceInstance> hosts = IntStream.range(90, 96)
                .mapToObj(port -> ServiceInstance.of("127.0.0.1", port))
                .toList();
        String[] names = hosts.stream().map(ServiceInstance::authority).toArray(String[]::new);
        MaglevTable table = new MaglevTable(names, Rig.equal(6), 65_537);
        HashRing ring = new HashRing(names, HashRing.counts(Rig.equal(6), 1024, 8_388_608));
        try (Rig maglev = new Rig(Strategies.maglev(), 1).set(hosts);
                Rig ringHash = new Rig(Strategies.ringHash(), 1).set(hosts)) {
            for (int i = 0; i < 10_000; i++) {
                String key = "customer-" + i;
                long hash = XxHash64.hash(key.getBytes(StandardCharsets.UTF_8), 0);
                PickRequest request = PickRequest.ofKey(key);
                assertThat(request.hash()).isEqualTo(hash);
                assertThat(maglev.picker.pick(request).instance())
                        .isEqualTo(hosts.get(table.owner((int) Long.remainderUnsigned(hash, 65_537))));
                int at = 0;
                while (at < ring.size() && Long.compareUnsigned(ring.hash(at), hash) < 0) {
                    at++;
                }
                assertThat(ringHash.picker.pick(request).instance())
                        .isEqualTo(hosts.get(ring.owner(at == ring.size() ? 0 : at)));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("affinities")
    void keys_instancesWithHashKeys_ignoreAddresses(AffinityStrategy affinity) {
        Homes here = Homes.of(affinity.hashKey("name"), named(0));
        Homes there = Homes.of(affinity.hashKey("name"), named(100));
        for (int i = 0; i < 10_000; i++) {
            assertThat(there.first(KEYS[i])).isEqualTo(here.first(KEYS[i]) + 100);
            assertThat(there.second(KEYS[i])).isEqualTo(here.second(KEYS[i]) + 100);
        }
    }

    private static List<ServiceInstance> named(int offset) {
        return IntStream.range(0, N)
                .mapToObj(i -> Rig.instance(i + offset, 1).toBuilder()
                        .metadata(Map.of("name", "server-" + i))
                        .build())
                .toList();
    }
}
