package io.lb4j.strategy.decorator;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Envoy's locality weights, by the table of its documentation. */
final class LocalitySharesTest {

    @ParameterizedTest(name = "{0} % of X available: {1} to {2}")
    @CsvSource({"100, 33, 67", "70, 33, 67", "69, 32, 68", "50, 26, 74", "25, 15, 85", "0, 0, 100"})
    void share_twoZonesOneAndTwo_isEnvoys(int available, int percentX, int percentY) {
        LocalityShares shares =
                LocalityShares.of(new double[] {1, 2}, new int[] {available, 100}, new int[] {100, 100}, 1.4);
        assertThat(Math.round(100 * shares.share(0))).isEqualTo(percentX);
        assertThat(Math.round(100 * shares.share(1))).isEqualTo(percentY);
    }

    @Test
    void at_pointsFromZeroToOne_areInTheZonesOfTheirShares() {
        LocalityShares shares =
                LocalityShares.of(new double[] {0, 1, 0, 3}, new int[] {5, 5, 5, 5}, new int[] {5, 5, 5, 5}, 1.4);
        assertThat(shares.at(0)).isEqualTo(1);
        assertThat(shares.at(0.2499)).isEqualTo(1);
        assertThat(shares.at(0.25)).isEqualTo(3);
        assertThat(shares.at(Math.nextDown(1.0))).isEqualTo(3);
    }

    @Test
    void none_noZoneHasBothWeightAndInstances_isTrue() {
        assertThat(LocalityShares.of(new double[] {0, 1}, new int[] {5, 0}, new int[] {5, 5}, 1.4)
                        .none())
                .isTrue();
        assertThat(LocalityShares.of(new double[] {0, 1}, new int[] {5, 1}, new int[] {5, 5}, 1.4)
                        .none())
                .isFalse();
    }
}
