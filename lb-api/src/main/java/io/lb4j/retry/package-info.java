/**
 * Retries and hedges as transport-neutral logic: {@link io.lb4j.retry.RetryPolicy} says whether one more attempt is safe
 * and when, {@link io.lb4j.retry.RetryBudget} whether the service as a whole can afford it; {@link io.lb4j.retry.HedgePolicy}
 * and {@link io.lb4j.retry.Hedging} say the same of a second attempt beside one that takes long.
 * Which instance the attempt goes to is the balancer's business.
 */
@NullMarked
package io.lb4j.retry;

import org.jspecify.annotations.NullMarked;
