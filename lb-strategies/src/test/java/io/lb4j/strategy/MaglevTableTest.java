package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.XxHash64;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The tables are Envoy's (maglev_lb_test.cc). */
final class MaglevTableTest {
    private static int[] slots(MaglevTable table) {
        return IntStream.range(0, table.size()).map(table::owner).toArray();
    }

    @Test
    void table_sixHosts_isEnvoys() {
        String[] hosts =
                IntStream.range(90, 96).mapToObj(port -> "127.0.0.1:" + port).toArray(String[]::new);
        assertThat(slots(new MaglevTable(hosts, new double[] {1, 1, 1, 1, 1, 1}, 7)))
                .containsExactly(2, 4, 0, 1, 5, 0, 3);
    }

    @Test
    void table_weightedHosts_isEnvoys() {
        String[] hosts = {"127.0.0.1:90", "127.0.0.1:91"};
        assertThat(slots(new MaglevTable(hosts, new double[] {8, 2}, 17)))
                .containsExactly(1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0);
    }

    /** {@code BasicWithMetadataHashKey}, {@code Weighted} and {@code LocalityWeightedSameLocalityWeights}. */
    @ParameterizedTest
    @CsvSource({
        "'90 91 92 93 94 95', '1 1 1 1 1 1', '2 5 0 3 4 1 0'",
        "'127.0.0.1:90 127.0.0.1:91', '1 2', '1 0 0 1 0 1 1 0 1 1 1 1 1 0 1 0 1'",
        "'127.0.0.1:90 127.0.0.1:91', '1 1', '1 0 0 1 0 1 1 0 0 1 0 1 0 0 1 0 1'",
        "'127.0.0.1:90', '7', '0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0'"
    })
    void table_otherHosts_isEnvoys(String hosts, String weights, String expected) {
        int[] slots = Arrays.stream(expected.split(" ", -1))
                .mapToInt(Integer::parseInt)
                .toArray();
        double[] each = Arrays.stream(weights.split(" ", -1))
                .mapToDouble(Double::parseDouble)
                .toArray();
        assertThat(slots(new MaglevTable(hosts.split(" ", -1), each, slots.length)))
                .containsExactly(slots);
    }

    @Test
    void table_oneHeavyHost_leavesEachOtherOneSlot() {
        // LocalityWeightedLopsided.
        String[] hosts = IntStream.range(0, 1024)
                .mapToObj(port -> "127.0.0.1:" + port)
                .sorted()
                .toArray(String[]::new);
        double[] weights = Arrays.stream(hosts)
                .mapToDouble(host -> host.equals("127.0.0.1:0") ? 127.0 : 1.0 / 1023)
                .toArray();
        int[] counts = new int[hosts.length];
        for (int owner : slots(new MaglevTable(hosts, weights, 65_537))) {
            counts[owner]++;
        }
        assertThat(counts[0]).isEqualTo(65_537 - 1023);
        assertThat(Arrays.stream(counts).skip(1)).containsOnly(1);
    }

    /** {@code BasicWithRetryHostPredicate}: hash 10 and two retries. */
    @Test
    void owner_furtherAttempts_areEnvoys() {
        String[] hosts =
                IntStream.range(90, 96).mapToObj(port -> "127.0.0.1:" + port).toArray(String[]::new);
        MaglevTable table = new MaglevTable(hosts, new double[] {1, 1, 1, 1, 1, 1}, 7);
        assertThat(IntStream.range(0, 3).map(attempt -> table.owner(10, attempt)))
                .containsExactly(1, 0, 5);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 7, 17, 65_537, 5_000_011})
    void owner_anyHash_isSlotOfUnsignedRemainder(int size) {
        String[] hosts = IntStream.range(0, 5).mapToObj(i -> "host-" + i).toArray(String[]::new);
        MaglevTable table = new MaglevTable(hosts, new double[] {1, 1, 1, 1, 1}, size);
        SplittableRandom random = new SplittableRandom(1);
        long[] hashes = random.longs(1000).toArray();
        long[] edges = {0, 1, -1, Long.MAX_VALUE, Long.MIN_VALUE, size, size - 1, -size, 2L * size};
        System.arraycopy(edges, 0, hashes, 0, edges.length);
        for (long hash : hashes) {
            assertThat(table.owner(hash, 0)).isEqualTo(table.owner((int) Long.remainderUnsigned(hash, size)));
            // Envoy: hash ^= ~0ULL - attempt + 1
            assertThat(table.owner(hash, 3))
                    .isEqualTo(table.owner((int) Long.remainderUnsigned(hash ^ (~0L - 3 + 1), size)));
        }
    }

    /** Envoy's loops as they are, through every member in every round. */
    private static int[] byRounds(String[] keys, double[] weights, int size) {
        int n = keys.length;
        int[] slots = new int[size];
        Arrays.fill(slots, -1);
        long[] next = new long[n];
        double[] target = new double[n];
        double total = Arrays.stream(weights).sum();
        double max = Arrays.stream(weights).map(w -> w / total).max().orElseThrow();
        int filled = 0;
        for (long round = 1; filled < size; round++) {
            for (int i = 0; i < n && filled < size; i++) {
                if (round * (weights[i] / total) < target[i]) {
                    continue;
                }
                target[i] += max;
                long offset = Long.remainderUnsigned(XxHash64.hash(keys[i], 0), size);
                long skip = Long.remainderUnsigned(XxHash64.hash(keys[i], 1), size - 1) + 1;
                int at;
                do {
                    at = (int) ((offset + skip * next[i]++) % size);
                } while (slots[at] >= 0);
                slots[at] = i;
                filled++;
            }
        }
        return slots;
    }

    @Test
    void table_anyWeights_isThatOfEnvoysLoops() {
        SplittableRandom random = new SplittableRandom(5);
        int[] sizes = {2, 3, 7, 101, 251};
        for (int round = 0; round < 2_000; round++) {
            int n = 1 + random.nextInt(20);
            double spread = Math.pow(10, 6 * random.nextDouble());
            double[] weights = random.doubles(n, 1, 1 + spread).toArray();
            if (round % 3 == 0) {
                weights[random.nextInt(n)] = random.nextDouble(1e-6, 1e6);
            }
            String[] keys = random.longs(n).mapToObj(Long::toString).toArray(String[]::new);
            int size = sizes[round % sizes.length];
            assertThat(slots(new MaglevTable(keys, weights, size)))
                    .as("size " + size + ", weights " + Arrays.toString(weights))
                    .startsWith(byRounds(keys, weights, size));
        }
    }

    @Test
    @Timeout(10)
    void table_extremeWeights_isMadeAtOnce() {
        int n = 10_000;
        double[] weights = new double[n];
        Arrays.fill(weights, 1e-6);
        weights[n / 2] = 1e6;
        String[] keys = IntStream.range(0, n).mapToObj(i -> "host-" + i).toArray(String[]::new);
        int[] slots = slots(new MaglevTable(keys, weights, 65_537));
        assertThat(Arrays.stream(slots).filter(i -> i != n / 2)).hasSize(n - 1);
    }
}
