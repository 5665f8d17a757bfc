package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.testing.ChiSquare;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class AliasTableTest {

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 10, 1000})
    void pick_aMillionTimes_followsWeights(int n) {
        SplittableRandom random = new SplittableRandom(n);
        for (double[] weights : new double[][] {
            Rig.equal(n),
            random.doubles(n, 0.5, 2).toArray(),
            IntStream.range(0, n).mapToDouble(i -> i == 0 ? 1000 : 1).toArray(),
            IntStream.range(0, n).mapToDouble(i -> (i + 1) * 1e300 / n).toArray()
        }) {
            AliasTable table = new AliasTable(weights);
            long[] counts = new long[n];
            for (int i = 0; i < 1_000_000; i++) {
                counts[table.pick(random.nextLong())]++;
            }
            double[] scaled =
                    Arrays.stream(weights).map(w -> w / weights[n - 1]).toArray();
            assertThat(ChiSquare.excess(counts, scaled)).isLessThan(1);
        }
    }

    @Test
    void pick_allPoints_coversSharesExactly() {
        // A lattice over the 64 bits meets each share to within its own spacing.
        double[] weights = {1, 2, 3, 4, 10};
        AliasTable table = new AliasTable(weights);
        int points = 1 << 20;
        long[] counts = new long[5];
        for (int i = 0; i < points; i++) {
            counts[table.pick((long) i << 44)]++;
        }
        for (int i = 0; i < 5; i++) {
            assertThat(counts[i] / (double) points).isBetween(weights[i] / 20 - 1e-5, weights[i] / 20 + 1e-5);
        }
    }

    @Test
    void fractions_edges_stayInRange() {
        for (int n : new int[] {1, 2, 3, 1000, Integer.MAX_VALUE}) {
            assertThat(Fractions.scale(0, n)).isZero();
            assertThat(Fractions.scale(-1, n)).isEqualTo(n - 1);
            assertThat(Fractions.scale(Long.MIN_VALUE, n)).isEqualTo(n / 2);
        }
        assertThat(Fractions.of(0)).isZero();
        assertThat(Fractions.of(0.5)).isEqualTo(Long.MIN_VALUE);
        assertThat(Fractions.of(1)).isEqualTo(-1);
        assertThat(Fractions.of(1 + 1e-15)).isEqualTo(-1);
    }
}
