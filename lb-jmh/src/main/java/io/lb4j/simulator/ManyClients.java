package io.lb4j.simulator;

import java.time.Duration;
import java.util.List;

/** Many clients, each of which sees a small part of what servers have to do, or uses a part of the servers only. */
final class ManyClients {
    private ManyClients() {}

    static List<Scenario> all() {
        return List.of(
                Scenarios.one("100 clients, 100 servers, 90 %, nobody reports")
                        .clients(100)
                        .servers(100, "s", ServerSpec.firstCome(1))
                        .reports(false)
                        .utilization(0.9)
                        // Dubbo's rule begins anew every 30 s, and is a third better before it first does.
                        .lasts(Duration.ofSeconds(60), Duration.ofSeconds(8))
                        .build(),
                thousand("200 clients, 1,000 servers, 70 %").build(),
                thousand("200 clients, 1,000 servers, 70 %, each uses 50")
                        .subset(50)
                        .build(),
                twenty("20 clients, half of 20 servers twice as slow, 70 %", 0.5),
                twenty("20 clients, half of 20 servers ten times slower, 70 %", 0.1),
                Scenarios.brief("20 clients, neighbours come and go, 70 %")
                        .clients(20)
                        .servers(20, "s", ServerSpec.shared(2))
                        .utilization(0.7)
                        .lasts(Duration.ofSeconds(20), Duration.ofSeconds(5))
                        .at(Duration.ZERO, ManyClients::neighbours)
                        .build(),
                Scenarios.brief("a hot key, 60 %")
                        .clients(10)
                        .servers(10, "s", ServerSpec.firstCome(2))
                        .keys(10_000)
                        .utilization(0.6)
                        .build());
    }

    /** A call takes a tenth of a second, so that a thousand servers are busy with calls that can be simulated. */
    private static Scenario.Builder thousand(String name) {
        return Scenarios.one(name)
                .clients(200)
                .servers(1000, "s", ServerSpec.firstCome(1))
                .serviceTime(ServiceTime.exponential(Duration.ofMillis(100)))
                .utilization(0.7)
                .lasts(Duration.ofSeconds(8), Duration.ofSeconds(3));
    }

    private static Scenario twenty(String name, double speed) {
        return Scenarios.brief(name)
                .clients(20)
                .servers(10, "fast", ServerSpec.firstCome(2))
                .servers(10, "slow", ServerSpec.firstCome(2).speed(speed))
                .utilization(0.7)
                .build();
    }

    /** Every two seconds neighbours leave each server from half of its cores to half as many again. */
    private static void neighbours(Fleet fleet) {
        fleet.listed()
                .forEach(id -> fleet.every(
                        Duration.ofSeconds(2),
                        () -> fleet.cores(id, 1 + 2 * fleet.random().nextDouble())));
    }
}
