package io.lb4j.simulator;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The scenarios that algorithms are judged by. */
public final class Scenarios {
    private static final Duration WARM_UP = Duration.ofSeconds(10);

    private Scenarios() {}

    /** Every one here. */
    public static List<Scenario> all() {
        List<Scenario> all = new ArrayList<>(fleets());
        all.addAll(ManyClients.all());
        all.addAll(Troubles.all());
        all.addAll(Growth.all());
        all.addAll(Stalls.all());
        all.addAll(PrequalBed.all());
        all.addAll(C3Bed.all());
        all.addAll(dialogue());
        return all;
    }

    /**
     * The one of this name.
     *
     * @throws IllegalArgumentException if there is none here
     */
    public static Scenario named(String name) {
        return all().stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("scenario: " + name + " (expected: one of "
                        + all().stream().map(Scenario::name).toList() + ")"));
    }

    /** Fleets of equal and unequal servers under steady load, and what commonly befalls them. */
    public static List<Scenario> fleets() {
        return List.of(
                many("100 clients, 100 servers, 90 %").utilization(0.9).build(),
                one("1 client, 10 servers, 80 %")
                        .servers(10, "s", ServerSpec.firstCome(1))
                        .utilization(0.8)
                        .build(),
                one("half of them twice as slow, 80 %")
                        .servers(10, "fast", ServerSpec.firstCome(2))
                        .servers(10, "slow", ServerSpec.firstCome(2).speed(0.5))
                        .utilization(0.8)
                        .build(),
                one("one of ten ten times slower, 80 %")
                        .servers(9, "fast", ServerSpec.firstCome(2))
                        .server("slow", ServerSpec.firstCome(2).speed(0.1))
                        .utilization(0.8)
                        .build(),
                one("two servers, one half as fast, 70 %")
                        .server("fast", ServerSpec.firstCome(4))
                        .server("slow", ServerSpec.firstCome(4).speed(0.5))
                        .utilization(0.7)
                        .build(),
                one("two servers, one ten times slower, 60 %")
                        .server("fast", ServerSpec.firstCome(4))
                        .server("slow", ServerSpec.firstCome(4).speed(0.1))
                        .utilization(0.6)
                        .build(),
                one("10 servers of 100 cores, 80 %")
                        .servers(10, "s", ServerSpec.firstCome(100))
                        .serviceTime(ServiceTime.exponential(Duration.ofSeconds(1)))
                        .utilization(0.8)
                        .build(),
                one("a crash and a restart, 60 %")
                        .servers(10, "s", ServerSpec.firstCome(2))
                        .utilization(0.6)
                        .at(Duration.ofSeconds(20), fleet -> fleet.crash("s-3"))
                        .at(Duration.ofSeconds(40), fleet -> fleet.restart("s-3"))
                        .build(),
                one("a pause of two seconds, 60 %")
                        .servers(10, "s", ServerSpec.firstCome(4))
                        .utilization(0.6)
                        .at(Duration.ofSeconds(30), fleet -> fleet.pause("s-3", Duration.ofSeconds(2)))
                        .build(),
                one("rolling restart, 60 %")
                        .servers(10, "s", ServerSpec.firstCome(4))
                        .utilization(0.6)
                        .at(Duration.ofSeconds(12), Scenarios::restartOneByOne)
                        .build());
    }

    static Scenario.Builder one(String name) {
        return Scenario.named(name)
                .serviceTime(ServiceTime.exponential(Duration.ofMillis(10)))
                .network(Duration.ofNanos(250_000))
                .lasts(Duration.ofSeconds(60), WARM_UP);
    }

    /** Shorter: half a minute, of which the first five seconds aren't counted. */
    static Scenario.Builder brief(String name) {
        return one(name).lasts(Duration.ofSeconds(30), Duration.ofSeconds(5));
    }

    private static Scenario.Builder many(String name) {
        return one(name).clients(100).servers(100, "s", ServerSpec.firstCome(1));
    }

    private static void restartOneByOne(Fleet fleet) {
        Duration each = Duration.ofSeconds(4);
        List<String> all = fleet.listed();
        for (int i = 0; i < all.size(); i++) {
            String id = all.get(i);
            fleet.in(each.multipliedBy(i), () -> fleet.crash(id));
            fleet.in(each.multipliedBy(i).plusSeconds(3), () -> fleet.restart(id));
        }
    }

    /** Those of Palantir's Dialogue, with its servers, its loads and its way of counting. */
    public static List<Scenario> dialogue() {
        return DialogueBed.all();
    }
}
