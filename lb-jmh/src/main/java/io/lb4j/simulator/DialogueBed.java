package io.lb4j.simulator;

import static io.lb4j.simulator.ServerSpec.Script.constant;
import static io.lb4j.simulator.ServerSpec.Script.linear;
import static io.lb4j.simulator.ServerSpec.Script.status;
import static io.lb4j.simulator.ServerSpec.Script.untilCapacity;

import java.time.Duration;
import java.util.List;

/**
 * The scenarios of Palantir's Dialogue ({@code simulation/src/test/resources/report.md}, its {@code SimulationTest}), with its
 * servers, its loads and its way of counting. Calls may be made twice here. Dialogue's are POSTs, which its clients make again
 * after 429 and 503, where nothing was processed by its protocol; {@link Targets} tries both.
 */
final class DialogueBed {
    private DialogueBed() {}

    static List<Scenario> all() {
        return all(true);
    }

    /** One of them with POSTs: what a server may have begun to process isn't sent again. */
    static Scenario once(String name) {
        return all(false).stream()
                .filter(each -> each.name().equals(name + ", calls made once"))
                .findFirst()
                .orElseThrow();
    }

    private static List<Scenario> all(boolean again) {
        return List.of(
                dialogue(again, "simplest possible case", 10, 11, Duration.ofMinutes(20), Duration.ofHours(1))
                        .server("fast", ServerSpec.scripted(constant(ms(600)), status(200)))
                        .server("medium", ServerSpec.scripted(constant(ms(800)), status(200)))
                        .server("slightly-slow", ServerSpec.scripted(constant(ms(1000)), status(200)))
                        .build(),
                dialogue(again, "slow 503s then revert", 10, 200, Duration.ofSeconds(15), Duration.ofMinutes(10))
                        .server("fast", healthy(ms(60)))
                        .server("other", healthy(ms(60)))
                        .at(
                                Duration.ofSeconds(3),
                                fleet -> fleet.behave("other", ServerSpec.scripted(linear(ms(1000), 60), status(503))))
                        .at(Duration.ofSeconds(10), fleet -> fleet.behave("other", healthy(ms(60))))
                        .build(),
                dialogue(again, "fast 400s then revert", 10, 100, Duration.ofMinutes(1), Duration.ofMinutes(10))
                        .server("normal", ServerSpec.scripted(constant(ms(120)), status(200)))
                        .server("other", ServerSpec.scripted(constant(ms(120)), status(200)))
                        .at(
                                Duration.ofSeconds(3),
                                fleet -> fleet.behave("other", ServerSpec.scripted(constant(ms(20)), status(400))))
                        .at(
                                Duration.ofSeconds(30),
                                fleet -> fleet.behave("other", ServerSpec.scripted(constant(ms(120)), status(200))))
                        .build(),
                dialogue(again, "drastic slowdown", 10, 200, Duration.ofSeconds(20), Duration.ofMinutes(10))
                        .server("fast", healthy(ms(60)))
                        .server("other", healthy(ms(60)))
                        .at(Duration.ofSeconds(3), fleet -> fleet.behave("other", healthy(ms(10_000))))
                        .at(Duration.ofSeconds(10), fleet -> fleet.behave("other", healthy(ms(60))))
                        .build(),
                dialogue(again, "black hole", 10, 200, Duration.ofSeconds(10), Duration.ofSeconds(30))
                        .server("node1", ServerSpec.scripted(constant(ms(600)), status(200)))
                        .server("node2", ServerSpec.scripted(constant(ms(600)), status(200)))
                        .at(
                                Duration.ofSeconds(3),
                                fleet -> fleet.behave(
                                        "node2", ServerSpec.scripted(constant(Duration.ofDays(1)), status(200))))
                        .build(),
                oneEndpointDies(again),
                dialogue(again, "live reloading", 10, 250, Duration.ofSeconds(10), Duration.ofMinutes(10))
                        .server("always-on", healthy(ms(600)))
                        .server("always-broken", ServerSpec.scripted(linear(ms(600), 60), status(500)))
                        .at(Duration.ofSeconds(5), fleet -> fleet.join("added-halfway", healthy(ms(600))))
                        .build(),
                named(again, "one big spike")
                        .server("node1", ServerSpec.scripted(constant(ms(150)), untilCapacity(429, 100)))
                        .server("node2", ServerSpec.scripted(constant(ms(150)), untilCapacity(429, 100)))
                        .load(Load.regular(30_000))
                        .lasts(Duration.ofNanos(33_333 * 1000L), Duration.ZERO)
                        .drain(Duration.ofSeconds(10))
                        .build());
    }

    /** That a server fails at one of two things that it does is what no client of Dialogue sees. */
    private static Scenario oneEndpointDies(boolean again) {
        return dialogue(
                        again,
                        "one endpoint dies on each server",
                        10,
                        250,
                        Duration.ofSeconds(10),
                        Duration.ofMinutes(10))
                .server("e1-breaks", ServerSpec.scripted(constant(ms(600)), status(200)))
                .server("e2-breaks", ServerSpec.scripted(constant(ms(600)), status(200)))
                .endpoints(2)
                .at(Duration.ofSeconds(3), fleet -> {
                    fleet.errorsAt("e1-breaks", 0, 500);
                    fleet.errorsAt("e2-breaks", 1, 500);
                })
                .build();
    }

    private static Scenario.Builder dialogue(
            boolean again, String name, int clients, double perSecond, Duration duration, Duration abortAfter) {
        long distance = (long) (1e9 / perSecond);
        // As many calls as distances fit into it.
        Duration lasts = Duration.ofNanos(duration.toNanos() / distance * distance);
        return named(again, name)
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

    private static Scenario.Builder named(boolean again, String name) {
        return Scenario.named(again ? name : name + ", calls made once").idempotent(again);
    }
}
