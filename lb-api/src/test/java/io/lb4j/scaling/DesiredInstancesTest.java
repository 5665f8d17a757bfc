package io.lb4j.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DesiredInstancesTest {
    private static final long START = Long.MAX_VALUE - TimeUnit.SECONDS.toNanos(5);

    private static ScalingPolicy.Builder policy() {
        return ScalingPolicy.builder().target(0.5).instances(1, 100).scaleInWindow(Duration.ZERO);
    }

    /** As the autoscaler's documentation works them out: usage twice the target doubles, half of it halves. */
    @ParameterizedTest
    @CsvSource({
        "4.0, 4, 0, 8", // twice the target
        "1.0, 4, 0, 2", // half of it
        "2.0, 4, 0, 4", // at the target
        "2.18, 4, 0, 4", // 9 % above: within the tolerance
        "2.24, 4, 0, 5", // 12 % above
        "1.82, 4, 0, 4", // 9 % below
        "1.49, 4, 0, 3", // a quarter below
        "0.0, 4, 0, 1", // idle: the fewest
        "90.0, 4, 0, 100", // the most
        "3.0, 4, 2, 6", // those out of order may be idle: six would do
        "4.0, 4, 2, 8", // they don't
        "1.0, 4, 4, 6", // those out of order may need their places
        "1.9, 4, 9, 13", // and then it is near enough
        "0.0, 0, 3, 3", // nothing is known
        "NaN, 0, 0, 1"
    })
    void next_instancesAndLoad_autoscalersFormula(double load, int serving, int unknown, int expected) {
        assertEquals(expected, new DesiredInstances(policy().build()).next(load, serving, unknown, START));
    }

    @Test
    void next_exactlyAtMultipleOfTarget_noInstanceForRoundingError() {
        DesiredInstances desired = new DesiredInstances(policy().target(0.6).build());
        assertEquals(5, desired.next(0.1 * 3 * 10, 2, 0, START));
    }

    @Test
    void next_loadDropsAndReturns_fewerOnlyAfterWindow() {
        DesiredInstances desired = new DesiredInstances(
                policy().scaleInWindow(Duration.ofSeconds(60)).build());
        assertEquals(4, desired.next(2, 4, 0, START));
        for (int second = 15; second <= 60; second += 15) {
            assertEquals(4, desired.next(1, 4, 0, START + TimeUnit.SECONDS.toNanos(second)));
        }
        assertEquals(2, desired.next(1, 4, 0, START + TimeUnit.SECONDS.toNanos(75)));
    }

    @Test
    void next_shortPeak_moreOnlyAfterScaleOutWindow() {
        DesiredInstances desired = new DesiredInstances(
                policy().scaleOutWindow(Duration.ofSeconds(30)).build());
        assertEquals(4, desired.next(2, 4, 0, START));
        assertEquals(4, desired.next(8, 4, 0, START + TimeUnit.SECONDS.toNanos(15)));
        assertEquals(4, desired.next(2, 4, 0, START + TimeUnit.SECONDS.toNanos(30)));
        assertEquals(4, desired.next(8, 4, 0, START + TimeUnit.SECONDS.toNanos(45)));
        assertEquals(4, desired.next(8, 4, 0, START + TimeUnit.SECONDS.toNanos(60)));
        assertEquals(16, desired.next(8, 4, 0, START + TimeUnit.SECONDS.toNanos(76)));
    }

    /** Until those that were asked for are up, the few there are must not read as "fewer are enough". */
    @Test
    void next_askedForNotThereYet_fewerStillOnlyAfterWindow() {
        DesiredInstances desired = new DesiredInstances(
                policy().scaleInWindow(Duration.ofSeconds(60)).build());
        assertEquals(2, desired.next(1, 2, 0, START));
        assertEquals(6, desired.next(3, 2, 0, START + TimeUnit.SECONDS.toNanos(15)));
        assertEquals(6, desired.next(2.4, 2, 0, START + TimeUnit.SECONDS.toNanos(30)));
        assertEquals(6, desired.next(2.4, 3, 0, START + TimeUnit.SECONDS.toNanos(75)));
        assertEquals(5, desired.next(2.4, 3, 0, START + TimeUnit.SECONDS.toNanos(76)));
    }
}
