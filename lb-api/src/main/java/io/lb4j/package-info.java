/**
 * The contracts: what an instance is, what a request for a pick says, what a strategy sees and returns,
 * how instances are discovered, and how time, randomness and background work are injected.
 * Nothing here knows a transport; the engine that ties the contracts together is {@code io.lb4j.balancer}.
 */
@NullMarked
package io.lb4j;

import org.jspecify.annotations.NullMarked;
