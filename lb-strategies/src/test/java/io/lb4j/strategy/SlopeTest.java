package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SlopeTest {
    private final SplittableRandom random = new SplittableRandom(1);

    private Slope after(int comparisons, double share) {
        Slope slope = new Slope();
        for (int i = 0; i < comparisons; i++) {
            double expected = random.nextGaussian();
            slope.add(expected, share * expected + 0.5 * random.nextGaussian());
        }
        return slope;
    }

    /** Two standard errors, 0.063 after a thousand, are taken off. */
    @ParameterizedTest
    @CsvSource({"49, 1, 0", "50, 1, 0.717", "1000, 0.5, 0.437", "1000, 2, 1", "1000, -1, 0", "10000, 0, 0"})
    void get_isWhatComesAgainLessWhatMayBeChance(int comparisons, double share, double slope) {
        assertThat(after(comparisons, share).get()).isCloseTo(slope, within(0.05));
    }

    @Test
    void get_expectedTheSameOfAll_isZero() {
        Slope slope = new Slope();
        for (int i = 0; i < 1000; i++) {
            slope.add(0, random.nextGaussian());
        }
        assertThat(slope.get()).isZero();
    }

    @Test
    void add_noFiniteNumbers_saysNothing() {
        Slope slope = after(1000, 0.5);
        double before = slope.get();
        slope.add(Double.NaN, 1);
        slope.add(1, Double.POSITIVE_INFINITY);
        slope.add(Double.MAX_VALUE, 0);
        assertThat(slope.get()).isEqualTo(before);
    }
}
