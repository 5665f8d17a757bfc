package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.PickRequest;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RendezvousScoresTest {

    @Test
    void first_equalWeights_isTheFirstByScore() {
        SplittableRandom random = new SplittableRandom(7);
        double[] weights = new double[20];
        Arrays.fill(weights, 3);
        Rendezvous.Scores scores =
                new Rendezvous.Scores(random.longs(weights.length).toArray(), weights);
        for (int i = 0; i < 10_000; i++) {
            long hash = random.nextLong();
            assertThat(scores.first(hash))
                    .isEqualTo(scores.first(hash, (index, request, calls) -> true, PickRequest.plain(), 0));
        }
    }
}
