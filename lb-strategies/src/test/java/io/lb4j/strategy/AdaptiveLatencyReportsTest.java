package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.balancer.Lease;
import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Ten instances, calls of which differ so much in length that one slow call is no surprise; nine say that they last 10 ms there. */
final class AdaptiveLatencyReportsTest {
    private static final double NONE = 0;

    private final Rig rig = new Rig(Strategies.adaptive(), 1);
    private final SplittableRandom random = new SplittableRandom(1);

    AdaptiveLatencyReportsTest() {
        rig.set(Rig.equal(10));
    }

    @AfterEach
    void close() {
        rig.close();
    }

    /** Makes calls one after the other; returns how many the tenth had, where they last so long and are reported to. */
    private int atTheTenth(int calls, double millis, double reportedMillis) {
        int count = 0;
        for (int i = 0; i < calls; i++) {
            Lease lease = rig.balancer.acquire(PickRequest.plain());
            boolean tenth = Rig.index(lease.instance()) == 9;
            count += tenth ? 1 : 0;
            double mean = tenth ? millis : 10;
            rig.time.advance(Duration.ofNanos((long) (-1e6 * mean * Math.log(1 - random.nextDouble()))));
            double reported = tenth ? reportedMillis : 10;
            LoadReport.Builder report = LoadReport.builder().inFlight(0);
            if (reported > NONE) {
                report.latencyNanos(1e6 * reported);
            }
            lease.report(report.build());
            lease.close(Outcome.SUCCESS);
        }
        return count;
    }

    @Test
    void pick_reportsToBeTenTimesSlower_isBelieved() {
        atTheTenth(200, 10, 10);
        assertThat(atTheTenth(300, 100, 100)).isLessThan(9);
    }

    @Test
    void pick_isTenTimesSlowerAndReportsNothing_isLearntByAndBy() {
        atTheTenth(200, 10, 10);
        assertThat(atTheTenth(300, 100, NONE)).isGreaterThan(9);
    }

    @Test
    void pick_reportsToBeTenTimesQuickerThanItIs_isNotBelievedForLong() {
        atTheTenth(3000, 10, 1);
        assertThat(atTheTenth(1000, 10, 1)).isLessThan(200);
    }
}
