package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.testing.StrategyCheck;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What every strategy must do, whatever else it does: the kit's checks, the same that anybody's strategy must pass. */
@Timeout(120)
final class StrategyContractTest {
    static Stream<Arguments> checks() {
        return Subject.ALL.stream()
                .flatMap(subject -> subject.verifier().checks().stream().map(check -> Arguments.of(subject, check)));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("checks")
    void verify_shippedStrategy_passes(Subject subject, StrategyCheck check) {
        subject.verifier().verify(check);
    }

    /** The balancer never makes an effective weight smaller. */
    @ParameterizedTest
    @MethodSource("io.lb4j.strategy.Subject#all")
    void pick_leastPossibleWeight_isAccepted(Subject subject) {
        double[] weights = {Double.MIN_NORMAL, 1};
        // A ring of such weights is as large as it may be.
        if (subject.name().contains("ringHash") || subject.name().contains("multiProbe")) {
            return;
        }
        try (Rig rig = subject.rig(1).set(weights)) {
            assertThat(IntStream.of(rig.picks(1000))).allMatch(i -> i >= 0 && i < weights.length);
            assertThat(rig.homes(1000).values()).allMatch(i -> i >= 0 && i < weights.length);
        }
    }
}
