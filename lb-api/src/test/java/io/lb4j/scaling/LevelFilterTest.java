package io.lb4j.scaling;

import static io.lb4j.scaling.UtilizationLevel.NORMAL;
import static io.lb4j.scaling.UtilizationLevel.OVERUTILIZED;
import static io.lb4j.scaling.UtilizationLevel.UNDERUTILIZED;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LevelFilterTest {
    private final LevelFilter filter = new LevelFilter(ScalingPolicy.builder()
            .thresholds(0.3, 0.9)
            .hysteresis(0.1)
            .holdTime(Duration.ofSeconds(20))
            .build());
    private long now = Long.MAX_VALUE - TimeUnit.SECONDS.toNanos(30);

    private UtilizationLevel after(int seconds, double utilization) {
        now += TimeUnit.SECONDS.toNanos(seconds);
        return filter.next(utilization, now);
    }

    @Test
    void next_aboveThreshold_onlyAfterHoldTime() {
        assertEquals(NORMAL, after(0, 0.95));
        assertEquals(NORMAL, after(10, 0.95));
        assertEquals(OVERUTILIZED, after(10, 0.95));
    }

    @Test
    void next_dipBelowThreshold_holdTimeBeginsAnew() {
        after(0, 0.95);
        after(15, 0.8);
        assertEquals(NORMAL, after(15, 0.95));
        assertEquals(OVERUTILIZED, after(20, 0.95));
    }

    @Test
    void next_withinHysteresis_staysOver() {
        after(0, 0.95);
        after(20, 0.95);
        after(20, 0.81);
        assertEquals(OVERUTILIZED, after(60, 0.81));
        after(20, 0.79);
        assertEquals(NORMAL, after(20, 0.79));
    }

    @Test
    void next_littleToDo_underAndBackByMargin() {
        after(0, 0.1);
        assertEquals(UNDERUTILIZED, after(20, 0.1));
        after(20, 0.39);
        assertEquals(UNDERUTILIZED, after(60, 0.39));
        after(20, 0.41);
        assertEquals(NORMAL, after(20, 0.41));
    }

    @Test
    void next_unknown_staysAsItIs() {
        after(0, 0.95);
        after(20, 0.95);
        assertEquals(OVERUTILIZED, after(60, Double.NaN));
        assertEquals(OVERUTILIZED, after(60, Double.NaN));
    }
}
