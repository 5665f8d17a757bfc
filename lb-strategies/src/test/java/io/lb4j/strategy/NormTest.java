package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class NormTest {
    private static final double MS = 1e6;

    @ParameterizedTest
    @CsvSource({"0.3, 0.6, 1.23", "0.3, 30, 23.8", "10, 20, 1.91", "1000, 2000, 2"})
    void deviation_fromWhatIsUsual_isHardlyOneBelowAMillisecond(double usual, double time, double times) {
        Norm norm = new Norm();
        for (int i = 0; i < 1000; i++) {
            norm.took(usual * MS);
        }
        assertThat(Math.exp(norm.deviation(time * MS))).isCloseTo(times, within(times / 100));
    }

    /** Half of all report about ten calls of others, half about thirty; taken for 1.3 times as many as those that report. */
    @ParameterizedTest
    @CsvSource({"true, 38, 14", "false, 26, 26"})
    void others_ofOneThatHadManyOrFew_differAsFarAsReportsDid(boolean same, double many, double few) {
        SplittableRandom random = new SplittableRandom(1);
        Norm norm = new Norm();
        for (int i = 0; i < 4000; i++) {
            boolean busy = random.nextBoolean();
            boolean busyBefore = same ? busy : random.nextBoolean();
            int others = (busy ? 25 : 5) + random.nextInt(10);
            norm.othersAre(others);
            norm.compareOthers(busyBefore ? 30 : 10, others);
        }
        assertThat(norm.others(30, 1)).isCloseTo(many, within(3.0));
        assertThat(norm.others(10, 1)).isCloseTo(few, within(3.0));
        assertThat(norm.others(30, 0)).as("forgotten").isEqualTo(norm.others());
    }

    /** Half of all have no other call and take 10 ms, half have seven and take as many times longer as that, or as long. */
    @ParameterizedTest
    @CsvSource({"8, 10, 0, 1", "8, 80, 7, 1", "8, 80, 0, 8", "8, 10, 7, 0.125", "1, 10, 7, 1", "1, 80, 7, 8"})
    void slowness_isWhatCrowdsDoNotExplain(double timesLonger, double millis, double crowd, double times) {
        SplittableRandom random = new SplittableRandom(1);
        Norm norm = new Norm();
        for (int i = 0; i < 4000; i++) {
            boolean busy = random.nextBoolean();
            norm.slowness(MS * (busy ? 10 * timesLonger : 10), busy ? 7 : 0);
        }
        double found = Math.exp(norm.slowness(MS * millis, crowd));
        assertThat(Math.abs(Math.log(found / times))).isLessThan(0.4);
    }

    @Test
    void told_byThoseWhoAreSlow_isThatTheyAre() {
        Norm norm = new Norm();
        for (int i = 0; i < 1000; i++) {
            norm.told(0, 1);
        }
        assertThat(norm.told(0.5, 1)).isCloseTo(1.5, within(0.01));
    }
}
