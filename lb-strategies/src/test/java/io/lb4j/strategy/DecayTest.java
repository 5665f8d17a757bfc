package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class DecayTest {

    @ParameterizedTest
    @ValueSource(doubles = {1e-6, 0.1, 1, 7.3, 9536.7, 1e6, 3e10})
    void after_anyTime_isTheExponential(double decayUnits) {
        Decay decay = new Decay(decayUnits);
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < 10_000; i++) {
            int units = (int) Math.min(Integer.MAX_VALUE, random.nextDouble() * 39 * decayUnits);
            double exact = units == 0 ? 1 : Math.exp(-units / decayUnits);
            assertThat(decay.after(units)).isCloseTo(exact, Percentage.withPercentage(1e-9));
        }
        assertThat(decay.after(Integer.MAX_VALUE)).isCloseTo(Math.exp(-Integer.MAX_VALUE / decayUnits), within(1e-15));
        assertThat(decay.after(0)).isOne();
        assertThat(decay.after(-5)).isOne();
    }

    @Test
    void after_neverRises() {
        Decay decay = new Decay(100);
        double last = 1;
        for (int units = 0; units < 10_000; units++) {
            double left = decay.after(units);
            assertThat(left).isLessThanOrEqualTo(last);
            last = left;
        }
    }
}
