package io.lb4j.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class TrendTest {
    private static Trend of(int... values) {
        List<Vitals> samples = IntStream.range(0, values.length)
                .mapToObj(i -> new Vitals(i, values[i], 0, 0, 0, 0))
                .toList();
        return Trend.of("threads", samples, Vitals::threads, 4);
    }

    @Test
    void trend_ofALeak_isNotFlat() {
        Trend leak = of(10, 11, 12, 13, 14, 15, 16, 17, 18);
        assertThat(leak.climb()).isEqualTo(8);
        assertThat(leak.first()).isEqualTo(11);
        assertThat(leak.last()).isEqualTo(17);
        assertThat(leak.flat()).isFalse();
    }

    @Test
    void trend_ofNoiseOrOneSpike_isFlat() {
        assertThat(of(10, 13, 9, 12, 10, 11, 13, 9, 12).flat()).isTrue();
        assertThat(of(10, 10, 10, 10, 60, 10, 10, 10, 10).flat()).isTrue();
        assertThat(of(20, 10).flat()).isTrue();
        assertThat(of(7).flat()).isTrue();
    }
}
