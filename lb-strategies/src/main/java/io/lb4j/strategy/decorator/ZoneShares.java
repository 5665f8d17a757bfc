package io.lb4j.strategy.decorator;

import java.util.Map;
import java.util.SortedMap;

/**
 * How a client divides its calls among the zones so that, all clients taken together, no instance gets more than the
 * others and as few calls as possible leave their zone. Immutable; a function of how many instances and clients there
 * are in each zone.
 */
final class ZoneShares {
    /*
     * Envoy's zone-aware routing, in its integers (envoyproxy.io, "Zone aware routing"; load_balancer_impl.cc). Percentages
     * are in 1/10,000. If the local zone has at least as large a share of the instances as of the clients, all calls stay.
     * Else the zone takes what its instances are good for, which is nothing if it has none, and the rest goes to zones that
     * have a larger share of the instances than of the clients, in proportion to what they have left.
     */
    static final int ALL = 10_000;

    private static final int NONE = -1;

    private final int local;
    private final int localRoute;
    private final int[] residual;

    private ZoneShares(int local, int localRoute, int[] residual) {
        this.local = local;
        this.localRoute = localRoute;
        this.residual = residual;
    }

    /**
     * The division for clients in {@code localZone}.
     *
     * @param instances how many by zone, none of them 0
     * @param clients how many by zone; must contain the local zone
     */
    static ZoneShares of(String localZone, SortedMap<String, Integer> instances, Map<String, Integer> clients) {
        long allInstances = sum(instances);
        long allClients = sum(clients);
        int local = NONE;
        int localRoute = 0;
        int[] residual = new int[instances.size()];
        int left = 0;
        int i = 0;
        for (Map.Entry<String, Integer> zone : instances.entrySet()) {
            int ofInstances = (int) ((long) ALL * zone.getValue() / allInstances);
            int ofClients = (int) ((long) ALL * clients.getOrDefault(zone.getKey(), 0) / allClients);
            if (zone.getKey().equals(localZone)) {
                local = i;
                // One instance of twenty thousand is no share, and one client of as many no reason to give it
                // everything.
                localRoute = ofInstances == 0 ? 0 : ofInstances >= ofClients ? ALL : ALL * ofInstances / ofClients;
            } else {
                left += Math.max(0, ofInstances - ofClients);
            }
            residual[i++] = left;
        }
        return new ZoneShares(local, localRoute, residual);
    }

    private static long sum(Map<String, Integer> counts) {
        return counts.values().stream().mapToLong(Integer::longValue).sum();
    }

    /** All calls to the local zone. */
    static ZoneShares allLocal(int local) {
        return new ZoneShares(local, ALL, new int[] {});
    }

    /** The local zone's place in the order of the zones; negative if it has no instance. */
    int local() {
        return local;
    }

    /** How many of 10,000 calls stay. */
    int localRoute() {
        return localRoute;
    }

    /** What the zones have left for others, each with the sum of those before it. */
    int[] residual() {
        return residual.clone();
    }

    /** The bound of the number that says where a call goes that leaves. */
    int residualBound() {
        int all = residual[residual.length - 1];
        // All have as much as they need, but for what the division left over: any zone is as good.
        return all > 0 ? all : residual.length;
    }

    /** Where a call goes that leaves the local zone, for a number from 0 to the bound - 1. */
    int other(int number) {
        if (residual[residual.length - 1] == 0) {
            return number;
        }
        int zone = 0;
        while (number >= residual[zone]) {
            zone++;
        }
        return zone;
    }
}
