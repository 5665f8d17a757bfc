package io.lb4j.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** One algorithm in one scenario, from the first call to the last answer. */
final class Run {
    private static final long LOOK_NANOS = 100_000_000;

    /** Sets the chance of what befalls servers apart from all others', which depend on how many there are. */
    private static final long FATE = 0x5eed_0fa7_eL;

    private final World world;
    private final long seed;
    private final Scenario scenario;
    private final Algorithm algorithm;
    private final Statistics statistics;
    private final RandomGenerator arrivals;
    private final RandomGenerator works;
    private final RandomGenerator choices;
    private final List<Caller> callers = new ArrayList<>();
    private final @Nullable Zipf keys;

    private Run(Scenario scenario, Algorithm algorithm, long seed) {
        this.scenario = scenario;
        this.seed = seed;
        this.algorithm = algorithm;
        this.world = new World(scenario, seed);
        this.statistics = new Statistics(
                world, scenario.warmUp().toNanos(), scenario.duration().toNanos());
        // Drawn first, so that every algorithm meets the same calls.
        this.arrivals = world.newRandom();
        this.works = world.newRandom();
        this.choices = world.newRandom();
        this.keys = scenario.keys() > 0 ? new Zipf(scenario.keys(), world.newRandom()) : null;
    }

    static Result of(Scenario scenario, Algorithm algorithm, long seed) {
        return new Run(scenario, algorithm, seed).run();
    }

    private Result run() {
        Fleet fleet = new Fleet(world, new SplittableRandom(seed ^ FATE));
        scenario.servers().forEach(server -> fleet.add(server.id(), server.spec(), server.zone()));
        fleet.publish();
        scenario.happenings()
                .forEach(each ->
                        world.clock.in(each.at().toNanos(), () -> each.what().accept(fleet)));
        Function<Integer, Caller> make = algorithm.callers(world);
        for (int i = 0; i < scenario.clients(); i++) {
            callers.add(make.apply(i));
        }
        // No client makes its first call before it knows of a server.
        world.clock.settle();
        Load load = scenario.load();
        if (load.isClosed()) {
            for (int i = 0; i < load.callers(); i++) {
                int caller = i;
                world.clock.in(load.pauseNanos(arrivals), () -> again(caller));
            }
        } else {
            world.clock.in(load.isRegular() ? 0 : load.nextIn(0, arrivals), this::arrive);
        }
        world.clock.in(LOOK_NANOS, this::look);
        world.clock.in(0, this::record);
        long end = scenario.duration().toNanos();
        world.clock.runUntil(end);
        world.clock.runUntil(end + scenario.drain().toNanos());
        callers.forEach(Caller::close);
        return statistics.result(scenario.name(), algorithm);
    }

    private void look() {
        long now = world.clock.nanos();
        if (now < scenario.duration().toNanos()) {
            if (now >= scenario.warmUp().toNanos()) {
                statistics.look(world.nodes());
            }
            world.clock.in(LOOK_NANOS, this::look);
        }
    }

    private void record() {
        if (statistics.course().look(world.nodes())) {
            world.clock.in(statistics.course().lookNanos(), this::record);
        }
    }

    private void arrive() {
        long now = world.clock.nanos();
        if (now >= scenario.duration().toNanos()) {
            return;
        }
        world.clock.in(scenario.load().nextIn(now, arrivals), this::arrive);
        start(choices.nextInt(callers.size()));
    }

    private void again(int caller) {
        if (world.clock.nanos() < scenario.duration().toNanos()) {
            SimulatedCall call = start(caller % callers.size());
            call.onEnd = () -> world.clock.in(scenario.load().pauseNanos(arrivals), () -> again(caller));
            if (call.isOver()) {
                call.onEnd.run();
            }
        }
    }

    private SimulatedCall start(int caller) {
        SimulatedCall call = new SimulatedCall(
                scenario.serviceTime().sample(works),
                world.clock.nanos(),
                keys == null ? 0 : keys.next(),
                scenario.replicas() > 0 ? choices.nextInt(scenario.servers().size()) : 0,
                scenario.endpoints() > 0 ? choices.nextInt(scenario.endpoints()) : 0,
                statistics);
        statistics.begun(call);
        callers.get(caller).call(call);
        return call;
    }
}
