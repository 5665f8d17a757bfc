/**
 * Benchmarks of picks and of balanced calls, each beside the cheapest correct loop for the same policy.
 *
 * <p>A tool for tuning, never part of an application. {@code docs/benchmarks.md} has the results and the command.
 */
@NullMarked
package io.lb4j.jmh;

import org.jspecify.annotations.NullMarked;
