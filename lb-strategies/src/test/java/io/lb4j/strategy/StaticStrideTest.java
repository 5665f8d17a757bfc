package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The yardstick is true: the vectors are gRPC's (WeightedRoundRobinLoadBalancerTest). */
final class StaticStrideTest {

    @ParameterizedTest
    @CsvSource({"0", "-1"})
    void pick_weights236_isGrpcsSequence(long start) {
        StaticStride stride = new StaticStride(new double[] {2, 3, 6}, start);
        int[][] expected = {{1, 2}, {2, 3}, {2, 6}, {0, 7}, {1, 8}, {2, 9}};
        for (int[] pick : expected) {
            assertThat(stride.pick()).isEqualTo(pick[0]);
            assertThat(stride.sequence()).isEqualTo(pick[1]);
        }
    }

    @Test
    void pick_equalWeights_isRotation() {
        StaticStride stride = new StaticStride(new double[] {1, 1, 1}, 0);
        for (int i = 0; i < 30; i++) {
            assertThat(stride.pick()).isEqualTo(i % 3);
        }
    }
}
