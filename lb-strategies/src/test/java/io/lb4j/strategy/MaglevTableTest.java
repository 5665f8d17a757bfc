package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
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
}
