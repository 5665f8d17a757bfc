/**
 * The balancer: resolve a service, pick an instance, tell how the call went.
 *
 * <p>What an application names is here; what an extension implements is in {@code io.lb4j.spi}.
 * The engine that turns discovery snapshots into pickers is package-private beside it.
 */
@NullMarked
package io.lb4j;

import org.jspecify.annotations.NullMarked;
