package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.PickRequest;
import io.lb4j.balancer.Lease;
import io.lb4j.testing.ChiSquare;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Ties in full scans, and the bias of calls in flight. */
final class LeastRequestTest {
    private static double[] numbers(String text) {
        return Arrays.stream(text.split(" ")).mapToDouble(Double::parseDouble).toArray();
    }

    private static Lease hold(Rig rig, int index) {
        // All others are excluded.
        PickRequest request = PickRequest.plain();
        for (int i = 0; i < rig.eligible.size(); i++) {
            request = Rig.index(rig.eligible.get(i).instance()) == index
                    ? request
                    : request.nextAttempt(rig.eligible.get(i));
        }
        Lease lease = rig.balancer.acquire(request);
        assertThat(Rig.index(lease.instance())).isEqualTo(index);
        return lease;
    }

    private static List<Lease> hold(Rig rig, int... inFlight) {
        List<Lease> held = new ArrayList<>();
        for (int i = 0; i < inFlight.length; i++) {
            for (int k = 0; k < inFlight[i]; k++) {
                held.add(hold(rig, i));
            }
        }
        return held;
    }

    /** Also at distances where multiples of the golden section lie closest. */
    @ParameterizedTest
    @ValueSource(strings = {"2 3 4", "0 13 21 34 55", "0 1 2 3 4 5 6 7 8 9 10 11 12", "1 90"})
    void leastRequest_tiesInAFullScan_areSharedAsEnvoysAre(String tied) {
        int[] idle = Arrays.stream(numbers(tied)).mapToInt(n -> (int) n).toArray();
        int[] held = new int[100];
        Arrays.fill(held, 1);
        for (int i : idle) {
            held[i] = 0;
        }
        try (Rig rig = new Rig(Strategies.leastRequest(), 1).set(Rig.equal(100))) {
            List<Lease> leases = hold(rig, held);
            long[] counts = rig.counts(100, 1_000_000);
            long[] shares = Arrays.stream(idle).mapToLong(i -> counts[i]).toArray();
            assertThat(Arrays.stream(shares).sum()).isEqualTo(1_000_000);
            assertThat(ChiSquare.excess(shares, Rig.equal(shares.length))).isLessThan(1);
            leases.forEach(Lease::close);
        }
    }

    /** Envoy: weight / (active + 1)^bias, the most of which wins; weights 1 and 4. */
    @ParameterizedTest
    @CsvSource({
        "1, 0, 10, 0",
        "0.5, 0, 10, 1",
        "0.5, 0, 20, 0",
        "0.5, 1, 300, 0",
        "0.1, 1, 300, 1",
        "1, 1, 4, 1",
        "2, 1, 4, 0",
        "2, 1, 2, 1",
        "3, 300, 300, 1"
    })
    void leastRequest_activeRequestBias_isThePowerOfTheLoad(double bias, int light, int heavy, int expected) {
        try (Rig rig = new Rig(Strategies.leastRequest(Integer.MAX_VALUE, bias), 1).set(1, 4)) {
            List<Lease> leases = hold(rig, light, heavy);
            assertThat(rig.counts(2, 100)[expected]).isEqualTo(100);
            leases.forEach(Lease::close);
        }
    }

    @Test
    void leastRequest_biasOfNought_ignoresLoad() {
        try (Rig rig = new Rig(Strategies.leastRequest(2, 0), 1).set(1, 4)) {
            List<Lease> leases = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                leases.add(rig.balancer.acquire(PickRequest.plain()));
            }
            assertThat(ChiSquare.excess(rig.counts(2, 1_000_000), new double[] {1, 4}))
                    .isLessThan(1);
            leases.forEach(Lease::close);
        }
    }
}
