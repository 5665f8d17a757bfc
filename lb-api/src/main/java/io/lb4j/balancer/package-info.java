/**
 * The engine: {@link io.lb4j.balancer.LoadBalancer} watches one service, keeps what is known of each instance,
 * decides which are eligible, and hands out a {@link io.lb4j.balancer.Lease} per call.
 * Every change runs in one serial lane; a pick reads one immutable snapshot.
 */
@NullMarked
package io.lb4j.balancer;

import org.jspecify.annotations.NullMarked;
