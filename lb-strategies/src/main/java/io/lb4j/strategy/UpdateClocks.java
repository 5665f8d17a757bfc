package io.lb4j.strategy;

import java.util.Arrays;

/**
 * The clocks that ends of one instance's calls move: of every set it is picked from, since what was measured of an
 * instance is shared by all of them, and a clock that nobody moves would stop its rotation's weights for good.
 */
final class UpdateClocks {
    /** Replaced when one is added; a handful at most. */
    private volatile UpdateClock[] all;

    UpdateClocks(UpdateClock first) {
        this.all = new UpdateClock[] {first};
    }

    synchronized void add(UpdateClock clock) {
        UpdateClock[] known = all;
        for (UpdateClock each : known) {
            if (each == clock) {
                return;
            }
        }
        UpdateClock[] more = Arrays.copyOf(known, known.length + 1);
        more[known.length] = clock;
        all = more;
    }

    void tick(long nowNanos) {
        for (UpdateClock each : all) {
            each.tick(nowNanos);
        }
    }
}
