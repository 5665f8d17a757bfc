/**
 * Other libraries' ways of following the same policies, each set up by the cheapest public route there is.
 *
 * <p>{@code docs/benchmarks.md} says what of each is measured, and what that can't show.
 */
@NullMarked
package io.lb4j.jmh.peers;

import org.jspecify.annotations.NullMarked;
