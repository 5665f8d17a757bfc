/**
 * What tests of a balancer, a strategy or a discovery need: virtual time, a discovery driven by hand, a strategy verifier.
 * Published as this module's test-jar, so that a strategy of one's own is tested with the engine that ships.
 * Nothing here sleeps.
 */
@NullMarked
package io.lb4j.testing;

import org.jspecify.annotations.NullMarked;
