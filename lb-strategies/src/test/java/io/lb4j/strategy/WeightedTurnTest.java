package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.testing.ChiSquare;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class WeightedTurnTest {

    @Test
    void at_edgesOfArcs_areTheNextArcs() {
        WeightedTurn turn = new WeightedTurn(new double[] {1, 2, 1});
        long quarter = 1L << 62;
        assertThat(turn.at(0)).isZero();
        assertThat(turn.at(quarter - 2)).isZero();
        assertThat(turn.at(quarter)).isEqualTo(1);
        assertThat(turn.at(3 * quarter - 2)).isEqualTo(1);
        assertThat(turn.at(3 * quarter)).isEqualTo(2);
        assertThat(turn.at(-1)).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8, 100, 1000, 10_000})
    void at_randomPoints_followsWeights(int n) {
        SplittableRandom random = new SplittableRandom(n);
        for (double[] weights : new double[][] {
            random.doubles(n, 0.5, 2).toArray(),
            IntStream.range(0, n).mapToDouble(i -> 1 + i % 5).toArray(),
            IntStream.range(0, n).mapToDouble(i -> i == 0 ? 1e4 : 1).toArray(),
            IntStream.range(0, n).mapToDouble(i -> i == 0 ? 1e4 : Math.PI).toArray()
        }) {
            WeightedTurn turn = new WeightedTurn(weights);
            long[] counts = new long[n];
            for (int i = 0; i < 1_000_000; i++) {
                counts[turn.at(random.nextLong())]++;
            }
            assertThat(n == 1 || ChiSquare.excess(counts, weights) < 1)
                    .as(Arrays.toString(Arrays.copyOf(counts, 5)))
                    .isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 12, 100, 1023, 1024, 30_030})
    void goldenStride_anyCycle_visitsAllOfIt(int cycle) {
        long stride = Numbers.goldenStride(cycle);
        assertThat(IntStream.range(0, cycle)
                        .mapToLong(i -> i * stride % cycle)
                        .distinct()
                        .count())
                .isEqualTo(cycle);
        assertThat(Math.abs(stride - cycle * 0.618)).isLessThan(8);
    }
}
