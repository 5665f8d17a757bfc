package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.ServiceInstance;
import io.lb4j.Strategy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.openjdk.jol.info.GraphLayout;

/** What an instance costs in memory, in a balancer that has served calls. */
final class FootprintTest {
    private static final int FEW = 1_000;
    private static final int MANY = 10_000;

    /** The instance itself, its id and its host included: what discovery made of it is kept here and nowhere else. */
    private static final double LIMIT = 400;

    /** The same where a strategy keeps what it learns of each. */
    private static final double LIMIT_LEARNING = 600;

    @BeforeAll
    static void letRecordsBeMeasured() {
        System.setProperty("jol.magicFieldOffset", "true");
    }

    @Test
    void anInstance_ofMoreThanTheDefaultStrategyLearnsOf_takesLessThan400Bytes() {
        double perInstance = perInstance(Strategies.defaultStrategy(), FEW, MANY);
        System.out.printf("%.0f bytes for each of 10,000 instances%n", perInstance);
        assertThat(perInstance).isLessThan(LIMIT);
    }

    @Test
    void anInstance_ofWhichTheDefaultStrategyLearns_takesLessThan600Bytes() {
        double perInstance = perInstance(Strategies.defaultStrategy(), Adaptive.MOST / 2, Adaptive.MOST);
        System.out.printf("%.0f bytes for each of 1,024 instances%n", perInstance);
        assertThat(perInstance).isBetween(LIMIT, LIMIT_LEARNING);
    }

    private static double perInstance(Strategy strategy, int few, int many) {
        return (double) (size(strategy, many) - size(strategy, few)) / (many - few);
    }

    private static long size(Strategy strategy, int n) {
        List<ServiceInstance> all = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            all.add(ServiceInstance.of("10.0." + (i >> 8) + "." + (i & 255), 8080));
        }
        try (Rig rig = new Rig(strategy, 1)) {
            rig.set(all);
            rig.picks(10 * n);
            // Past the window of passive health, and through a second picker.
            rig.time.advance(Duration.ofSeconds(30));
            all.set(0, all.get(0).toBuilder().weight(2).build());
            rig.set(all);
            return GraphLayout.parseInstance(rig.balancer).totalSize();
        }
    }
}
