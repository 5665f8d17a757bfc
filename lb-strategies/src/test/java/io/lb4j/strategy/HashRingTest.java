package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The vectors are Envoy's (ring_hash_lb_test.cc). */
final class HashRingTest {
    private static final String[] HOSTS =
            IntStream.range(90, 96).mapToObj(port -> "127.0.0.1:" + port).toArray(String[]::new);

    /** {@code Basic}: twelve hashes. */
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

    /** {@code BasicWithHostname}, {@code BasicWithMetadataHashKey}: the keys are 90 to 95. */
    @ParameterizedTest
    @CsvSource({
        "0, 95, 1975508444536362413",
        "1, 95, 2376063919839173711",
        "2, 93, 2386806903309390596",
        "3, 94, 6749904478991551885",
        "4, 93, 6803900775736438537",
        "5, 92, 7225015537174310577",
        "6, 90, 8787465352164086522",
        "7, 92, 11282020843382717940",
        "8, 91, 13723418369486627818",
        "9, 90, 13776502110861797421",
        "10, 91, 14338313586354474791",
        "11, 94, 15364271037087512980"
    })
    void ring_envoysHostNames_isEnvoysRing(int position, int name, String hash) {
        String[] names = IntStream.range(90, 96).mapToObj(Integer::toString).toArray(String[]::new);
        HashRing ring = new HashRing(names, HashRing.counts(equal(6), 12, 8_388_608));
        assertThat(ring.hash(position)).isEqualTo(Long.parseUnsignedLong(hash));
        assertThat(ring.owner(position) + 90).isEqualTo(name);
    }

    /** {@code UnevenHosts}: a size of three makes four, two for each. */
    @ParameterizedTest
    @CsvSource({
        "80, 0, 0, 5454692015285649509",
        "80, 1, 1, 7859399908942313493",
        "80, 2, 0, 13838424394637650569",
        "80, 3, 1, 16064866803292627174",
        "81, 0, 0, 7859399908942313493",
        "81, 1, 1, 8241336090459785962",
        "81, 2, 1, 12882406409176325258",
        "81, 3, 0, 16064866803292627174"
    })
    void ring_twoHostsAndSizeThree_isEnvoysRing(int firstPort, int position, int owner, String hash) {
        String[] hosts = {"127.0.0.1:" + firstPort, "127.0.0.1:" + (firstPort + 1)};
        HashRing ring = new HashRing(hosts, HashRing.counts(equal(2), 3, 8_388_608));
        assertThat(ring.size()).isEqualTo(4);
        assertThat(ring.hash(position)).isEqualTo(Long.parseUnsignedLong(hash));
        assertThat(ring.owner(position)).isEqualTo(owner);
    }

    /** {@code HostWeightedTinyRing} and {@code HostAndLocalityWeightedTinyRing}, whose weights are products. */
    @ParameterizedTest
    @CsvSource({
        "'1 2 3', 6, '928266305478181108:2 4443673547860492590:2 5583722120771150861:1 6311230543546372928:1 "
                + "13444792449719432967:2 16117243373044804889:0'",
        "'1 2 2 4', 9, '928266305478181108:2 3851675632748031481:3 5583722120771150861:1 6311230543546372928:1 "
                + "7700377290971790572:3 12559126875973811811:3 13444792449719432967:2 13784988426630141778:3 "
                + "16117243373044804889:0'"
    })
    void ring_weightedHosts_isEnvoysRing(String weights, int size, String expected) {
        HashRing ring = weighted(weights, size, size);
        assertThat(IntStream.range(0, ring.size())
                        .mapToObj(i -> Long.toUnsignedString(ring.hash(i)) + ":" + ring.owner(i)))
                .containsExactly(expected.split(" ", -1));
    }

    /** {@code HostWeightedLargeRing}, {@code HostAndLocalityWeightedLargeRing}, {@code LargeFractionalScale}. */
    @ParameterizedTest
    @CsvSource({
        "'1 2 3', 6144, 8388608, 6000, '987 1932 3081'",
        "'1 2 2 4', 9216, 8388608, 9000, '924 2009 2053 4014'",
        "'1 1', 1023, 1023, 1023, '526 497'"
    })
    void find_evenlySpacedHashes_hitsEachAsOftenAsEnvoy(
            String weights, int minSize, int maxSize, int hashes, String expected) {
        HashRing ring = weighted(weights, minSize, maxSize);
        int[] counts = new int[weights.split(" ", -1).length];
        long step = Long.divideUnsigned(-1, hashes);
        for (int i = 0; i < hashes; i++) {
            counts[ring.owner(ring.find(i * step))]++;
        }
        assertThat(counts)
                .containsExactly(Arrays.stream(expected.split(" ", -1))
                        .mapToInt(Integer::parseInt)
                        .toArray());
    }

    private static HashRing weighted(String weights, int minSize, int maxSize) {
        double[] each = Arrays.stream(weights.split(" ", -1))
                .mapToDouble(Double::parseDouble)
                .toArray();
        return new HashRing(Arrays.copyOf(HOSTS, each.length), HashRing.counts(each, minSize, maxSize));
    }

    @Test
    void counts_ringTooSmallForAll_leavesOutSomeAsEnvoy() {
        // SmallFractionalScale and LopsidedWeightSmallScale.
        assertThat(HashRing.counts(equal(4), 2, 2)).containsOnly(0, 1).hasSize(4);
        assertThat(Arrays.stream(HashRing.counts(equal(4), 2, 2)).sum()).isEqualTo(2);
        assertThat(HashRing.counts(equal(2), 1023, 1023)).containsExactlyInAnyOrder(511, 512);
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
