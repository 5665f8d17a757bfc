package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The vectors are Envoy's (ring_hash_lb_test.cc, {@code Basic}): 127.0.0.1:90 to :95, twelve hashes. */
final class HashRingTest {
    private static final String[] HOSTS =
            IntStream.range(90, 96).mapToObj(port -> "127.0.0.1:" + port).toArray(String[]::new);

    private static HashRing envoy() {
        return new HashRing(HOSTS, HashRing.counts(equal(6), 12, 8_388_608));
    }

    private static double[] equal(int n) {
        double[] weights = new double[n];
        Arrays.fill(weights, 1);
        return weights;
    }

    @ParameterizedTest
    @CsvSource({
        "0, 94, 833437586790550860",
        "1, 92, 928266305478181108",
        "2, 90, 1033482794131418490",
        "3, 95, 3551244743356806947",
        "4, 93, 3851675632748031481",
        "5, 91, 5583722120771150861",
        "6, 91, 6311230543546372928",
        "7, 93, 7700377290971790572",
        "8, 95, 13144177310400110813",
        "9, 92, 13444792449719432967",
        "10, 94, 15516499411664133160",
        "11, 90, 16117243373044804889"
    })
    void ring_envoysHosts_isEnvoysRing(int position, int port, String hash) {
        HashRing ring = envoy();
        assertThat(ring.size()).isEqualTo(12);
        assertThat(ring.hash(position)).isEqualTo(Long.parseUnsignedLong(hash));
        assertThat(ring.owner(position) + 90).isEqualTo(port);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 94",
        "18446744073709551615, 94",
        "3551244743356806947, 95",
        "3551244743356806948, 93",
        "9223372036854775807, 95",
        "9223372036854775808, 95",
        "16117243373044804880, 90",
        "16117243373044804889, 90",
        "16117243373044804890, 94"
    })
    void find_anyHash_isNextClockwise(String hash, int port) {
        HashRing ring = envoy();
        assertThat(ring.owner(ring.find(Long.parseUnsignedLong(hash))) + 90).isEqualTo(port);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 7", "10, 1024", "1000, 1024", "333, 100000"})
    void find_randomHashes_agreesWithScan(int hosts, int minSize) {
        String[] keys = IntStream.range(0, hosts).mapToObj(i -> "host-" + i).toArray(String[]::new);
        HashRing ring = new HashRing(keys, HashRing.counts(equal(hosts), minSize, 8_388_608));
        for (int i = 1; i < ring.size(); i++) {
            assertThat(Long.compareUnsigned(ring.hash(i - 1), ring.hash(i))).isNegative();
        }
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 200; i++) {
            long hash = random.nextLong();
            int expected = 0;
            while (expected < ring.size() && Long.compareUnsigned(ring.hash(expected), hash) < 0) {
                expected++;
            }
            assertThat(ring.find(hash)).isEqualTo(expected % ring.size());
        }
    }

    @Test
    void ring_largest_isSorted() {
        // Among eight million hashes some differ only in the bits that give way to positions while sorting.
        HashRing ring = new HashRing(new String[] {"a", "b"}, new int[] {4_194_304, 4_194_304});
        for (int i = 1; i < ring.size(); i++) {
            if (Long.compareUnsigned(ring.hash(i - 1), ring.hash(i)) >= 0) {
                throw new AssertionError("hash " + i + " is not above the one before");
            }
        }
    }

    @Test
    void counts_ofWeights_followThem() {
        assertThat(HashRing.counts(new double[] {1, 2, 3}, 600, 8_388_608)).containsExactly(100, 200, 300);
        assertThat(HashRing.counts(new double[] {1, 1, 1}, 1024, 8_388_608)).containsExactly(342, 342, 342);
        // The largest size wins over a whole number for the lightest.
        assertThat(HashRing.counts(new double[] {1, 3}, 1000, 1000)).containsExactly(250, 750);
        assertThat(Arrays.stream(HashRing.counts(new double[] {1, 1e6}, 10, 1000))
                        .sum())
                .isEqualTo(1000);
        assertThat(HashRing.counts(new double[] {1, 0.5, 1e-9}, 100)).containsExactly(100, 50, 1);
        assertThat(HashRing.counts(new double[] {1e6, 3e6}, 100)).containsExactly(2_097_152, 6_291_456);
    }
}
