package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.hash.Hashing;
import io.lb4j.Candidate;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.testing.ChiSquare;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class JumpHashTest {
    private static final int SHARDS = 12;
    private static final long[] KEYS = Homes.keys(100_000);

    /** Ids that sort as numbers only. */
    private static List<ServiceInstance> shards(int n) {
        return IntStream.range(0, n)
                .mapToObj(i -> Rig.instance(i, 1).toBuilder().id("shard-" + i).build())
                .toList();
    }

    /** Shards that say their number, at addresses whose order is another. */
    private static List<ServiceInstance> numbered(int... numbers) {
        return IntStream.of(numbers)
                .mapToObj(i -> ServiceInstance.builder("127.0.0.1", Rig.FIRST_PORT + i)
                        .id("pod-" + (i * 7919 % 1000))
                        .metadata(Map.of("shard", Integer.toString(i)))
                        .build())
                .toList();
    }

    private static KeyOrder all(int shards) {
        return new JumpHash.Jumps(IntStream.range(0, shards).toArray(), shards);
    }

    /** Made by the paper's loop in C++ (dgryski/go-jump). */
    @ParameterizedTest
    @CsvSource({
        "0, '0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0'",
        "1, '0 0 0 0 0 0 6 6 6 6 6 6 6 6 6 6 6 17 17'",
        "deadbeef, '0 1 2 3 3 5 5 5 5 5 5 5 5 5 5 5 16 16 16'",
        "ddc0ffeebadf00d, '0 1 2 2 2 2 2 2 2 2 2 2 2 2 2 15 15 15 15'"
    })
    void first_oneToNineteenShards_isThePapers(String key, String expected) {
        String[] shards = expected.split(" ", -1);
        long hash = Long.parseUnsignedLong(key, 16);
        for (int n = 1; n <= shards.length; n++) {
            assertThat(all(n).first(hash)).isEqualTo(Integer.parseInt(shards[n - 1]));
        }
    }

    /** From Guava's HashingTest, the last three from the crate jump_consistent_hash. */
    @ParameterizedTest
    @CsvSource({
        "10863919174838991, 11, 6",
        "2016238256797177309, 11, 3",
        "1673758223894951030, 11, 5",
        "2, 100001, 80343",
        "2201, 100001, 22152",
        "2202, 100001, 15018",
        "0, 60, 0",
        "1, 60, 55",
        "2, 60, 46"
    })
    void first_someShards_isTheReferences(long hash, int shards, int expected) {
        assertThat(all(shards).first(hash)).isEqualTo(expected);
    }

    /** From Guava's HashingTest. */
    @Test
    void first_hundredShards_isGuavas() {
        int[] golden = {0, 55, 62, 8, 45, 59, 86, 97, 82, 59, 73, 37, 17, 56, 86, 21, 90, 37, 38, 83};
        assertThat(IntStream.range(0, golden.length).map(all(100)::first))
                .containsExactly(IntStream.of(golden).boxed().toArray(Integer[]::new));
    }

    @Test
    void keys_shardsEjected_onlyTheirsMoveAndEvenly() {
        Homes all = Homes.of(Strategies.jumpHash(), shards(SHARDS));
        Set<Integer> out = Set.of(0, 5, 6, 11);
        Homes fewer = Homes.of(Strategies.jumpHash(), shards(SHARDS), index -> !out.contains(index));
        long[] inherited = new long[SHARDS];
        for (long key : KEYS) {
            int home = all.first(key);
            if (out.contains(home)) {
                inherited[fewer.first(key)]++;
            } else {
                assertThat(fewer.first(key)).isEqualTo(home);
            }
        }
        long[] heirs = IntStream.range(0, SHARDS)
                .filter(i -> !out.contains(i))
                .mapToLong(i -> inherited[i])
                .toArray();
        assertThat(ChiSquare.excess(heirs, Rig.equal(heirs.length))).isLessThan(1);
        assertThat(LongStream.of(heirs).sum())
                .isEqualTo(LongStream.of(inherited).sum());
    }

    @Test
    void keys_anotherShardEjected_thoseThatMovedBeforeStay() {
        Homes one = Homes.of(Strategies.jumpHash(), shards(SHARDS), index -> index != 3);
        Homes two = Homes.of(Strategies.jumpHash(), shards(SHARDS), index -> index != 3 && index != 7);
        for (long key : KEYS) {
            if (one.first(key) != 7) {
                assertThat(two.first(key)).isEqualTo(one.first(key));
            }
        }
    }

    @Test
    void keys_shardsEjectedInAnyOrder_areTheSame() {
        // Whoever has not seen the first shard go must agree with those who have.
        Homes one = Homes.of(Strategies.jumpHash(), shards(SHARDS), index -> index != 3 && index != 7);
        List<ServiceInstance> shuffled = new ArrayList<>(shards(SHARDS));
        Collections.shuffle(shuffled, new Random(1));
        Homes other = Homes.of(Strategies.jumpHash(), shuffled, index -> index != 7 && index != 3);
        for (long key : KEYS) {
            assertThat(other.first(key)).isEqualTo(one.first(key));
        }
    }

    @Test
    void keys_mostShardsEjected_areSharedEvenly() {
        Homes few = Homes.of(Strategies.jumpHash(), shards(400), index -> index % 100 == 0);
        long[] counts = few.counts(400, KEYS);
        long[] heirs = {counts[0], counts[100], counts[200], counts[300]};
        assertThat(ChiSquare.excess(heirs, Rig.equal(4))).isLessThan(1);
        assertThat(LongStream.of(heirs).sum()).isEqualTo(KEYS.length);
    }

    @Test
    void keys_numberedShardGoneFromTheMiddle_onlyItsMove() {
        AffinityStrategy jump = Strategies.jumpHash().hashKey("shard");
        Homes all = Homes.of(jump, numbered(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
        Homes fewer = Homes.of(jump, numbered(9, 0, 1, 2, 10, 4, 5, 6, 7, 8));
        for (long key : KEYS) {
            assertThat(all.first(key)).isEqualTo(Hashing.consistentHash(key, 11));
            if (all.first(key) != 3) {
                assertThat(fewer.first(key)).isEqualTo(all.first(key));
            } else {
                assertThat(fewer.first(key)).isNotEqualTo(3);
            }
        }
    }

    @Test
    void keys_someShardsWithoutNumber_areOrderedByEntry() {
        List<ServiceInstance> mixed = new ArrayList<>(numbered(2, 10, 1));
        mixed.add(ServiceInstance.builder("127.0.0.1", Rig.FIRST_PORT + 20)
                .id("0")
                .metadata(Map.of("shard", "eleven"))
                .build());
        Homes homes = Homes.of(Strategies.jumpHash().hashKey("shard"), mixed);
        int[] ranks = {1, 2, 10, 20};
        for (long key : KEYS) {
            assertThat(homes.first(key)).isEqualTo(ranks[Hashing.consistentHash(key, 4)]);
        }
    }

    @Test
    void keys_twoShardsOfOneNumber_areOnOneAndFailOverToTheOther() {
        List<ServiceInstance> twins = new ArrayList<>(numbered(0));
        twins.add(ServiceInstance.builder("127.0.0.1", Rig.FIRST_PORT + 1)
                .id("z")
                .metadata(Map.of("shard", "0"))
                .build());
        Homes both = Homes.of(Strategies.jumpHash().hashKey("shard"), twins);
        Homes second = Homes.of(Strategies.jumpHash().hashKey("shard"), twins, index -> index == 1);
        assertThat(both.first(1)).isZero();
        assertThat(both.second(1)).isEqualTo(1);
        assertThat(second.first(1)).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"65536", "-1", "1.5", "''", "999999"})
    void keys_numberOutOfRange_ordersByEntry(String number) {
        List<ServiceInstance> shards = new ArrayList<>(numbered(0, 1));
        shards.add(ServiceInstance.builder("127.0.0.1", Rig.FIRST_PORT + 2)
                .metadata(Map.of("shard", number))
                .build());
        Homes homes = Homes.of(Strategies.jumpHash().hashKey("shard"), shards);
        assertThat(ChiSquare.excess(homes.counts(3, KEYS), Rig.equal(3))).isLessThan(1);
    }

    @Test
    void attempts_ofOneKey_reachEveryShard() {
        try (Rig rig = new Rig(Strategies.jumpHash(), 1).set(shards(200))) {
            PickRequest request = PickRequest.ofKey("k");
            boolean[] tried = new boolean[200];
            for (int i = 0; i < tried.length; i++) {
                Candidate picked = rig.picker.pick(request);
                assertThat(tried[Rig.index(picked.instance())]).isFalse();
                tried[Rig.index(picked.instance())] = true;
                request = request.nextAttempt(picked);
            }
        }
    }

    @Test
    void keys_shardAddedAtTheEnd_goThereOrStay() {
        Homes ten = Homes.of(Strategies.jumpHash(), shards(10));
        Homes eleven = Homes.of(Strategies.jumpHash(), shards(11));
        long moved = LongStream.of(KEYS)
                .filter(key -> ten.first(key) != eleven.first(key))
                .peek(key -> assertThat(eleven.first(key)).isEqualTo(10))
                .count();
        assertThat(ChiSquare.excess(new long[] {moved, KEYS.length - moved}, new double[] {1, 10}))
                .isLessThan(1);
    }

    @ParameterizedTest
    @CsvSource({
        "shard-2, shard-10, -1",
        "shard-10, shard-2, 1",
        "a, b, -1",
        "a, a, 0",
        "a1, a01, 1",
        "a1, a1b, -1",
        "1a, a1, -1",
        "9, 10, -1",
        "v1.10.2, v1.9.3, 1",
        "00, 0, 1"
    })
    void numberedOrder_ids_readsDigitsAsNumbers(String a, String b, int sign) {
        // Equal numbers written differently are told apart by their text.
        assertThat(Integer.signum(new NumberedOrder().compare(a, b))).isEqualTo(sign);
        assertThat(Integer.signum(new NumberedOrder().compare(b, a))).isEqualTo(-sign);
    }
}
