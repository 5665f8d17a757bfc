/**
 * The strategies that come with the library: rotations, random choices, least load, and affinity by key.
 *
 * <p>Each is chosen by a factory method and is immutable, so one object may serve many services.
 * Each names the paper or the system its algorithm and its defaults come from.
 */
@NullMarked
package io.lb4j.strategy;

import org.jspecify.annotations.NullMarked;
