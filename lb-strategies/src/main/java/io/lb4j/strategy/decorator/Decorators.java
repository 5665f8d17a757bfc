package io.lb4j.strategy.decorator;

import io.lb4j.Strategy;
import io.lb4j.health.SlowStart;
import java.util.Map;

/**
 * Strategies around strategies. Each takes any strategy, one of {@link io.lb4j.strategy.Strategies}, one's own or
 * another decorator, and returns one that narrows, divides or thins out the set for it:
 *
 * <pre>{@code
 * Strategy strategy = Decorators.zoneAware("east", Decorators.subset(20, index, count, Strategies.defaultStrategy()));
 * }</pre>
 *
 * <p>What a wrapped strategy remembers, such as a rotation's place, it remembers for each part it is given. Strategies
 * that keep keys in place keep them: where a decorator would throw dice, it uses the key. A further attempt of a call
 * goes to a part that has an instance the call has not tried.
 *
 * <p>All are immutable and thread-safe, and add no lock and no garbage to a pick.
 */
public final class Decorators {
    private Decorators() {}

    /**
     * Uses a random few of the instances, for clients that have no number: each client keeps its own, and an instance
     * that comes or goes changes at most one of them. Some instances get half as many clients again as others (300
     * clients with 30 of 300 instances: from 0.5 to 1.5 of the mean), so prefer
     * {@link #subset(int, int, int, Strategy)}. The choice ends with the balancer.
     *
     * <p>Instances that are not eligible are replaced until they are back. Source: gRPC A68, "Random subsetting".
     *
     * @param size how many instances, if there are as many; from 20 to 100 is usual
     * @throws IllegalArgumentException if less than 1
     */
    public static Strategy subset(int size, Strategy strategy) {
        return Subset.atRandom(size, strategy);
    }

    /**
     * Uses a few of the instances, in a way that gives all instances as many clients: at most 1.05 times the mean, rounded
     * up where the mean is small. An instance that comes takes its own connections from others and moves no more; one that goes
     * leaves them to others. Instances may have any ids. All clients must have the same count and see the same
     * instances, in whatever order; those that saw them change one after the other, and those that have started since, agree
     * on all but a few connections.
     *
     * <p>Instances that are not eligible are replaced until they are back, and nothing else moves.
     *
     * @param size how many instances, if there are as many; from 20 to 100 is usual
     * @param clientIndex this client's number, from 0 on without gaps, such as the ordinal of its pod
     * @param clientCount how many clients there are
     * @throws IllegalArgumentException if the size or the count is less than 1, or the index isn't less than the count
     */
    public static Strategy subset(int size, int clientIndex, int clientCount, Strategy strategy) {
        return Subset.numbered(size, clientIndex, clientCount, strategy);
    }

    /**
     * {@link #zoneAware(ZoneAwareness, Strategy)} with as many clients in each zone.
     *
     * @param localZone the zone this client is in
     */
    public static Strategy zoneAware(String localZone, Strategy strategy) {
        return new ZoneAware(ZoneAwareness.in(localZone), strategy);
    }

    /**
     * Keeps calls in the client's zone as far as its instances can take them. If the zone has at least as large a share of
     * the instances as of the clients, all stay; else as many as its instances' share is good for, and the rest go to
     * zones with instances to spare; all of them if the zone has no eligible instance. Each zone has a picker for itself.
     *
     * <p>Zones don't matter in panic, if there is one zone only, or if there are few instances. A key goes to the same zone from each client of a zone, but not from clients in different zones.
     * Source: Envoy's zone-aware routing.
     */
    public static Strategy zoneAware(ZoneAwareness settings, Strategy strategy) {
        return new ZoneAware(settings, strategy);
    }

    /** {@link #localityWeighted(Map, double, Strategy)} with Envoy's overprovisioning of 1.4. */
    public static Strategy localityWeighted(Map<String, Double> weightByZone, Strategy strategy) {
        return new LocalityWeighted(weightByZone, LocalityShares.DEFAULT_OVERPROVISIONING, strategy);
    }

    /**
     * Divides calls among zones by weights given to the zones, however many instances they have. Each zone has a picker for
     * itself. A zone keeps its weight while overprovisioning × eligible / known instances is at least 1, and loses in
     * proportion below. Zones without a weight get no calls, unless those with one have no eligible instance; in panic, zones
     * don't matter. Source: Envoy's locality weighted load balancing.
     *
     * @param weightByZone 0 or more for each zone's name
     * @param overprovisioning 1 to 100: by what factor a zone has more instances than it needs
     * @throws IllegalArgumentException if a weight or the factor is out of its range
     */
    public static Strategy localityWeighted(
            Map<String, Double> weightByZone, double overprovisioning, Strategy strategy) {
        return new LocalityWeighted(weightByZone, overprovisioning, strategy);
    }

    /**
     * Ramps up instances that join or come back whatever the strategy, and at each moment anew. The balancer's own slow start
     * changes weights, step by step, so strategies that don't follow weights ({@code roundRobin()}, {@code random()}, the
     * affinities, many of one's own) don't notice; this one takes some of the calls that the strategy gives to a new instance, and has it
     * choose again among the settled ones. Strategies behind it see full weights, so a ramp never counts twice.
     *
     * <p>A key whose new home ramps up goes, until some moment of the ramp, where it would go without that instance; with
     * strategies that move the keys of others when an instance comes, such as {@code maglev()}, a few keys move twice.
     * Instances that the first picker finds don't ramp up, as all are equally new then.
     * Best inside a {@code subset}: around one it would have the subset use one more instance during a ramp. Inside
     * another decorator, instances that the other has just begun to use are new, too.
     *
     * @param ramp window, minimum and aggression; see {@link SlowStart}
     */
    public static Strategy slowStart(SlowStart ramp, Strategy strategy) {
        return new GradualStart(ramp, strategy);
    }
}
