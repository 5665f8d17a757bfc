package io.lb4j.simulator;

import java.time.Duration;
import java.util.List;

/** More load than there was, more than there can be, and servers that come and go for it. */
final class Growth {
    private static final ServerSpec SERVER = ServerSpec.firstCome(1);

    /** Calls per second that ten of them can do. */
    private static final double CAPACITY = 1000;

    private Growth() {}

    static List<Scenario> all() {
        return List.of(
                bounded("load rises from 70 to 150 %")
                        .load(Load.ramp(0.7 * CAPACITY, 1.5 * CAPACITY, Duration.ofSeconds(5), Duration.ofSeconds(25)))
                        .build(),
                // Counted when it is over: clients that make calls again, and servers that work for those who left, can
                // keep it up.
                bounded("after three seconds of 200 %, 70 %")
                        .load(Load.burst(0.7 * CAPACITY, 2 * CAPACITY, Duration.ofSeconds(5), Duration.ofSeconds(8)))
                        .cancels(false)
                        .lasts(Duration.ofSeconds(25), Duration.ofSeconds(11))
                        .build(),
                ten("five cold servers join ten, 60 to 110 %")
                        .load(Load.ramp(0.6 * CAPACITY, 1.1 * CAPACITY, Duration.ofSeconds(8), Duration.ofSeconds(14)))
                        .at(Duration.ofSeconds(10), fleet -> {
                            for (int i = 0; i < 5; i++) {
                                fleet.joinCold("new-" + i, SERVER, 0.1, Duration.ofSeconds(8));
                            }
                        })
                        .build(),
                ten("deploy with cold starts, 60 %")
                        .utilization(0.6)
                        .at(Duration.ofSeconds(8), Growth::deploy)
                        .build());
    }

    private static Scenario.Builder ten(String name) {
        return Scenarios.brief(name).servers(10, "s", SERVER);
    }

    /** Fifty calls may wait at each, and no call longer than a second. */
    private static Scenario.Builder bounded(String name) {
        return Scenarios.brief(name).servers(10, "s", SERVER.queue(50)).deadline(Duration.ofSeconds(1));
    }

    /** One after the other: the new one comes, the old one is listed no more, and a second later it is gone. */
    private static void deploy(Fleet fleet) {
        List<String> all = fleet.listed();
        for (int i = 0; i < all.size(); i++) {
            String old = all.get(i);
            Duration turn = Duration.ofSeconds(2L * i);
            fleet.in(turn, () -> {
                fleet.joinCold("new-" + old, SERVER, 0.2, Duration.ofSeconds(4));
                fleet.leave(old);
            });
            fleet.in(turn.plusSeconds(1), () -> fleet.crash(old));
        }
    }
}
