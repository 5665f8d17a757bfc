package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.PickRequest;
import io.lb4j.balancer.Lease;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class BoundedLoadTest {

    static List<AffinityStrategy> affinities() {
        return List.of(Strategies.ringHash(), Strategies.maglev(), Strategies.rendezvous());
    }

    @ParameterizedTest
    @MethodSource("affinities")
    void load_oneHotKey_staysWithinTheBound(AffinityStrategy affinity) {
        double[] weights = {1, 1, 2, 1, 3, 1, 1, 2};
        double total = Arrays.stream(weights).sum();
        try (Rig rig = new Rig(Strategies.boundedLoad(affinity, 1.25), 1).set(weights)) {
            PickRequest hot = PickRequest.ofKey("hot");
            List<Lease> held = new ArrayList<>();
            for (int calls = 1; calls <= 500; calls++) {
                Lease lease = rig.balancer.acquire(hot);
                held.add(lease);
                int index = Rig.index(lease.instance());
                // A count is a pick old at most with eight candidates.
                assertThat(lease.candidate().inFlight())
                        .isLessThanOrEqualTo((int) Math.ceil(1.25 * weights[index] / total * (calls + 1)));
            }
            held.forEach(Lease::close);
        }
    }

    @ParameterizedTest
    @MethodSource("affinities")
    void load_manyInstances_staysNearTheBound(AffinityStrategy affinity) {
        int n = 200;
        SplittableRandom keys = new SplittableRandom(1);
        try (Rig rig = new Rig(Strategies.boundedLoad(affinity, 1.5), 1).set(Rig.equal(n))) {
            List<Lease> held = new ArrayList<>();
            for (int calls = 0; calls < 4000; calls++) {
                // Half of all calls have one of ten keys.
                long key = keys.nextBoolean() ? keys.nextInt(10) : keys.nextLong();
                held.add(rig.balancer.acquire(PickRequest.ofHash(key)));
            }
            for (int i = 0; i < n; i++) {
                assertThat(rig.eligible.get(i).inFlight()).isLessThanOrEqualTo(30);
            }
            held.forEach(Lease::close);
        }
    }

    @ParameterizedTest
    @MethodSource("affinities")
    void load_boundAlmostTheMean_stillHasRoomForEveryCall(AffinityStrategy affinity) {
        int n = 80;
        try (Rig rig = new Rig(Strategies.boundedLoad(affinity, 1.01), 1).set(Rig.equal(n))) {
            PickRequest hot = PickRequest.ofKey("hot");
            List<Lease> held = new ArrayList<>();
            for (int calls = 1; calls <= 1600; calls++) {
                Lease lease = rig.balancer.acquire(hot);
                held.add(lease);
                assertThat(lease.candidate().inFlight())
                        .isLessThanOrEqualTo((int) Math.ceil(1.01 * (calls + n / 8.0) / n));
            }
            held.forEach(Lease::close);
        }
    }

    @ParameterizedTest
    @MethodSource("affinities")
    void keys_idleInstances_areAtHome(AffinityStrategy affinity) {
        try (Rig bounded = new Rig(Strategies.boundedLoad(affinity, 1.25), 1).set(Rig.equal(10));
                Rig plain = new Rig(affinity, 1).set(Rig.equal(10))) {
            assertThat(bounded.homes(2000)).isEqualTo(plain.homes(2000));
        }
    }

    @Test
    void keys_homeBusy_goToTheNextInOrderAndReturn() {
        try (Rig rig = new Rig(Strategies.boundedLoad(Strategies.ringHash(), 1.25), 1).set(Rig.equal(5))) {
            PickRequest key = PickRequest.ofKey("a");
            Lease home = rig.balancer.acquire(key);
            int next = rig.pick(key);
            assertThat(next).isNotEqualTo(Rig.index(home.instance()));
            assertThat(rig.pick(key.nextAttempt(home.candidate()))).isEqualTo(next);
            home.close();
            assertThat(rig.pick(key)).isEqualTo(Rig.index(home.instance()));
        }
    }

    @Test
    void keys_allExcluded_areAtHome() {
        try (Rig rig = new Rig(Strategies.boundedLoad(), 1).set(Rig.equal(2))) {
            PickRequest key = PickRequest.ofKey("a");
            PickRequest tried = key.nextAttempt(rig.eligible.get(0)).nextAttempt(rig.eligible.get(1));
            assertThat(rig.picker.pick(tried)).isSameAs(rig.picker.pick(key));
        }
    }
}
