/**
 * The algorithms of other balancers, written anew from their published descriptions, to be compared with in the
 * simulator. Each says where it comes from and what was left out. Not for use: they live as long as a simulation.
 */
@NullMarked
package io.lb4j.simulator.published;

import org.jspecify.annotations.NullMarked;
