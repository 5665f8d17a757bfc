package io.lb4j.simulator;

import java.time.Duration;
import java.util.List;

/**
 * The bed of C3's authors (Suresh, Canini, Schmid, Feldmann, NSDI 2015): 50 servers of 4 cores, each of which is quick or slow
 * for a while and then drawn anew; a call can go to three of them that are next to each other, as data has three copies; 150
 * clients at 70 % of what the servers can do on average.
 */
final class C3Bed {
    static final int CLIENTS = 150;

    /** How much quicker a quick server is. */
    private static final double QUICK = 3;

    private C3Bed() {}

    /** Those that algorithms are compared in: speeds that change too fast to be followed, and that last. */
    static List<Scenario> all() {
        return List.of(of(50, Duration.ofSeconds(5)), of(500, Duration.ofSeconds(5)));
    }

    /**
     * The bed.
     *
     * @param millis how long a speed lasts
     * @param measured how long
     */
    static Scenario of(long millis, Duration measured) {
        Duration warmUp = Duration.ofSeconds(2);
        return Scenario.named("C3's bed, a speed lasts " + millis + " ms")
                .clients(CLIENTS)
                .servers(50, "s", ServerSpec.firstCome(4))
                .replicas(3)
                .serviceTime(ServiceTime.exponential(Duration.ofMillis(4)))
                .network(Duration.ofNanos(250_000))
                .utilization(0.7 * (1 + QUICK) / 2)
                .lasts(measured.plus(warmUp), warmUp)
                .at(Duration.ZERO, fleet -> fleet.listed().forEach(id -> redraw(fleet, id, Duration.ofMillis(millis))))
                .build();
    }

    private static void redraw(Fleet fleet, String id, Duration period) {
        fleet.every(period, () -> fleet.slow(id, fleet.random().nextBoolean() ? QUICK : 1));
    }
}
