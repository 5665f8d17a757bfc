/**
 * What an extension of the balancer implements: strategies, discovery, probes, and time itself.
 *
 * <p>A strategy makes a picker per snapshot of the eligible instances; a discovery delivers complete snapshots.
 * Nothing here knows HTTP, or any other protocol.
 */
@NullMarked
package io.lb4j.spi;

import org.jspecify.annotations.NullMarked;
