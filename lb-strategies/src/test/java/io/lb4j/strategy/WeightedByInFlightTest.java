package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.lb4j.PickRequest;
import io.lb4j.balancer.Lease;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class WeightedByInFlightTest {
    private static List<Lease> hold(Rig rig, int... inFlight) {
        List<Lease> held = new ArrayList<>();
        List<Lease> others = new ArrayList<>();
        int[] missing = inFlight.clone();
        while (Arrays.stream(missing).anyMatch(m -> m > 0)) {
            Lease lease = rig.balancer.acquire(PickRequest.plain());
            int index = Rig.index(lease.instance());
            (missing[index]-- > 0 ? held : others).add(lease);
        }
        others.forEach(Lease::close);
        return held;
    }

    @ParameterizedTest
    @CsvSource({"0", "0.5", "1", "2"})
    void shares_callsInFlight_areEnvoysWeights(double bias) {
        double[] weights = {2, 1, 1, 4, 0.5};
        // Envoy's own example is the first: weight 2 and 4 calls make 0.4 with a bias of 1.
        int[] inFlight = {4, 0, 1, 9, 0};
        try (Rig rig = new Rig(Strategies.weightedByInFlight(bias), 1).set(weights)) {
            List<Lease> held = hold(rig, inFlight);
            double[] shares = new double[weights.length];
            for (int i = 0; i < shares.length; i++) {
                shares[i] = weights[i] / Math.pow(inFlight[i] + 1, bias);
            }
            rig.counts(5, 10_000);
            long[] counts = rig.counts(5, 1_000_000);
            double total = Arrays.stream(shares).sum();
            for (int i = 0; i < shares.length; i++) {
                assertThat(counts[i] / 1e6).isEqualTo(shares[i] / total, within(0.002));
            }
            held.forEach(Lease::close);
        }
    }

    @Test
    void picks_allIdle_areAnExactRotation() {
        try (Rig rig = new Rig(Strategies.weightedByInFlight(), 1).set(1, 2, 3)) {
            assertThat(rig.counts(3, 600)).containsExactly(100, 200, 300);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 300})
    void picks_allEquallyBusy_areARotationAgain(int calls) {
        try (Rig rig = new Rig(Strategies.weightedByInFlight(), 1).set(1, 1, 2)) {
            List<Lease> held = hold(rig, calls, calls, calls);
            rig.counts(3, 50_000);
            long[] counts = rig.counts(3, 4000);
            assertThat(counts[0]).isCloseTo(1000, within(2L));
            assertThat(counts[2]).isCloseTo(2000, within(2L));
            held.forEach(Lease::close);
        }
    }

    @Test
    void picks_busyInstance_comeAtEvenDistances() {
        try (Rig rig = new Rig(Strategies.weightedByInFlight(), 1).set(1, 1)) {
            List<Lease> held = hold(rig, 3, 0);
            rig.picks(100);
            int[] picks = rig.picks(1000);
            int last = -1;
            for (int i = 0; i < picks.length; i++) {
                if (picks[i] == 0) {
                    assertThat(last < 0 ? 5 : i - last).isEqualTo(5);
                    last = i;
                }
            }
            held.forEach(Lease::close);
        }
    }
}
