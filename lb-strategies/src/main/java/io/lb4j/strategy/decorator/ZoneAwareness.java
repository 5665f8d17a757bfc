package io.lb4j.strategy.decorator;

import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How {@link Decorators#zoneAware(ZoneAwareness, io.lb4j.Strategy)} keeps calls in their zone. Immutable; each method
 * returns a changed copy.
 */
public final class ZoneAwareness {
    static final int DEFAULT_MIN_INSTANCES = 6;

    private final String localZone;
    private final @Nullable Map<String, Integer> clients;
    private final int minInstances;
    private final int forcedFrom;

    private ZoneAwareness(String localZone, @Nullable Map<String, Integer> clients, int minInstances, int forcedFrom) {
        this.localZone = localZone;
        this.clients = clients;
        this.minInstances = minInstances;
        this.forcedFrom = forcedFrom;
    }

    /**
     * For a client in this zone, with as many clients in every zone, and not less than 6 instances.
     *
     * @param localZone as in {@link io.lb4j.ServiceInstance#zone()}
     * @throws IllegalArgumentException if empty
     */
    public static ZoneAwareness in(String localZone) {
        if (Objects.requireNonNull(localZone, "localZone").isEmpty()) {
            throw new IllegalArgumentException("localZone: empty (expected: a zone's name)");
        }
        return new ZoneAwareness(localZone, null, DEFAULT_MIN_INSTANCES, Integer.MAX_VALUE);
    }

    /**
     * Says how many clients there are in each zone; only their proportions matter. Without it, as many in each zone that
     * discovery lists an instance in, and in the local one.
     *
     * @param byZone must contain the local zone; zones that are not in it have none
     * @throws IllegalArgumentException if a number is negative, or the local zone's is not positive
     */
    public ZoneAwareness clients(Map<String, Integer> byZone) {
        byZone.forEach((zone, count) -> {
            if (count < 0) {
                throw new IllegalArgumentException("clients in " + zone + ": " + count + " (expected: >= 0)");
            }
        });
        if (byZone.getOrDefault(localZone, 0) <= 0) {
            throw new IllegalArgumentException("clients in " + localZone + ": " + byZone.getOrDefault(localZone, 0)
                    + " (expected: at least this one)");
        }
        return new ZoneAwareness(localZone, Map.copyOf(byZone), minInstances, forcedFrom);
    }

    /**
     * Below this number of eligible instances zones don't matter: with few, a share can't be hit. Default 6, as in
     * Envoy.
     *
     * @throws IllegalArgumentException if negative
     */
    public ZoneAwareness minInstances(int value) {
        if (value < 0) {
            throw new IllegalArgumentException("minInstances: " + value + " (expected: >= 0)");
        }
        return new ZoneAwareness(localZone, clients, value, forcedFrom);
    }

    /**
     * Keeps all calls in the local zone while it has this many eligible instances, whatever load they get from it. Off by
     * default.
     *
     * @throws IllegalArgumentException if less than 1
     */
    public ZoneAwareness forceLocal(int minLocalInstances) {
        if (minLocalInstances < 1) {
            throw new IllegalArgumentException("minLocalInstances: " + minLocalInstances + " (expected: >= 1)");
        }
        return new ZoneAwareness(localZone, clients, minInstances, minLocalInstances);
    }

    String localZone() {
        return localZone;
    }

    /** Null for as many in each zone. */
    @Nullable
    Map<String, Integer> clients() {
        return clients;
    }

    int minInstances() {
        return minInstances;
    }

    boolean forces(int localInstances) {
        return localInstances >= forcedFrom;
    }

    @Override
    public String toString() {
        return "in zone " + localZone + (clients == null ? "" : " with clients " + clients)
                + (forcedFrom == Integer.MAX_VALUE ? "" : ", forced from " + forcedFrom);
    }
}
