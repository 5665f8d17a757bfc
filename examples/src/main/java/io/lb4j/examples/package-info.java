/**
 * Small programs that answer one question each, and the demo.
 *
 * <p>Each is a {@code main} to copy from; it checks its own claim and exits non-zero if that did not hold.
 */
@NullMarked
package io.lb4j.examples;

import org.jspecify.annotations.NullMarked;
