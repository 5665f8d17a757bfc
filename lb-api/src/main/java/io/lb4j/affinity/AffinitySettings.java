package io.lb4j.affinity;

import io.lb4j.internal.Settings;
import java.time.Duration;

/**
 * How a process uses a shared {@link AffinityStore}.
 *
 * @param lookupTimeout how long a call waits for the store at most; then it goes where the key was before, as far as
 *     this process knows, or else where the strategy puts it; default 50 ms
 * @param cacheFor for how long a claim is believed without asking again, as long as its instance takes calls. It bounds for
 *     how long two processes may disagree if the store can't tell of moves; default 1 s, zero asks for each call
 * @param cachedKeys keys remembered per service, 1,024 to 16,777,216, rounded up to a power of two; default 65,536. Each
 *     takes some 120 bytes
 */
public record AffinitySettings(Duration lookupTimeout, Duration cacheFor, int cachedKeys) {

    /** Every component at its default. */
    public static final AffinitySettings DEFAULT =
            new AffinitySettings(Duration.ofMillis(50), Duration.ofSeconds(1), 1 << 16);

    /**
     * Checks every component.
     *
     * @throws IllegalArgumentException naming the component, its value and the rule it broke
     */
    public AffinitySettings {
        Settings.positive(lookupTimeout, "lookupTimeout");
        Settings.notNegative(cacheFor, "cacheFor");
        Settings.check(cachedKeys >= 1 << 10 && cachedKeys <= 1 << 24, "cachedKeys", cachedKeys, "1024 to 16777216");
    }
}
