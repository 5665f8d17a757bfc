/**
 * A laboratory: the shipped engine, strategies and retries in virtual time, against servers, loads and faults that are
 * described in a few lines. Says which strategy serves a given fleet best, beside bounds that none can beat.
 * Deterministic: the same seed gives the same numbers.
 */
@NullMarked
package io.lb4j.simulator;

import org.jspecify.annotations.NullMarked;
