package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

final class NumbersTest {

    @Test
    void halved_anyTimes_isThatPowerOfTwoAndFalls() {
        double last = 1;
        for (double times = 1e-6; times < 1000; times = Math.min(times * 1.01, times + 0.03)) {
            double halved = Numbers.halved(times);
            assertThat(halved).isCloseTo(Math.pow(2, -times), Percentage.withPercentage(0.011));
            assertThat(halved).isLessThan(last);
            last = halved;
        }
    }

    @Test
    void halved_shortTimes_leavesWhatIsGoneExactEnoughForAnAverage() {
        for (double times = 1e-6; times < 1; times *= 1.01) {
            double gone = -Math.expm1(-times * Math.log(2));
            assertThat(1 - Numbers.halved(times)).isCloseTo(gone, Percentage.withPercentage(0.3));
        }
    }

    @Test
    void halved_wholeTimes_isExact() {
        assertThat(Numbers.halved(1)).isCloseTo(0.5, within(1e-15));
        assertThat(Numbers.halved(10)).isCloseTo(0x1p-10, within(1e-15));
        assertThat(Numbers.halved(1021.999)).isPositive();
        assertThat(Numbers.halved(1022)).isZero();
        assertThat(Numbers.halved(1e300)).isZero();
    }
}
