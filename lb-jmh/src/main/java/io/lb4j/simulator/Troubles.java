package io.lb4j.simulator;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** What goes wrong: servers, zones, discovery, everything. */
final class Troubles {
    private static final Duration LATE = Duration.ofSeconds(10);

    private Troubles() {}

    static List<Scenario> all() {
        return List.of(
                Scenarios.brief("a zone is lost, 50 %")
                        .servers(5, "a", ServerSpec.firstCome(2), "a")
                        .servers(5, "b", ServerSpec.firstCome(2), "b")
                        .servers(5, "c", ServerSpec.firstCome(2), "c")
                        .utilization(0.5)
                        .at(LATE, fleet -> fleet.inZone("c").forEach(fleet::crash))
                        .at(LATE.multipliedBy(2), fleet -> fleet.inZone("c").forEach(fleet::restart))
                        .build(),
                ten("discovery is ten seconds late, 50 %")
                        .at(LATE, fleet -> fleet.listed().subList(0, 3).forEach(fleet::crash))
                        .at(LATE.multipliedBy(2), Troubles::replace)
                        .build(),
                ten("discovery flaps, 50 %").at(LATE, Troubles::flap).build(),
                ten("one call in a hundred fails, 50 %")
                        .at(Duration.ZERO, fleet -> fleet.listed().forEach(id -> fleet.errors(id, 0.01, 500)))
                        .build(),
                ten("one of ten limits its rate, 50 %")
                        .at(Duration.ZERO, fleet -> fleet.rateLimit("s-0", 20))
                        .build(),
                Scenarios.brief("servers refuse what would wait, 70 %")
                        .servers(10, "s", ServerSpec.firstCome(2).queue(0))
                        .utilization(0.7)
                        .build(),
                failing("everything fails")
                        .at(Duration.ofSeconds(5), fleet -> fleet.listed().forEach(id -> fleet.errors(id, 1, 500)))
                        .build(),
                failing("everything is gone")
                        .at(Duration.ofSeconds(5), fleet -> fleet.listed().forEach(fleet::crash))
                        .build());
    }

    private static Scenario.Builder ten(String name) {
        return Scenarios.brief(name).servers(10, "s", ServerSpec.firstCome(2)).utilization(0.5);
    }

    /** Counted from the moment on that nothing works any more. */
    private static Scenario.Builder failing(String name) {
        return ten(name).lasts(Duration.ofSeconds(15), Duration.ofSeconds(5));
    }

    /** Discovery hears at last that three have died and that others are there in their place. */
    private static void replace(Fleet fleet) {
        for (String id : fleet.listed().subList(0, 3)) {
            fleet.leave(id);
            fleet.join("new-" + id, ServerSpec.firstCome(2));
        }
    }

    /** Twice a second discovery lists other seven of ten. */
    private static void flap(Fleet fleet) {
        List<String> all = new ArrayList<>(fleet.listed());
        fleet.every(Duration.ofMillis(500), () -> {
            Collections.shuffle(all, new Random(fleet.random().nextLong()));
            fleet.list(all.subList(0, 7));
        });
    }
}
