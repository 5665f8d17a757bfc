package io.lb4j.health;

import io.lb4j.internal.Settings;
import java.time.Duration;

/**
 * How an instance that joins a running service, or comes back from ejection or from failing its checks, ramps up from a
 * share of its weight to all of it, so that cold caches and just-in-time compilation don't meet full load. The
 * instances of the first snapshot start at full weight: all are equally new to us.
 *
 * <p>Envoy's formula: {@code weight × max(minimum, (elapsed / window)^(1 / aggression))}.
 *
 * @param window how long the ramp takes; zero turns slow start off; default 10 s
 * @param minimum share of the weight to begin with, in (0, 1]; default 0.1
 * @param aggression 1 ramps linearly (default), more rises faster at first; positive
 */
public record SlowStart(Duration window, double minimum, double aggression) {

    /** No ramp: full weight at once. */
    public static final SlowStart OFF = new SlowStart(Duration.ZERO, 1, 1);

    /** A linear ramp from 10 % over 10 s. */
    public static final SlowStart DEFAULT = new SlowStart(Duration.ofSeconds(10), 0.1, 1);

    /**
     * Checks every component.
     *
     * @throws IllegalArgumentException naming the component, its value and the rule it broke
     */
    public SlowStart {
        Settings.notNegative(window, "window");
        Settings.check(minimum > 0 && minimum <= 1, "minimum", minimum, "> 0 and <= 1");
        Settings.check(aggression > 0 && !Double.isInfinite(aggression), "aggression", aggression, "> 0 and finite");
    }

    /**
     * The share of its weight an instance gets this long after its start, from {@link #minimum()} to 1.
     *
     * @param elapsedNanos nanoseconds since the ramp began
     */
    public double factor(long elapsedNanos) {
        long windowNanos = window.toNanos();
        if (elapsedNanos >= windowNanos) {
            return 1;
        }
        double progress = Math.max(1_000_000, elapsedNanos) / (double) windowNanos;
        return Math.min(1, Math.max(minimum, aggression == 1 ? progress : Math.pow(progress, 1 / aggression)));
    }
}
