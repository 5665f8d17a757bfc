/**
 * Strategies around strategies: each narrows, divides or thins out the set before the one it wraps chooses.
 *
 * <p>They wrap any strategy, those of one's own and each other included, and a pick costs them no lock and no garbage.
 */
@NullMarked
package io.lb4j.strategy.decorator;

import org.jspecify.annotations.NullMarked;
