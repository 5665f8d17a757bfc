package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.Candidate;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.Lease;
import io.lb4j.testing.ChiSquare;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class StickyUntilFailureTest {
    private static final PickRequest ALICE = PickRequest.ofKey("alice");

    private final Rig rig = new Rig(Strategies.stickyUntilFailure(), 1);
    private final List<ServiceInstance> all = Rig.instances(Rig.equal(6));

    private void without(int index) {
        List<ServiceInstance> fewer = new ArrayList<>(all);
        fewer.remove(index);
        rig.set(fewer);
    }

    @Test
    void calls_instanceGone_moveAndStayWhenItIsBack() {
        for (PickRequest request : List.of(PickRequest.plain(), ALICE)) {
            rig.set(all);
            int first = rig.pick(request);
            without(first);
            int second = rig.pick(request);
            assertThat(second).isNotEqualTo(first);
            rig.set(all);
            assertThat(rig.pick(request)).isEqualTo(second);
        }
        rig.close();
    }

    @Test
    void calls_furtherAttempt_movesAllThatFollow() {
        for (PickRequest request : List.of(PickRequest.plain(), ALICE)) {
            rig.set(all);
            Lease failed = rig.balancer.acquire(request);
            failed.close();
            int next = rig.pick(request.nextAttempt(failed.candidate()));
            assertThat(next).isNotEqualTo(Rig.index(failed.instance()));
            assertThat(rig.pick(request)).isEqualTo(next);
            // A call that failed at the same time goes the same way, and moves nobody.
            assertThat(rig.pick(request.nextAttempt(failed.candidate()))).isEqualTo(next);
            assertThat(rig.pick(request)).isEqualTo(next);
        }
        rig.close();
    }

    @Test
    void calls_theirInstanceIsFull_goElsewhereForOnceAndStay() {
        rig.set(all);
        for (PickRequest request : List.of(PickRequest.plain(), ALICE)) {
            Candidate first = rig.picker.pick(request);
            assertThat(rig.picker.pick(request.avoiding(first))).isNotSameAs(first);
            assertThat(rig.picker.pick(request)).isSameAs(first);
        }
        rig.close();
    }

    @Test
    void calls_allExcluded_stay() {
        rig.set(Rig.equal(2));
        Candidate first = rig.picker.pick(ALICE);
        PickRequest tried = ALICE.nextAttempt(rig.eligible.get(0)).nextAttempt(rig.eligible.get(1));
        assertThat(rig.picker.pick(tried)).isSameAs(first);
        assertThat(rig.picker.pick(ALICE)).isSameAs(first);
        // Nor is there a reason to choose where nothing was chosen yet.
        PickRequest bob = PickRequest.plain().nextAttempt(rig.eligible.get(0)).nextAttempt(rig.eligible.get(1));
        assertThat(rig.picker.pick(bob)).isIn(rig.eligible.get(0), rig.eligible.get(1));
        rig.close();
    }

    @Test
    void calls_withoutKeyOrFailure_goToOneInstance() {
        rig.set(1, 2, 3);
        assertThat(rig.counts(3, 1000)).containsOnlyOnce(1000);
        rig.close();
    }

    @Test
    void keys_onlyThoseOfAFailedInstance_move() {
        rig.set(all);
        Map<String, Integer> before = rig.homes(3000);
        without(3);
        Map<String, Integer> after = rig.homes(3000);
        before.forEach((key, home) -> {
            if (home != 3) {
                assertThat(after).containsEntry(key, home);
            }
        });
        rig.set(all);
        assertThat(rig.homes(3000)).isEqualTo(after);
        rig.close();
    }

    @Test
    void firstChoices_ofManyClients_followWeights() {
        double[] weights = {1, 2, 3};
        long[] counts = new long[3];
        SplittableRandom seeds = new SplittableRandom(5);
        for (int client = 0; client < 5000; client++) {
            try (Rig one = new Rig(Strategies.stickyUntilFailure(), seeds.split()).set(weights)) {
                counts[one.pick()]++;
            }
        }
        assertThat(ChiSquare.excess(counts, weights)).isLessThan(1);
        rig.close();
    }

    @Test
    void firstChoices_ofKeys_followWeights() {
        double[] weights = {1, 2, 3};
        long[] counts = new long[3];
        rig.set(weights);
        SplittableRandom keys = new SplittableRandom(5);
        for (int i = 0; i < 30_000; i++) {
            counts[rig.pick(PickRequest.ofHash(keys.nextLong()))]++;
        }
        assertThat(ChiSquare.excess(counts, weights)).isLessThan(1);
        rig.close();
    }
}
