/**
 * Health: what takes an instance out of rotation and brings it back.
 * Active checks ({@link io.lb4j.health.HealthCheck}, {@link io.lb4j.health.Probe}) ask the instance;
 * passive ones ({@link io.lb4j.health.OutlierDetection}) judge it by real calls.
 * Limits ({@link io.lb4j.health.ConcurrencyLimit}, {@link io.lb4j.health.CallQueue}) keep an instance from getting more
 * calls than it can serve.
 */
@NullMarked
package io.lb4j.health;

import org.jspecify.annotations.NullMarked;
