package io.lb4j.strategy.decorator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Envoy's zone-aware routing, by the numbers of its round_robin_lb_test.cc. */
final class ZoneSharesTest {
    private static final Map<String, Integer> CLIENTS = Map.of("A", 2, "B", 2, "C", 1, "D", 1);
    private static final ZoneShares ENVOY =
            ZoneShares.of("A", new TreeMap<>(Map.of("A", 1, "C", 3, "D", 3, "E", 1)), CLIENTS);

    @Test
    void of_envoysExample_hasEnvoysShares() {
        assertThat(ENVOY.local()).isZero();
        assertThat(ENVOY.localRoute()).isEqualTo(3750);
        assertThat(ENVOY.residual()).containsExactly(0, 2084, 4168, 5418);
        assertThat(ENVOY.residualBound()).isEqualTo(5418);
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "2083, 1", "2084, 2", "4167, 2", "4168, 3", "5417, 3"})
    void other_envoysExample_isEnvoysZone(int number, int zone) {
        assertThat(ENVOY.other(number)).isEqualTo(zone);
    }

    @ParameterizedTest(name = "{0} local and {1} other instances, {2} local and {3} other clients: {4}")
    @CsvSource({
        // As large a share of the instances as of the clients, or a larger one: all stay.
        "2, 2, 1, 1, 10000",
        "3, 1, 1, 1, 10000",
        "1, 2, 1, 2, 10000",
        // Less: what the instances are good for.
        "1, 3, 1, 1, 5000",
        "1, 2, 1, 1, 6666",
        "1, 99, 1, 1, 200",
        "1, 9999, 1, 1, 2",
        "1, 99999, 1, 1, 0",
    })
    void localRoute_instancesAndClients_isTheirRatio(
            int localInstances, int otherInstances, int localClients, int otherClients, int expected) {
        ZoneShares shares = ZoneShares.of(
                "near",
                new TreeMap<>(Map.of("near", localInstances, "far", otherInstances)),
                Map.of("near", localClients, "far", otherClients));
        assertThat(shares.localRoute()).isEqualTo(expected);
        assertThat(shares.local()).isEqualTo(1);
    }

    @Test
    void other_noZoneHasAnythingLeft_isAny() {
        // 3333 in 10,000 of the instances and of the clients in the others; the local zone has fewer by rounding only.
        ZoneShares shares =
                ZoneShares.of("A", new TreeMap<>(Map.of("A", 3333, "B", 6667)), Map.of("A", 33_340, "B", 66_660));
        assertThat(shares.localRoute()).isEqualTo(9997);
        ZoneShares none = ZoneShares.of("A", new TreeMap<>(Map.of("A", 1, "B", 19_999)), Map.of("A", 1, "B", 9999));
        assertThat(none.localRoute()).isZero();
        assertThat(none.residualBound()).isEqualTo(2);
        assertThat(none.other(0)).isZero();
        assertThat(none.other(1)).isEqualTo(1);
    }

    @Test
    void of_zoneWithoutInstances_sendsAllToWhatOthersHaveLeft() {
        // As Envoy does where instances aren't in all the zones that clients are in.
        ZoneShares shares =
                ZoneShares.of("A", new TreeMap<>(Map.of("B", 3, "C", 3, "D", 2)), Map.of("A", 2, "B", 3, "C", 3));
        assertThat(shares.local()).isNegative();
        assertThat(shares.localRoute()).isZero();
        assertThat(shares.residual()).containsExactly(0, 0, 2500);
        assertThat(shares.other(0)).isEqualTo(2);
        assertThat(shares.other(2499)).isEqualTo(2);
    }

    @Test
    void of_sharesTooSmallToCount_keepNothing() {
        ZoneShares shares = ZoneShares.of("A", new TreeMap<>(Map.of("A", 1, "B", 19_999)), Map.of("A", 1, "B", 19_999));
        assertThat(shares.localRoute()).isZero();
    }

    @Test
    void shares_allClientsTogether_areEvenOverInstances() {
        assertEven(Map.of("A", 4, "B", 9, "C", 7), Map.of("A", 10, "B", 5, "C", 5));
        assertEven(Map.of("B", 9, "C", 11), Map.of("A", 10, "B", 7, "C", 3));
        assertEven(Map.of("A", 4, "B", 9, "C", 7), Map.of("A", 10, "B", 10));
    }

    private static void assertEven(Map<String, Integer> instances, Map<String, Integer> clients) {
        SortedMap<String, Integer> zones = new TreeMap<>(instances);
        double[] load = new double[zones.size()];
        for (String zone : clients.keySet()) {
            ZoneShares shares = ZoneShares.of(zone, zones, clients);
            double stay = shares.localRoute() / 10_000.0;
            if (stay > 0) {
                load[shares.local()] += clients.get(zone) * stay;
            }
            for (int number = 0; number < shares.residualBound() && stay < 1; number++) {
                load[shares.other(number)] += clients.get(zone) * (1 - stay) / shares.residualBound();
            }
        }
        int at = 0;
        for (int count : zones.values()) {
            assertThat(load[at++] / count).isCloseTo(1, within(0.01));
        }
    }
}
