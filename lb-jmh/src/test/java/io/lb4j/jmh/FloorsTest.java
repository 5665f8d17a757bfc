package io.lb4j.jmh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A floor that is not correct is no floor. */
class FloorsTest {
    private static final int INSTANCES = 10;
    private static final int PICKS = 300_000;

    /** About eight standard deviations of a share of a tenth. */
    private static final double TOLERANCE = 0.0045;

    @ParameterizedTest
    @EnumSource(
            names = {"ROUND_ROBIN", "RANDOM", "WEIGHTED_ROUND_ROBIN", "WEIGHTED_RANDOM", "WEIGHTED_BY_RESPONSE_TIME"})
    void spread_overAllInstances_isTheWeights(Policy policy) {
        Load load = Load.of(policy, INSTANCES);
        double total = Arrays.stream(load.weights()).sum();
        double[] shares = counts(policy, load).values().stream()
                .mapToDouble(count -> (double) count / PICKS)
                .sorted()
                .toArray();
        double[] weights = load.weights().clone();
        Arrays.sort(weights);
        assertThat(shares).hasSize(INSTANCES);
        for (int i = 0; i < INSTANCES; i++) {
            assertThat(shares[i]).isCloseTo(weights[i] / total, within(TOLERANCE));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"RING_HASH", "MAGLEV", "RENDEZVOUS", "MULTI_PROBE", "JUMP_HASH"})
    void key_askedTwice_staysOnItsInstance(Policy policy) {
        Load load = Load.of(policy, INSTANCES);
        Contender floor = Floors.create(policy, load);
        int keys = load.requests().length;
        Set<Object> seen = new HashSet<>();
        for (int n = 0; n < keys; n++) {
            Object first = floor.pick(n);
            seen.add(first);
            assertThat(floor.pick(n + keys)).isSameAs(first);
        }
        assertThat(seen).hasSize(INSTANCES);
    }

    @ParameterizedTest
    @EnumSource(names = {"LEAST_REQUEST", "LEAST_REQUEST_ROUND_ROBIN"})
    void scan_amongBusyAndIdle_takesTheLeastBusyOnly(Policy policy) {
        Load load = Load.of(policy, INSTANCES);
        int least = Arrays.stream(load.inFlight()).min().orElseThrow();
        long leastBusy =
                Arrays.stream(load.inFlight()).filter(count -> count == least).count();
        assertThat(counts(policy, load)).hasSize((int) leastBusy);
    }

    @Test
    void twoChoices_amongBusyAndIdle_neverTakeTheBusiestAlone() {
        Load load = new Load(
                new double[] {1, 1, 1},
                new int[] {1, 1, 2},
                Load.of(Policy.RANDOM, 3).requests());
        assertThat(counts(Policy.POWER_OF_TWO_CHOICES, load)).hasSize(2);
    }

    private static IdentityHashMap<Object, Integer> counts(Policy policy, Load load) {
        Contender floor = Floors.create(policy, load);
        IdentityHashMap<Object, Integer> counts = new IdentityHashMap<>();
        for (int n = 0; n < PICKS; n++) {
            counts.merge(floor.pick(n), 1, Integer::sum);
        }
        return counts;
    }
}
