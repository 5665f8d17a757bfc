package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How long the tables of affinities take to make; the figures are in docs/benchmarks.md. */
final class TableTimesTest {
    private static final int BUILDS = 200;

    /**
     * Ten times what it takes, for the quickest of many on whatever machine: a table made by looking at every instance for
     * every slot would take longer by far.
     */
    private static final double LIMIT_MILLIS = 30;

    private static final int INSTANCES = 1_000;
    private static final String[] KEYS = IntStream.range(0, INSTANCES)
            .mapToObj(i -> "10.0." + (i >> 8) + "." + (i & 255) + ":8080")
            .sorted()
            .toArray(String[]::new);
    private static final double[] EQUAL = Rig.equal(INSTANCES);
    private static final double[] ONE_TO_FIVE =
            IntStream.range(0, INSTANCES).mapToDouble(i -> 1 + i % 5).toArray();

    @Test
    @Timeout(120)
    void tables_ofAThousandInstances_areMadeInMilliseconds() {
        Map<String, Supplier<Object>> tables = new TreeMap<>(Map.of(
                "maglev()", () -> new MaglevTable(KEYS, EQUAL, Maglev.DEFAULT_SIZE),
                "maglev(), weights 1 to 5", () -> new MaglevTable(KEYS, ONE_TO_FIVE, Maglev.DEFAULT_SIZE),
                "ringHash()",
                        () -> new HashRing(KEYS, HashRing.counts(EQUAL, RingHash.DEFAULT_MIN_SIZE, RingHash.MAX_SIZE)),
                "ringHash(65537, 65537)", () -> new HashRing(KEYS, HashRing.counts(EQUAL, 65_537, 65_537))));
        tables.forEach((name, table) -> {
            double[] millis = new double[BUILDS];
            for (int i = 0; i < BUILDS; i++) {
                long begin = System.nanoTime();
                Object made = table.get();
                millis[i] = (System.nanoTime() - begin) / 1e6;
                assertThat(made).isNotNull();
            }
            double[] warm = Arrays.copyOfRange(millis, BUILDS / 2, BUILDS);
            Arrays.sort(warm);
            System.out.printf(
                    "%s of 1,000 instances: least %.2f ms, median %.2f ms%n", name, warm[0], warm[warm.length / 2]);
            assertThat(warm[0]).as(name).isLessThan(LIMIT_MILLIS);
        });
    }
}
