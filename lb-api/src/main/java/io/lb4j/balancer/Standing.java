package io.lb4j.balancer;

/**
 * What one look at all instances made of one of them.
 *
 * @param state whether it takes calls
 * @param reason why not, for people; empty if there is nothing to add
 */
record Standing(InstanceReport.State state, String reason) {}
