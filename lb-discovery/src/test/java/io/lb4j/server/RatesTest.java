package io.lb4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RatesTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    @ParameterizedTest
    @ValueSource(longs = {0, Long.MAX_VALUE - 5_000_000_000L})
    void read_steadyCalls_isTheirRate(long origin) {
        Rates rates = new Rates(origin);
        long now = origin;
        for (int i = 1; i <= 10_000; i++) {
            now += SECOND / 200;
            rates.count(i % 10 != 0, now);
        }
        assertThat(rates.read(now).calls()).isCloseTo(200, within(2.0));
        assertThat(rates.read(now).errors()).isCloseTo(20, within(1.0));
    }

    @Test
    void read_changeOfRate_isSeenWithinTwoSeconds() {
        Rates rates = new Rates(0);
        long now = 0;
        for (int i = 0; i < 1000; i++) {
            now += SECOND / 100;
            rates.count(true, now);
        }
        for (int i = 0; i < 2100; i++) {
            now += SECOND / 1000;
            rates.count(true, now);
        }
        assertThat(rates.read(now).calls()).isCloseTo(1000, within(10.0));
    }

    @Test
    void read_afterAPause_isNothing() {
        Rates rates = new Rates(0);
        for (int i = 0; i < 100; i++) {
            rates.count(false, SECOND / 2);
        }
        assertThat(rates.read(SECOND / 2)).isEqualTo(new Rates.Reading(100, 100));
        assertThat(rates.read(10 * SECOND)).isEqualTo(new Rates.Reading(0, 0));
    }

    @Test
    void read_callsAfterAPause_areNotDilutedByIt() {
        Rates rates = new Rates(0);
        long now = 3600 * SECOND;
        for (int i = 0; i < 500; i++) {
            now += SECOND / 1000;
            rates.count(true, now);
        }
        assertThat(rates.read(now).calls()).isCloseTo(500 / 1.5, within(5.0));
    }

    @Test
    void read_justStarted_isOverAtLeastASecond() {
        Rates rates = new Rates(0);
        rates.count(true, 1000);
        assertThat(rates.read(1000).calls()).isEqualTo(1);
    }
}
