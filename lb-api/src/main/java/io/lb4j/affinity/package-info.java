/**
 * Which instance serves which key, agreed among several processes by way of a store they share: the contract of such a
 * store, one in memory, and what stands between it and a balancer, so that no call waits for it for long or fails by it.
 */
@NullMarked
package io.lb4j.affinity;

import org.jspecify.annotations.NullMarked;
