package io.lb4j.simulator;

import static io.lb4j.simulator.ServerSpec.Script.constant;
import static io.lb4j.simulator.ServerSpec.Script.linear;
import static io.lb4j.simulator.ServerSpec.Script.status;
import static io.lb4j.simulator.ServerSpec.Script.untilCapacity;

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
        all.addAll(PrequalBed.all());
        all.addAll(C3Bed.all());
        all.addAll(dialogue());
        return all;
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

    private static Scenario.Builder one(String name) {
        return Scenario.named(name)
                .serviceTime(ServiceTime.exponential(Duration.ofMillis(10)))
                .network(Duration.ofNanos(250_000))
                .lasts(Duration.ofSeconds(60), WARM_UP);
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

    /**
     * Those of Palantir's Dialogue ({@code simulation/src/test/resources/report.md}), with its servers, its loads and its
     * way of counting. A call may not be made twice, as its default endpoint is a POST; its clients make them again all
     * the same after 429 and 503, which this library does only where a server says so.
     */
    public static List<Scenario> dialogue() {
        return List.of(
                dialogue("simplest possible case", 10, 11, Duration.ofMinutes(20), Duration.ofHours(1))
                        .server("fast", ServerSpec.scripted(constant(ms(600)), status(200)))
                        .server("medium", ServerSpec.scripted(constant(ms(800)), status(200)))
                        .server("slightly-slow", ServerSpec.scripted(constant(ms(1000)), status(200)))
                        .build(),
                dialogue("slow 503s then revert", 10, 200, Duration.ofSeconds(15), Duration.ofMinutes(10))
                        .server("fast", healthy(ms(60)))
                        .server("other", healthy(ms(60)))
                        .at(
                                Duration.ofSeconds(3),
                                fleet -> fleet.behave("other", ServerSpec.scripted(linear(ms(1000), 60), status(503))))
                        .at(Duration.ofSeconds(10), fleet -> fleet.behave("other", healthy(ms(60))))
                        .build(),
                dialogue("fast 400s then revert", 10, 100, Duration.ofMinutes(1), Duration.ofMinutes(10))
                        .server("normal", ServerSpec.scripted(constant(ms(120)), status(200)))
                        .server("other", ServerSpec.scripted(constant(ms(120)), status(200)))
                        .at(
                                Duration.ofSeconds(3),
                                fleet -> fleet.behave("other", ServerSpec.scripted(constant(ms(20)), status(400))))
                        .at(
                                Duration.ofSeconds(30),
                                fleet -> fleet.behave("other", ServerSpec.scripted(constant(ms(120)), status(200))))
                        .build(),
                dialogue("drastic slowdown", 10, 200, Duration.ofSeconds(20), Duration.ofMinutes(10))
                        .server("fast", healthy(ms(60)))
                        .server("other", healthy(ms(60)))
                        .at(Duration.ofSeconds(3), fleet -> fleet.behave("other", healthy(ms(10_000))))
                        .at(Duration.ofSeconds(10), fleet -> fleet.behave("other", healthy(ms(60))))
                        .build(),
                dialogue("black hole", 10, 200, Duration.ofSeconds(10), Duration.ofSeconds(30))
                        .server("node1", ServerSpec.scripted(constant(ms(600)), status(200)))
                        .server("node2", ServerSpec.scripted(constant(ms(600)), status(200)))
                        .at(
                                Duration.ofSeconds(3),
                                fleet -> fleet.behave(
                                        "node2", ServerSpec.scripted(constant(Duration.ofDays(1)), status(200))))
                        .build(),
                dialogue("live reloading", 10, 250, Duration.ofSeconds(10), Duration.ofMinutes(10))
                        .server("always-on", healthy(ms(600)))
                        .server("always-broken", ServerSpec.scripted(linear(ms(600), 60), status(500)))
                        .at(Duration.ofSeconds(5), fleet -> fleet.join("added-halfway", healthy(ms(600))))
                        .build(),
                Scenario.named("one big spike")
                        .server("node1", ServerSpec.scripted(constant(ms(150)), untilCapacity(429, 100)))
                        .server("node2", ServerSpec.scripted(constant(ms(150)), untilCapacity(429, 100)))
                        .load(Load.regular(30_000))
                        .lasts(Duration.ofNanos(33_333 * 1000L), Duration.ZERO)
                        .drain(Duration.ofSeconds(10))
                        .build());
    }

    private static Scenario.Builder dialogue(
            String name, int clients, double perSecond, Duration duration, Duration abortAfter) {
        long distance = (long) (1e9 / perSecond);
        // As many calls as distances fit into it.
        Duration lasts = Duration.ofNanos(duration.toNanos() / distance * distance);
        return Scenario.named(name)
                .clients(clients)
                .load(Load.regular(perSecond))
                .lasts(lasts, Duration.ZERO)
                .drain(abortAfter.minus(lasts));
    }

    private static ServerSpec healthy(Duration best) {
        return ServerSpec.scripted(linear(best, 60), status(200));
    }

    private static Duration ms(long value) {
        return Duration.ofMillis(value);
    }
}
