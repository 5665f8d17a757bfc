package io.lb4j.simulator;

import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Sends each call where there is least to do, known exactly; ties are drawn. Knows which servers are up, too. */
final class ShortestQueue implements Caller {
    private final World world;
    private final RandomGenerator random;

    ShortestQueue(World world) {
        this.world = world;
        this.random = world.newRandom();
    }

    @Override
    public void call(SimulatedCall call) {
        call.attempted();
        Node best = best(call);
        if (best == null) {
            call.end(false);
        } else {
            world.send(best, call, new Attempt() {
                @Override
                void answered(int status) {
                    call.end(status >= 200 && status < 400);
                }
            });
        }
    }

    private @Nullable Node best(SimulatedCall call) {
        Node best = null;
        double least = 0;
        int ties = 0;
        for (Node node : world.nodes(call)) {
            if (node.isUp()) {
                double backlog = node.backlog();
                if (best == null || backlog < least) {
                    least = backlog;
                    best = node;
                    ties = 1;
                } else if (backlog == least && random.nextInt(++ties) == 0) {
                    best = node;
                }
            }
        }
        return best;
    }
}
