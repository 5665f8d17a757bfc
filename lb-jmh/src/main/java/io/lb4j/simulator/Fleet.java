package io.lb4j.simulator;

import io.lb4j.ServiceInstance;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** The servers of a running scenario, for what happens to them on the way. Ids are those that the scenario gave. */
public final class Fleet {
    private final World world;
    private final RandomGenerator random;
    private final List<String> listed = new ArrayList<>();

    Fleet(World world, RandomGenerator random) {
        this.world = world;
        this.random = random;
    }

    void add(String id, ServerSpec spec, String zone) {
        world.add(id, spec, zone);
        listed.add(id);
    }

    void publish() {
        world.list(listed);
    }

    /** The ids that discovery lists. */
    public List<String> listed() {
        return List.copyOf(listed);
    }

    /** The ids of a zone's servers, be they up or not. */
    public List<String> inZone(String zone) {
        return world.nodes().stream()
                .map(node -> node.instance)
                .filter(instance -> zone.equals(instance.zone()))
                .map(ServiceInstance::id)
                .toList();
    }

    /** The process dies: calls in progress break, further ones are refused. Discovery still lists it. */
    public void crash(String id) {
        world.node(id).crash();
    }

    /** The process is there again, with nothing to do. */
    public void restart(String id) {
        world.node(id).restart();
    }

    /** Takes calls from now on and answers none; calls in progress are answered. */
    public void blackHole(String id) {
        world.node(id).mute(true);
    }

    /** Ends the black hole. */
    public void answer(String id) {
        world.node(id).mute(false);
    }

    /** Answers as this one does from now on; calls in progress end as they would have. */
    public void behave(String id, ServerSpec spec) {
        world.node(id).become(spec);
    }

    /** Has something happen later. */
    public void in(Duration delay, Runnable what) {
        world.clock.in(delay.toNanos(), what);
    }

    /** Has something happen now and again and again, the second time at a moment within the first period that is drawn. */
    public void every(Duration period, Runnable what) {
        what.run();
        again(random.nextLong(period.toNanos()), period.toNanos(), what);
    }

    private void again(long nanos, long period, Runnable what) {
        world.clock.in(nanos, () -> {
            what.run();
            again(period, period, what);
        });
    }

    /** Chance for what happens to the fleet: the same whatever algorithm runs. */
    public RandomGenerator random() {
        return random;
    }

    /**
     * Leaves a server with shared cores so many of them, as neighbours on its machine do; calls in progress feel it as well. How busy it
     * says that it is stays in terms of the cores it began with, and so can be more than 1.
     *
     * @param cores may be a fraction, and more than it began with
     */
    public void cores(String id, double cores) {
        if (!(cores > 0)) {
            throw new IllegalArgumentException("cores of " + id + ": " + cores + " (expected: above 0)");
        }
        world.node(id).cores(cores);
    }

    /** Works at this share of its speed; calls in progress as well. */
    public void slow(String id, double factor) {
        world.node(id).slow(factor);
    }

    /** Stands still for a while, as for a garbage collection, and then goes on; one that does so already is left alone. */
    public void pause(String id, Duration time) {
        Node node = world.node(id);
        if (node.pause()) {
            world.clock.in(time.toNanos(), node::resume);
        }
    }

    /** Answers this share of its calls with this status at once. */
    public void errors(String id, double share, int status) {
        world.node(id).errors(share, status);
    }

    /** Answers calls to this endpoint with this status, in the time that they take. */
    public void errorsAt(String id, int endpoint, int status) {
        world.node(id).errorsAt(endpoint, status);
    }

    /** Answers no more than so many calls in each second of the clock, and further ones with 429 at once; 0 ends it. */
    public void rateLimit(String id, int perSecond) {
        world.node(id).rateLimit(perSecond);
    }

    /** A new server comes, and discovery lists it. */
    public void join(String id, ServerSpec spec) {
        add(id, spec, "");
        publish();
    }

    /** A new server that works slowly at first and reaches its speed evenly over {@code time}, in twenty steps. */
    public void joinCold(String id, ServerSpec spec, double factor, Duration time) {
        join(id, spec);
        Node node = world.node(id);
        node.slow(factor);
        for (int step = 1; step <= 20; step++) {
            double value = factor + (1 - factor) * step / 20;
            world.clock.in(time.toNanos() * step / 20, () -> node.slow(value));
        }
    }

    /** Discovery lists it no more; it goes on with what it has. */
    public void leave(String id) {
        listed.remove(id);
        publish();
    }

    /** Discovery lists exactly these, be they there or not. */
    public void list(List<String> ids) {
        listed.clear();
        listed.addAll(ids);
        publish();
    }
}
