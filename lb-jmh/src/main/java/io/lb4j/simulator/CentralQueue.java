package io.lb4j.simulator;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** Keeps calls until a core is free somewhere; the fastest of those takes the call that has waited longest. */
final class CentralQueue implements Caller {
    private final World world;
    private final ArrayDeque<SimulatedCall> waiting = new ArrayDeque<>();

    CentralQueue(World world) {
        this.world = world;
    }

    @Override
    public void call(SimulatedCall call) {
        call.attempted();
        world.clock.in(world.networkNanos(), () -> {
            waiting.add(call);
            serve();
        });
    }

    /** The queue stands before the servers' doors: no time passes between a core's becoming free and its next call. */
    private void serve() {
        while (!waiting.isEmpty()) {
            Node node = fastestFree();
            if (node == null) {
                return;
            }
            SimulatedCall next = waiting.remove();
            node.arrive(next.work, new Attempt() {
                @Override
                void answered(int status) {
                    world.clock.in(world.networkNanos(), () -> next.end(status >= 200 && status < 400));
                    serve();
                }
            });
        }
    }

    private @Nullable Node fastestFree() {
        Node best = null;
        for (Node node : world.nodes()) {
            if (node.isUp()
                    && node.inFlight() + 1 <= Math.max(1, node.cores())
                    && (best == null || node.speed() > best.speed())) {
                best = node;
            }
        }
        return best;
    }
}
