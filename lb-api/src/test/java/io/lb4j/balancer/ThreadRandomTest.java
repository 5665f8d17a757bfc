package io.lb4j.balancer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

final class ThreadRandomTest {
    @Test
    void everyDraw_isWithinItsBoundsAndVaries() {
        RandomGenerator random = ThreadRandom.INSTANCE;
        long seen = 0;
        for (int i = 0; i < 1000; i++) {
            assertThat(random.nextInt(7)).isBetween(0, 6);
            assertThat(random.nextInt(3, 9)).isBetween(3, 8);
            assertThat(random.nextLong(1L << 40)).isBetween(0L, (1L << 40) - 1);
            assertThat(random.nextLong(-5, 5)).isBetween(-5L, 4L);
            assertThat(random.nextDouble()).isGreaterThanOrEqualTo(0).isLessThan(1);
            seen |= random.nextLong() ^ random.nextInt();
        }
        assertThat(seen).isEqualTo(-1);
    }
}
