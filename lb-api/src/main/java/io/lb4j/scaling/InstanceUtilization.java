package io.lb4j.scaling;

import io.lb4j.ServiceInstance;

/**
 * How busy one instance was during one interval. Every figure but the reported one is of this client's calls alone.
 *
 * @param instance what discovery says of it
 * @param utilization its share of what it can do, 1 if it can do no more; the largest of those that are known, and not a
 *     number if none is
 * @param inFlight calls in progress, on average
 * @param callsPerSecond calls that began each second, on average
 * @param reported what it said itself with its answers, not a number if it said nothing lately
 * @param level whether that is too much or too little
 */
public record InstanceUtilization(
        ServiceInstance instance,
        double utilization,
        double inFlight,
        double callsPerSecond,
        double reported,
        UtilizationLevel level) {}
