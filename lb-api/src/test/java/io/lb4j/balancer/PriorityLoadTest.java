package io.lb4j.balancer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Envoy's published tables (load_balancer_impl_base_test.cc, load_balancing docs) and what must hold for all of them. */
final class PriorityLoadTest {

    private static int[] numbers(String text) {
        return Arrays.stream(text.trim().split(" ", -1))
                .mapToInt(Integer::parseInt)
                .toArray();
    }

    private static int[] loads(PriorityLoad load, int levels) {
        return IntStream.range(0, levels).map(load::load).toArray();
    }

    /** Levels are instances/healthy; the panics are y or n for each. */
    @ParameterizedTest
    @CsvSource({
        // All healthy, and failure of more and more.
        "140, 2/2 2/2,          100 0,     n n",
        "140, 2/1 2/1,          70 30,     n n",
        "140, 4/1 2/2,          35 65,     n n",
        "140, 4/1 4/1,          50 50,     y y",
        "140, 2/1 2/0 2/1,      70 0 30,   n n n",
        "140, 2/0 2/0 2/1,      0 0 100,   y y n",
        "140, 3/0 3/3,          0 100,     n n",
        "140, 5/4 5/5,          100 0,     n n",
        // Nobody is healthy: by size.
        "140, 3/0 3/0,          50 50,     y y",
        "140, 4/0 6/0,          40 60,     y y",
        "140, 1/0 2/0,          34 66,     y y",
        // The documents' example: 100 % and 72 % suffice, 71 % and less spill over.
        "140, 100/100 100/100,  100 0,     n n",
        "140, 100/72 100/72,    100 0,     n n",
        "140, 100/71 100/71,    99 1,      n n",
        "140, 100/50 100/60,    70 30,     n n",
        "140, 100/25 100/100,   35 65,     n n",
        "140, 100/0 100/100,    0 100,     n n",
        "140, 100/5 100/65,     8 92,      y n",
        "140, 100/25 100/25 100/20, 34 33 33, y y y",
        // Without overprovisioning.
        "100, 4/2 4/2,          50 50,     n n",
        "100, 10/6 10/5,        60 40,     n n",
        "100, 3/2 3/3,          66 34,     n n"
    })
    void of_envoysTables_isTheSame(int overprovisioning, String levels, String loads, String panics) {
        int[] sizes = numbers(levels.replaceAll("/\\d+", ""));
        int[] healthy = numbers(levels.replaceAll("\\d+/", ""));
        PriorityLoad load = PriorityLoad.of(sizes, healthy, 0.5, overprovisioning);
        assertThat(loads(load, sizes.length)).containsExactly(numbers(loads));
        String[] expected = panics.trim().split(" ", -1);
        for (int i = 0; i < sizes.length; i++) {
            boolean panicsThere = load.panic(i);
            if (load.load(i) > 0) {
                assertThat(panicsThere).as("panic of level " + i).isEqualTo(expected[i].equals("y"));
            }
        }
    }

    @Test
    void of_oneLevel_takesTheThresholdAsItIs() {
        assertThat(PriorityLoad.of(new int[] {10}, new int[] {8}, 0.9).panic(0)).isTrue();
        assertThat(PriorityLoad.of(new int[] {10}, new int[] {9}, 0.9).panic(0)).isFalse();
        assertThat(PriorityLoad.of(new int[] {10}, new int[] {5}, 0.5).panic(0)).isFalse();
        assertThat(PriorityLoad.of(new int[] {10}, new int[] {4}, 0.5).panic(0)).isTrue();
        assertThat(PriorityLoad.of(new int[] {10}, new int[] {4}, 0.5).load(0)).isEqualTo(100);
    }

    @Test
    void of_exactlyTheThresholdHealthy_isNoPanic() {
        for (int percent = 1; percent <= 100; percent++) {
            double threshold = Double.parseDouble(percent + "e-2");
            assertThat(PriorityLoad.of(new int[] {100}, new int[] {percent}, threshold)
                            .panic(0))
                    .as("%s", threshold)
                    .isFalse();
            assertThat(PriorityLoad.of(new int[] {100}, new int[] {percent - 1}, threshold)
                            .panic(0))
                    .as("%s", threshold)
                    .isTrue();
        }
    }

    @Test
    void of_panicOffAndNobodyHealthy_givesNobodyAnything() {
        PriorityLoad load = PriorityLoad.of(new int[] {3, 3}, new int[] {0, 0}, 0);
        assertThat(loads(load, 2)).containsExactly(0, 0);
        assertThat(load.panic(0)).isFalse();
    }

    @Test
    void of_panicOffAndLessThanAPercentHealthy_givesThoseTheCalls() {
        assertThat(PriorityLoad.of(new int[] {200}, new int[] {1}, 0).load(0)).isEqualTo(100);
        PriorityLoad load = PriorityLoad.of(new int[] {3, 200, 300}, new int[] {0, 1, 2}, 0);
        assertThat(loads(load, 3)).containsExactly(0, 34, 66);
    }

    @Test
    void of_anyLevels_addsUpAndNeverUsesALevelWithoutNeed() {
        Random random = new Random(1);
        for (int round = 0; round < 20_000; round++) {
            int levels = 1 + random.nextInt(6);
            int[] sizes = new int[levels];
            int[] healthy = new int[levels];
            for (int i = 0; i < levels; i++) {
                sizes[i] = 1 + random.nextInt(50);
                healthy[i] = random.nextInt(sizes[i] + 1);
            }
            PriorityLoad load = PriorityLoad.of(sizes, healthy, 0.5);
            assertThat(IntStream.of(loads(load, levels)).sum()).isEqualTo(100);
            boolean sufficed = false;
            for (int i = 0; i < levels; i++) {
                assertThat(load.load(i)).isNotNegative();
                if (sufficed) {
                    assertThat(load.load(i)).isZero();
                }
                sufficed |= healthy[i] * 140 >= sizes[i] * 100;
            }
        }
    }
}
