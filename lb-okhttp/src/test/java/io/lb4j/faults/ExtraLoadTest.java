package io.lb4j.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class ExtraLoadTest {
    private final List<Sample> samples = new ArrayList<>();
    private final List<Attempted> attempts = new ArrayList<>();

    /** A call at this time, with so many attempts at once. */
    private void call(int atMillis, int count) {
        String id = "lb-" + samples.size();
        samples.add(new Sample(id, true, atMillis, 0, ""));
        for (int i = 0; i < count; i++) {
            attempts.add(new Attempted(id, TimeUnit.MILLISECONDS.toNanos(atMillis), "n" + i));
        }
    }

    @Test
    void callsOfOneAttempt_areNone() {
        for (int i = 0; i < 3000; i += 5) {
            call(i, 1);
        }
        assertThat(ExtraLoad.of(samples, attempts, 0)).isEqualTo(new ExtraLoad(0, 0));
    }

    @Test
    void worstSecond_isFoundWhereverItBegins() {
        for (int i = 0; i < 10_000; i += 5) {
            call(i, i >= 3700 && i < 4300 ? 2 : 1);
        }
        ExtraLoad load = ExtraLoad.of(samples, attempts, 0);
        assertThat(load.overall()).isCloseTo(120 / 2000.0, within(1e-9));
        assertThat(load.worstSecond()).isCloseTo(120 / 200.0, within(1e-9));
    }

    @Test
    void callWithoutAnyAttempt_isNoAttemptSaved() {
        call(2000, 2);
        samples.add(new Sample("lb-none", true, 2001, 0, "no instances"));
        assertThat(ExtraLoad.of(samples, attempts, 0)).isEqualTo(new ExtraLoad(0.5, 1));
    }
}
