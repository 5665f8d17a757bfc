package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class NormTest {
    private static final double MS = 1e6;

    @ParameterizedTest
    @CsvSource({"0.3, 0.6, 1.23", "0.3, 30, 23.8", "10, 20, 1.91", "1000, 2000, 2"})
    void deviation_fromWhatIsUsual_isHardlyOneBelowAMillisecond(double usual, double time, double times) {
        Norm norm = new Norm();
        for (int i = 0; i < 1000; i++) {
            norm.took(usual * MS);
        }
        assertThat(Math.exp(norm.deviation(time * MS))).isCloseTo(times, within(times / 100));
    }
}
