package io.lb4j.simulator;

import static io.lb4j.simulator.ServerSpec.Script.constant;
import static io.lb4j.simulator.ServerSpec.Script.drawn;
import static io.lb4j.simulator.ServerSpec.Script.status;

import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;

/** Servers that stand still for a second or two. */
final class Stalls {
    private static final ServiceTime USUAL = ServiceTime.clippedNormal(Duration.ofMillis(167), Duration.ofMillis(5));

    private Stalls() {}

    static List<Scenario> all() {
        return List.of(tail(), one());
    }

    /**
     * That of Dean and Barroso (<i>The Tail at Scale</i>, 2013): a hundred servers that answer in some milliseconds, of which
     * at any moment one or two stand still for one to two seconds.
     */
    private static Scenario tail() {
        return Scenarios.brief("the tail at scale")
                .clients(10)
                .servers(100, "s", ServerSpec.firstCome(100))
                .serviceTime(ServiceTime.logNormal(Duration.ofMillis(4), 0.5))
                .load(Load.poisson(2000))
                .lasts(Duration.ofSeconds(25), Duration.ofSeconds(5))
                .at(
                        Duration.ZERO,
                        fleet -> fleet.listed()
                                .forEach(id -> fleet.every(Duration.ofMillis(100), () -> stall(fleet, id))))
                .build();
    }

    private static void stall(Fleet fleet, String id) {
        if (fleet.random().nextDouble() < 0.001) {
            fleet.pause(id, Duration.ofMillis(1000 + fleet.random().nextInt(1000)));
        }
    }

    /**
     * Peak EWMA's (<i>Beyond Round Robin</i>, linkerd, 2016): one client, a thousand calls a second, eleven servers that answer
     * in 167 ms, of which one takes two seconds from 15 to 45 s. Told by calls that are answered within a second.
     */
    private static Scenario one() {
        return Scenario.named("Peak EWMA's bed, one of eleven takes two seconds")
                .servers(11, "s", ServerSpec.scripted(constant(Duration.ofMillis(167)), status(200)))
                .load(Load.regular(1000))
                .lasts(Duration.ofSeconds(60), Duration.ZERO)
                .at(Duration.ZERO, fleet -> fleet.listed().forEach(id -> usual(fleet, id)))
                .at(
                        Duration.ofSeconds(15),
                        fleet -> fleet.behave("s-0", ServerSpec.scripted(constant(Duration.ofSeconds(2)), status(200))))
                .at(Duration.ofSeconds(45), fleet -> usual(fleet, "s-0"))
                .build();
    }

    private static void usual(Fleet fleet, String id) {
        SplittableRandom random = new SplittableRandom(fleet.random().nextLong());
        fleet.behave(id, ServerSpec.scripted(drawn(USUAL, random), status(200)));
    }
}
